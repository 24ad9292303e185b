/**
 * net — the values of routing: addresses, prefixes, AS numbers, communities, as operators write them and as protocols carry them.
 *
 * Pure and total: parsing answers with a value or with an error that says which part is wrong. Every value has exactly one
 * text form (RFC 5952 for IPv6), so that equal values have equal texts and a text can be a key.
 */
import { err, ok, type Result } from '#runtime/result.ts';

/** Which Internet Protocol. Kubernetes and BGP both name families; this is the spelling in all of the code and the resources. */
export type AddressFamily = 'IPv4' | 'IPv6';

/** An IP address. */
export type IpAddress = {
  readonly family: AddressFamily;
  /** 4 or 16 octets, network byte order. */
  readonly octets: Uint8Array;
};

/** Why a text is not what it should be: a sentence for a person, which quotes what was read. */
export type ParseError = string;

/** Parses `192.0.2.1` or `2001:db8::1`. No zone, no port, no leading zeros, no white space. IPv4-mapped IPv6 stays IPv6. */
export function parseIpAddress(text: string): Result<IpAddress, ParseError> {
  const octets = text.includes(':') ? parseIpv6(text) : parseIpv4(text);
  if (octets === undefined) return err(`"${text}" is not an IP address`);
  return ok({ family: octets.length === 4 ? 'IPv4' : 'IPv6', octets });
}

/** The one text form: dotted quad, or RFC 5952 (lower case, longest run of zeros compressed). */
export function formatIpAddress(address: IpAddress): string {
  if (address.family === 'IPv6') return formatIpv6(address.octets);
  const [a, b, c, d] = address.octets;
  return `${a}.${b}.${c}.${d}`;
}

/** The family of an address, or of a prefix, that was checked already. */
export const familyOfText = (text: string): AddressFamily => (text.includes(':') ? 'IPv6' : 'IPv4');

/** Bits in an address of the family: 32 or 128. */
export const addressBits = (family: AddressFamily): 32 | 128 => (family === 'IPv4' ? 32 : 128);

/** Same family and same octets. */
export function equalIpAddress(a: IpAddress, b: IpAddress): boolean {
  return a.family === b.family && a.octets.every((octet, index) => octet === b.octets[index]);
}

/** fe80::/10: valid on one link only (RFC 4291 §2.5.6). */
export const isLinkLocal = (address: IpAddress): boolean =>
  address.family === 'IPv6' && address.octets[0] === 0xfe && ((address.octets[1] as number) & 0xc0) === 0x80;

/** By characters, as files list a million: a split and a pattern for each part take six times as long. */
function parseIpv4(text: string): Uint8Array | undefined {
  const octets = new Uint8Array(4);
  let index = 0;
  let value = -1;
  for (let at = 0; at < text.length; at += 1) {
    const digit = text.charCodeAt(at) - zero;
    if (digit >= 0 && digit <= 9) {
      // A leading zero means octal to some readers and nothing to others: refused.
      if (value === 0) return undefined;
      value = value < 0 ? digit : 10 * value + digit;
      if (value > 255) return undefined;
    } else {
      if (text[at] !== '.' || value < 0 || index === 3) return undefined;
      octets[index] = value;
      index += 1;
      value = -1;
    }
  }
  if (index < 3 || value < 0) return undefined;
  octets[3] = value;
  return octets;
}

const zero = 0x30;

function parseIpv6(text: string): Uint8Array | undefined {
  const gap = text.indexOf('::');
  if (gap !== text.lastIndexOf('::')) return undefined;
  const hasGap = gap >= 0;
  const head = parseGroups(hasGap ? text.slice(0, gap) : text, !hasGap);
  const tail = hasGap ? parseGroups(text.slice(gap + 2), true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  if (hasGap ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

/** The 16-bit groups between colons; the last may be a dotted quad where `mayEndInIpv4`. */
function parseGroups(text: string, mayEndInIpv4: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (mayEndInIpv4 && index === parts.length - 1 && part.includes('.')) {
      const quad = parseIpv4(part);
      if (quad === undefined) return undefined;
      const [a, b, c, d] = quad as unknown as [number, number, number, number];
      groups.push((a << 8) | b, (c << 8) | d);
    } else if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      return undefined;
    }
  }
  return groups;
}

function formatIpv6(octets: Uint8Array): string {
  const groups = Array.from({ length: 8 }, (_, index) => ((octets[2 * index] as number) << 8) | (octets[2 * index + 1] as number));
  const run = longestZeroRun(groups);
  const hex = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (run.length < 2) return hex(groups);
  return `${hex(groups.slice(0, run.start))}::${hex(groups.slice(run.start + run.length))}`;
}

/** RFC 5952 §4.2: the longest run of zero groups, the first of equals. */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  for (const [index, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0;
    if (length > best.length) best = { start: index - length + 1, length };
  }
  return best;
}
