import type { Community, LargeCommunity } from '#net/community.ts';
import type { IpAddress } from '#net/ip-address.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import { asInTwoOctets } from './as-path.ts';
import type { Malformed } from './errors.ts';
import type { Aggregator, Origin } from './messages.ts';
import { Reader } from './reader.ts';
import { Writer } from './writer.ts';

/** RFC 4271 §5.1.1, by value. */
const origins: readonly Origin[] = ['IGP', 'EGP', 'INCOMPLETE'];

export function decodeOrigin(value: Uint8Array): Result<Origin, Malformed> {
  const code = new Reader(value).u8();
  const origin = origins[code];
  return origin === undefined ? err({ message: `is ${code}, which is none of 0, 1, 2` }) : ok(origin);
}

export const encodeOrigin = (origin: Origin): Uint8Array => Uint8Array.of(origins.indexOf(origin));

/** AGGREGATOR and AS4_AGGREGATOR. AS 0 is malformed (RFC 7607). */
export function decodeAggregator(value: Uint8Array, asnOctets: 2 | 4): Result<Aggregator, Malformed> {
  const reader = new Reader(value);
  const asn = asnOctets === 4 ? reader.u32() : reader.u16();
  return asn === 0 ? err({ message: 'has AS 0, which is reserved', clause: 'RFC 7607 §2' }) : ok({ asn, address: ipv4(reader.rest()) });
}

export function encodeAggregator({ asn, address }: Aggregator, asnOctets: 2 | 4): Uint8Array {
  const writer = new Writer();
  if (asnOctets === 4) writer.u32(asn);
  else writer.u16(asInTwoOctets(asn));
  return writer.bytes(address.octets).finish();
}

/** An address of four octets; a copy. */
export const ipv4 = (octets: Uint8Array): IpAddress => ({ family: 'IPv4', octets: octets.slice() });

/** A list of unsigned 32-bit numbers. */
export function decodeNumbers(value: Uint8Array): number[] {
  const reader = new Reader(value);
  return Array.from({ length: value.length / 4 }, () => reader.u32());
}

export function encodeNumbers(numbers: readonly number[]): Uint8Array {
  const writer = new Writer();
  for (const number of numbers) writer.u32(number);
  return writer.finish();
}

export const decodeNumber = (value: Uint8Array): number => new Reader(value).u32();

/** How a list of type, length and value is written: the octets of a type, and what its two octets of length count. */
type TlvForm = { readonly typeOctets: 1 | 2; readonly lengthCounts: 'value' | 'tlv' };

/** Whether the value is whole TLVs and nothing else. */
export function checkTlvs(value: Uint8Array, { typeOctets, lengthCounts }: TlvForm): Result<undefined, Malformed> {
  const reader = new Reader(value);
  const counted = lengthCounts === 'tlv' ? typeOctets + 2 : 0;
  while (reader.remaining > 0) {
    reader.take(typeOctets);
    const length = reader.u16();
    if (length < counted) return err({ message: `has a TLV of length ${length}` });
    reader.take(length - counted);
  }
  return reader.failed ? err({ message: 'has a TLV that is longer than what is left of it' }) : ok(undefined);
}

/** RFC 8092 §3: 12 octets each. */
export function decodeLargeCommunities(value: Uint8Array): LargeCommunity[] {
  const reader = new Reader(value);
  return Array.from({ length: value.length / 12 }, () => [reader.u32(), reader.u32(), reader.u32()] as const);
}

/** Ascending, without repeats. */
export const sortedCommunities = (communities: readonly Community[]): Community[] => [...new Set(communities)].sort((a, b) => a - b);

/** Ascending, without repeats (RFC 8092 §4, §5). */
export function sortedLargeCommunities(communities: readonly LargeCommunity[]): LargeCommunity[] {
  const ascending = [...communities].sort(compareLarge);
  return ascending.filter((community, index) => {
    const previous = ascending[index - 1];
    return previous === undefined || compareLarge(previous, community) !== 0;
  });
}

const compareLarge = (a: LargeCommunity, b: LargeCommunity): number => a[0] - b[0] || a[1] - b[1] || a[2] - b[2];
