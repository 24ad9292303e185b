import { type AddressFamily, addressBits } from '#net/ip-address.ts';
import type { Prefix } from '#net/prefix.ts';
import type { PrefixGroup } from './messages.ts';
import type { DecodeContext } from './negotiated.ts';
import { Reader } from './reader.ts';
import { Writer } from './writer.ts';

/**
 * Prefixes as NLRI carries them: one octet of length in bits, then as many octets as that needs (RFC 4271 §4.3), each behind a
 * path identifier of four octets where several paths were agreed on (RFC 7911 §3). Bits beyond the length are ignored, as the
 * RFC says. Undefined where a length is too large or the last prefix is cut: then nothing of the field can be trusted.
 */
export function decodePrefixes(
  family: AddressFamily,
  bytes: Uint8Array,
  { addPath = [] }: DecodeContext,
): Omit<PrefixGroup, 'family'> | undefined {
  const bits = addressBits(family);
  const hasPathIds = addPath.includes(family);
  const reader = new Reader(bytes);
  const prefixes: Prefix[] = [];
  const pathIds: number[] = [];
  while (reader.remaining > 0) {
    if (hasPathIds) pathIds.push(reader.u32());
    const length = reader.u8();
    const significant = reader.take(prefixOctets(length));
    if (length > bits || reader.failed) return undefined;
    const octets = new Uint8Array(bits / 8);
    octets.set(significant);
    const last = significant.length - 1;
    if (last >= 0) octets[last] = (octets[last] as number) & lastOctetMask(length);
    prefixes.push({ family, octets, length });
  }
  return hasPathIds ? { prefixes, pathIds } : { prefixes };
}

/** Bits of a prefix's last octet that count. */
const lastOctetMask = (length: number): number => 0xff << (-length & 7);

/** Octets that a prefix of so many bits takes, without the octet of its length. */
export const prefixOctets = (length: number): number => (length + 7) >> 3;

/** The prefixes as NLRI, with their path identifiers where they have them. */
export function encodePrefixes({ prefixes, pathIds }: Omit<PrefixGroup, 'family'>): Uint8Array {
  const writer = new Writer();
  for (const [index, { length, octets }] of prefixes.entries()) {
    const pathId = pathIds?.[index];
    if (pathId !== undefined) writer.u32(pathId);
    writer.u8(length).bytes(octets.subarray(0, prefixOctets(length)));
  }
  return writer.finish();
}
