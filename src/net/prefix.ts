import { err, ok, type Result } from '#runtime/result.ts';
import {
  type AddressFamily,
  addressBits,
  equalIpAddress,
  formatIpAddress,
  type IpAddress,
  type ParseError,
  parseIpAddress,
} from './ip-address.ts';

/** An IP prefix. Host bits are zero: {@link parsePrefix} refuses `192.0.2.1/24` rather than guess. */
export type Prefix = {
  readonly family: AddressFamily;
  /** Network address, 4 or 16 octets, network byte order. */
  readonly octets: Uint8Array;
  /** Prefix length in bits, 0–32 or 0–128. */
  readonly length: number;
};

/** Parses `192.0.2.0/24` or `2001:db8::/32`. The error says which part is wrong and what was read. */
export function parsePrefix(text: string): Result<Prefix, ParseError> {
  const slash = text.lastIndexOf('/');
  if (slash < 0) return err(`"${text}" has no prefix length: write it as 192.0.2.0/24 or 2001:db8::/32`);
  const address = parseIpAddress(text.slice(0, slash));
  if (!address.ok) return err(`"${text}": ${address.error}`);
  const lengthText = text.slice(slash + 1);
  const length = /^(0|[1-9]\d{0,2})$/.test(lengthText) ? Number(lengthText) : Number.NaN;
  const bits = addressBits(address.value.family);
  if (!(length <= bits)) return err(`"${text}": prefix length "${lengthText}" is not a number from 0 to ${bits}`);
  if (hasHostBits(address.value.octets, length)) {
    return err(`"${text}" has host bits set: did you mean ${formatPrefix(maskedPrefix(address.value, length))}?`);
  }
  const { family, octets } = address.value;
  return ok({ family, octets, length });
}

/**
 * Reads `192.0.2.0/24` between two positions of a file's bytes, for files of a million lines. Answers the length, with the address in
 * `into`; -1 where anything else stands there, which {@link parsePrefix} understands or explains.
 */
export function readIpv4Prefix(bytes: Uint8Array, start: number, end: number, into: Uint8Array): number {
  let index = 0;
  let value = -1;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte >= 0x30 && byte <= 0x39) {
      if (value === 0 || value > 25) return -1;
      value = value < 0 ? byte - 0x30 : 10 * value + byte - 0x30;
    } else {
      if (value < 0 || value > 255 || byte !== separators[index]) return -1;
      into[index] = value;
      index += 1;
      value = -1;
    }
  }
  return index === 4 && value >= 0 && value <= 32 && !hasHostBits(into, value) ? value : -1;
}

/** What ends each octet of an address with a prefix length: three dots and a slash. */
const separators = [0x2e, 0x2e, 0x2e, 0x2f];

function hasHostBits(octets: Uint8Array, length: number): boolean {
  for (let index = length >> 3; index < octets.length; index += 1) {
    if (((octets[index] as number) & (0xff >> Math.max(0, length - 8 * index))) !== 0) return true;
  }
  return false;
}

/** The prefix of `length` bits that contains the address. `length` must fit the family. */
export function maskedPrefix(address: IpAddress, length: number): Prefix {
  const octets = address.octets.slice();
  for (let index = length >> 3; index < octets.length; index += 1) {
    const keptBits = Math.max(0, length - 8 * index);
    octets[index] = (octets[index] as number) & (0xff << (8 - keptBits));
  }
  return { family: address.family, octets, length };
}

/** The /32 or /128 of one address: what an anycast service announces in a fabric. */
export const hostPrefix = (address: IpAddress): Prefix => ({
  family: address.family,
  octets: address.octets,
  length: addressBits(address.family),
});

/** The one text form, e.g. `192.0.2.53/32`; equal prefixes have equal texts. */
export const formatPrefix = (prefix: Prefix): string => `${formatIpAddress(prefix)}/${prefix.length}`;

/** Whether every address of `inner` is in `outer`. */
export function containsPrefix(outer: Prefix, inner: Prefix): boolean {
  if (outer.family !== inner.family || outer.length > inner.length) return false;
  return equalIpAddress(outer, maskedPrefix(inner, outer.length));
}
