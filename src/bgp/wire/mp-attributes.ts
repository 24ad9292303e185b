import { type AddressFamily, addressBits, type IpAddress } from '#net/ip-address.ts';
import type { Prefix } from '#net/prefix.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import type { Malformed } from './errors.ts';
import { familyOf } from './iana.ts';
import { decodePrefixes } from './prefixes.ts';
import { Reader } from './reader.ts';

/** Routes that stand together in an UPDATE. */
export type RouteGroup = {
  /** Undefined for a family that this speaker does not know: its prefixes can't be read, and are none here. */
  readonly family: AddressFamily | undefined;
  readonly prefixes: readonly Prefix[];
  /** Where the group announces, unless the UPDATE left it out. */
  readonly nextHop?: IpAddress;
  readonly linkLocalNextHop?: IpAddress;
};

const foreign: RouteGroup = { family: undefined, prefixes: [] };

/** MP_REACH_NLRI (RFC 4760 §3): AFI (2), SAFI (1), next hop length (1), next hop, reserved (1), prefixes. */
export function decodeMpReach(value: Uint8Array): Result<RouteGroup, Malformed> {
  const reader = new Reader(value);
  const family = familyOf(reader.u16(), reader.u8());
  if (family === undefined) return ok(foreign);
  const nextHops = reader.take(reader.u8());
  reader.u8(); // reserved
  if (reader.failed) return err({ message: 'has a next hop that is longer than what is left of it' });
  const addressOctets = addressBits(family) / 8;
  const second = nextHops.subarray(addressOctets);
  // RFC 2545 §3: an IPv6 next hop may be followed by a link-local one.
  if (nextHops.length !== addressOctets && !(family === 'IPv6' && second.length === addressOctets)) {
    return err({ message: `has a next hop of ${nextHops.length} octets for ${family}` });
  }
  const prefixes = decodePrefixes(family, reader.rest());
  if (prefixes === undefined) return err({ message: 'has a prefix that is too long or cut' });
  return ok({
    family,
    prefixes,
    nextHop: { family, octets: nextHops.slice(0, addressOctets) },
    ...(second.length > 0 && { linkLocalNextHop: { family, octets: second.slice() } }),
  });
}

/** MP_UNREACH_NLRI (RFC 4760 §4): AFI (2), SAFI (1), prefixes. */
export function decodeMpUnreach(value: Uint8Array): Result<RouteGroup, Malformed> {
  const reader = new Reader(value);
  const family = familyOf(reader.u16(), reader.u8());
  if (family === undefined) return ok(foreign);
  const prefixes = decodePrefixes(family, reader.rest());
  return prefixes === undefined ? err({ message: 'has a prefix that is too long or cut' }) : ok({ family, prefixes });
}
