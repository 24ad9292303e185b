import { type Asn, asTrans } from '#net/asn.ts';
import { formatIpAddress, type IpAddress } from '#net/ip-address.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import { mergeAs4Path } from './as-path.ts';
import type { RawAttributes } from './attribute-table.ts';
import type { AttributeFault } from './errors.ts';
import { attributeCode } from './iana.ts';
import type { PathAttributes, Reachable } from './messages.ts';
import type { RouteGroup } from './mp-attributes.ts';
import type { DecodeContext } from './negotiated.ts';
import { Reader } from './reader.ts';

/**
 * Routes with all that they must have (RFC 7606 §3.d), and that may be here (RFC 9234 §5). The fault is one of treat-as-withdraw.
 */
export function completeRoutes(
  group: RouteGroup & Pick<Reachable, 'family'>,
  raw: RawAttributes,
  { relation }: DecodeContext,
): Result<Reachable, AttributeFault> {
  const { origin, asPath } = raw;
  const { nextHop } = group;
  if (origin === undefined) return missing(attributeCode.origin, 'ORIGIN');
  if (asPath === undefined) return missing(attributeCode.asPath, 'AS_PATH');
  if (nextHop === undefined) return missing(attributeCode.nextHop, 'NEXT_HOP');
  if (!mayBeNextHop(nextHop)) {
    return withdraw(attributeCode.nextHop, `${formatIpAddress(nextHop)} can't be a next hop`, 'RFC 4271 §6.3');
  }
  if (isLeak(raw.otc, relation)) {
    const message = `ONLY_TO_CUSTOMER of AS ${raw.otc} from a router to which we are ${relation?.role}: the route leaked`;
    return withdraw(attributeCode.otc, message, 'RFC 9234 §5');
  }
  const attributes = { ...pathAttributes(raw, { origin, asPath }), ...markOf(raw.otc, relation) };
  return ok({ ...group, nextHop, attributes });
}

const withdraw = (code: number, message: string, clause: string): Result<never, AttributeFault> =>
  err({ verdict: 'withdraw', code, message, clause, attribute: new Uint8Array() });

const missing = (code: number, name: string): Result<never, AttributeFault> => withdraw(code, `${name} is missing`, 'RFC 7606 §3.d');

/** Not the unspecified address, not multicast or beyond. Loopback may be: routers on one host use it. */
function mayBeNextHop({ family, octets }: IpAddress): boolean {
  const first = new Reader(octets).u8();
  if (family === 'IPv4') return first > 0 && first < 224;
  return first !== 0xff && octets.some((octet) => octet !== 0);
}

/** RFC 9234 §5, on reception, 1 and 2: a mark from below, or one from a peer that another AS made. */
function isLeak(otc: Asn | undefined, relation: DecodeContext['relation']): boolean {
  if (otc === undefined || relation === undefined) return false;
  const { role, peerAsn } = relation;
  return role === 'Provider' || role === 'RouteServer' || (role === 'Peer' && otc !== peerAsn);
}

/** RFC 9234 §5, on reception, 3: what comes from above or from a peer without a mark gets one. */
function markOf(otc: Asn | undefined, relation: DecodeContext['relation']): { readonly otc?: Asn } {
  const isFromBelow = relation === undefined || relation.role === 'Provider' || relation.role === 'RouteServer';
  return otc !== undefined || isFromBelow ? {} : { otc: relation.peerAsn };
}

/** What a route carries, with the AS numbers that a two-octet router could not pass on put back (RFC 6793 §4.2.3). */
function pathAttributes(raw: RawAttributes, { origin, asPath }: Pick<PathAttributes, 'origin' | 'asPath'>): PathAttributes {
  const { nextHop, as4Path, as4Aggregator, mpReach, mpUnreach, ...rest } = raw;
  const { aggregator } = rest;
  if (aggregator !== undefined && as4Aggregator !== undefined) {
    // An aggregator that does not know four-octet numbers made the route anew: what older AS4 attributes say is void.
    if (aggregator.asn !== asTrans) return { ...rest, origin, asPath };
    return { ...rest, origin, asPath: mergeAs4Path(asPath, as4Path), aggregator: as4Aggregator };
  }
  return { ...rest, origin, asPath: mergeAs4Path(asPath, as4Path) };
}
