import { hash } from 'node:crypto';
import type { EncodedEntry } from './entry.ts';

const modulus = 1n << 64n;

/**
 * Digest of a set of entries: the sum, modulo 2^64, of the entries' hashes. Order does not matter, and one changed entry costs
 * one subtraction and one addition whatever the size of the set. It finds divergence by accident, not by malice.
 */
export class Digest {
  #sum = 0n;

  /** Adds an entry by its {@link entryHash}. */
  add(entryHash: string): void {
    this.#sum = (this.#sum + BigInt(`0x${entryHash}`)) % modulus;
  }

  /** Takes an entry out that was added before. */
  remove(entryHash: string): void {
    this.#sum = (this.#sum - BigInt(`0x${entryHash}`) + modulus) % modulus;
  }

  /** An independent copy, to try a change on. */
  copy(): Digest {
    const copy = new Digest();
    copy.#sum = this.#sum;
    return copy;
  }

  /** 16 hexadecimal digits. */
  toString(): string {
    return this.#sum.toString(16).padStart(16, '0');
  }
}

/** Digest of a whole set at once. */
export function digestOf(entries: Iterable<EncodedEntry>): string {
  const digest = new Digest();
  for (const entry of entries) digest.add(entryHash(entry));
  return digest.toString();
}

/** First 64 bits of SHA-256 over key, a zero octet, and bytes, as 16 hexadecimal digits. The zero keeps key and bytes apart. */
export function entryHash(entry: EncodedEntry): string {
  const keyBytes = new TextEncoder().encode(entry.key);
  const input = new Uint8Array(keyBytes.length + 1 + entry.bytes.length);
  input.set(keyBytes);
  input.set(entry.bytes, keyBytes.length + 1);
  return hash('sha256', input, 'hex').slice(0, 16);
}
