import { type AddressFamily, addressBits } from '#net/ip-address.ts';
import { maskedPrefix, type Prefix } from '#net/prefix.ts';
import { Reader } from './reader.ts';

/**
 * Prefixes as NLRI carries them: one octet of length in bits, then as many octets as that needs (RFC 4271 §4.3). Bits beyond
 * the length are ignored, as the RFC says. Undefined where a length is too large or the last prefix is cut: then nothing
 * of the field can be trusted.
 */
export function decodePrefixes(family: AddressFamily, bytes: Uint8Array): Prefix[] | undefined {
  const bits = addressBits(family);
  const reader = new Reader(bytes);
  const prefixes: Prefix[] = [];
  while (reader.remaining > 0) {
    const length = reader.u8();
    const significant = reader.take(prefixOctets(length));
    if (length > bits || reader.failed) return undefined;
    const octets = new Uint8Array(bits / 8);
    octets.set(significant);
    prefixes.push(maskedPrefix({ family, octets }, length));
  }
  return prefixes;
}

/** Octets that a prefix of so many bits takes, without the octet of its length. */
export const prefixOctets = (length: number): number => (length + 7) >> 3;

/** The prefixes as NLRI. */
export function encodePrefixes(prefixes: readonly Prefix[]): Uint8Array {
  const encoded = new Uint8Array(prefixes.reduce((sum, prefix) => sum + 1 + prefixOctets(prefix.length), 0));
  let at = 0;
  for (const prefix of prefixes) {
    encoded[at] = prefix.length;
    encoded.set(prefix.octets.subarray(0, prefixOctets(prefix.length)), at + 1);
    at += 1 + prefixOctets(prefix.length);
  }
  return encoded;
}
