import { hash } from 'node:crypto';
import type { EncodedEntry } from './entry.ts';

const modulus = 1n << 64n;

/**
 * Digest of a set of entries: the sum, modulo 2^64, of a hash of each. Order does not matter, and one changed entry costs one
 * subtraction and one addition whatever the size of the set. It finds divergence by accident, not by malice.
 */
export class Digest {
  #sum = 0n;

  add(entry: EncodedEntry): void {
    this.#sum = (this.#sum + entryHash(entry)) % modulus;
  }

  remove(entry: EncodedEntry): void {
    this.#sum = (this.#sum - entryHash(entry) + modulus) % modulus;
  }

  /** 16 hexadecimal digits. */
  toString(): string {
    return this.#sum.toString(16).padStart(16, '0');
  }
}

/** Digest of a whole set at once. */
export function digestOf(entries: Iterable<EncodedEntry>): string {
  const digest = new Digest();
  for (const entry of entries) digest.add(entry);
  return digest.toString();
}

/** First 64 bits of SHA-256 over key, a zero octet, and bytes: the zero keeps key and bytes apart. */
function entryHash(entry: EncodedEntry): bigint {
  const input = new Uint8Array(Buffer.byteLength(entry.key) + 1 + entry.bytes.length);
  const { written } = new TextEncoder().encodeInto(entry.key, input);
  input.set(entry.bytes, written + 1);
  return hash('sha256', input, 'buffer').readBigUInt64BE(0);
}
