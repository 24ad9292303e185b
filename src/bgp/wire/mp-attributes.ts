import { type AddressFamily, addressBits, type IpAddress } from '#net/ip-address.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import type { Malformed } from './errors.ts';
import { familyOf } from './iana.ts';
import type { PrefixGroup } from './messages.ts';
import type { DecodeContext } from './negotiated.ts';
import { decodePrefixes } from './prefixes.ts';
import { Reader } from './reader.ts';

/** Routes that stand together in an UPDATE. */
export type RouteGroup = Omit<PrefixGroup, 'family'> & {
  /** Undefined for a family that this speaker does not know: its prefixes can't be read, and are none here. */
  readonly family: AddressFamily | undefined;
  /** Where the group announces, unless the UPDATE left it out. */
  readonly nextHop?: IpAddress;
  readonly linkLocalNextHop?: IpAddress;
};

/** Routes of a family that we don't know. */
export const foreign: RouteGroup = { family: undefined, prefixes: [] };

/** Octets of AFI and SAFI, with which both attributes begin. */
const familyOctets = 3;

/** The family that an MP attribute says that it is of; none where it is too short to say, `foreign` where we don't know it. */
export function familyIn(value: Uint8Array): AddressFamily | 'foreign' | 'none' {
  if (value.length < familyOctets) return 'none';
  const reader = new Reader(value);
  return familyOf(reader.u16(), reader.u8()) ?? 'foreign';
}

/** MP_REACH_NLRI (RFC 4760 §3): AFI (2), SAFI (1), next hop length (1), next hop, reserved (1), prefixes. */
export function decodeMpReach(value: Uint8Array, context: DecodeContext): Result<RouteGroup, Malformed> {
  const reader = new Reader(value);
  const family = familyOf(reader.u16(), reader.u8());
  if (family === undefined) return ok(foreign);
  const octets = reader.take(reader.u8());
  reader.u8(); // reserved
  if (reader.failed) return err({ message: 'has a next hop that is longer than what is left of it' });
  const nextHops = readNextHops(family, octets, context);
  if (nextHops === undefined) return err({ message: `has a next hop of ${octets.length} octets for ${family}` });
  const prefixes = decodePrefixes(family, reader.rest(), context);
  return prefixes === undefined ? unreadable : ok({ family, ...prefixes, ...nextHops });
}

/** MP_UNREACH_NLRI (RFC 4760 §4): AFI (2), SAFI (1), prefixes. */
export function decodeMpUnreach(value: Uint8Array, context: DecodeContext): Result<RouteGroup, Malformed> {
  const reader = new Reader(value);
  const family = familyOf(reader.u16(), reader.u8());
  if (family === undefined) return ok(foreign);
  const prefixes = decodePrefixes(family, reader.rest(), context);
  return prefixes === undefined ? unreadable : ok({ family, ...prefixes });
}

const unreadable = err({ message: 'has a prefix that is too long or cut', clause: 'RFC 7606 §5.3' });

/**
 * One address of the family; for IPv6, and for IPv4 routes with IPv6 next hops (RFC 8950 §3), a link-local one may follow it
 * (RFC 2545 §3). Undefined where they have another length.
 */
function readNextHops(
  family: AddressFamily,
  octets: Uint8Array,
  { extendedNextHop = false }: DecodeContext,
): Pick<RouteGroup, 'nextHop' | 'linkLocalNextHop'> | undefined {
  const of = family === 'IPv4' && extendedNextHop && octets.length !== 4 ? 'IPv6' : family;
  const addressOctets = addressBits(of) / 8;
  const nextHop: IpAddress = { family: of, octets: octets.slice(0, addressOctets) };
  if (octets.length === addressOctets) return { nextHop };
  if (of === 'IPv4' || octets.length !== 2 * addressOctets) return undefined;
  return { nextHop, linkLocalNextHop: { family: of, octets: octets.slice(addressOctets) } };
}
