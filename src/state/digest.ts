import { hash } from 'node:crypto';
import type { EncodedEntry } from './entry.ts';

const modulus = 2 ** 32;

/**
 * Digest of a set of entries: the sum, modulo 2^64, of the entries' hashes. Order does not matter, and one changed entry costs
 * one subtraction and one addition whatever the size of the set. It finds divergence by accident, not by malice.
 */
export class Digest {
  /** The sum in two halves: numbers cost a tenth of a BigInt. */
  #high = 0;
  #low = 0;

  /** Adds an entry by its {@link entryHash}. */
  add(entryHash: string): void {
    const low = this.#low + lowOf(entryHash);
    this.#low = low % modulus;
    this.#high = (this.#high + highOf(entryHash) + (low >= modulus ? 1 : 0)) % modulus;
  }

  /** Takes an entry out that was added before. */
  remove(entryHash: string): void {
    const low = this.#low - lowOf(entryHash);
    this.#low = (low + modulus) % modulus;
    this.#high = (this.#high - highOf(entryHash) - (low < 0 ? 1 : 0) + 2 * modulus) % modulus;
  }

  /** An independent copy, to try a change on. */
  copy(): Digest {
    const copy = new Digest();
    copy.#high = this.#high;
    copy.#low = this.#low;
    return copy;
  }

  /** 16 hexadecimal digits. */
  toString(): string {
    return hexadecimal(this.#high) + hexadecimal(this.#low);
  }
}

const highOf = (entryHash: string): number => Number.parseInt(entryHash.slice(0, 8), 16);
const lowOf = (entryHash: string): number => Number.parseInt(entryHash.slice(8), 16);
const hexadecimal = (half: number): string => half.toString(16).padStart(8, '0');

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
  // Not a part of the whole hash's text: that would keep the whole.
  return hash('sha256', input, 'buffer').toString('hex', 0, 8);
}
