import { asTrans } from '#net/asn.ts';
import { type AddressFamily, formatIpAddress, type IpAddress } from '#net/ip-address.ts';
import type { Prefix } from '#net/prefix.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import { mergeAs4Path } from './as-path.ts';
import type { RawAttributes } from './attribute-table.ts';
import { decodeAttributes } from './attributes-decode.ts';
import { type AttributeFault, atLeast, type DecodeError, updateError } from './errors.ts';
import { attributeCode, errorSubcode } from './iana.ts';
import type { PathAttributes, Reachable, UpdateMessage } from './messages.ts';
import type { RouteGroup } from './mp-attributes.ts';
import type { DecodeContext } from './negotiated.ts';
import { decodePrefixes } from './prefixes.ts';
import { Reader } from './reader.ts';

/** The three fields of an UPDATE. */
type Fields = { readonly withdrawn: readonly Prefix[]; readonly attributes: Uint8Array; readonly announced: readonly Prefix[] };

type AgreedGroup = RouteGroup & { readonly family: AddressFamily };

/**
 * The body of an UPDATE (RFC 4271 §4.3), with the error handling of RFC 7606:
 *
 *     | Withdrawn Routes Length (2) | Withdrawn Routes | Total Path Attribute Length (2) | Path Attributes | NLRI |
 */
export function decodeUpdate(body: Uint8Array, context: DecodeContext): Result<UpdateMessage, DecodeError> {
  const fields = splitFields(body);
  if (!fields.ok) return fields;
  const decoded = decodeAttributes(fields.value.attributes, context);
  if (!decoded.ok) return decoded;
  const { raw } = decoded.value;
  const marker = endOfRibOf(fields.value, raw);
  const isAgreed = (group: RouteGroup): group is AgreedGroup => group.family !== undefined && context.families.includes(group.family);
  const announced = groupsOf({ family: 'IPv4', prefixes: fields.value.announced, ...nextHopOf(raw) }, raw.mpReach);
  const withdrawn = groupsOf({ family: 'IPv4', prefixes: fields.value.withdrawn }, raw.mpUnreach);
  const foreign = [...announced, ...withdrawn].filter((group) => !isAgreed(group));
  const faults = [...decoded.value.faults, ...foreign.map(notAgreed)];
  const reachable: Reachable[] = [];
  for (const group of announced.filter(isAgreed)) {
    const complete = completeRoutes(group, raw);
    if (complete.ok) reachable.push(complete.value);
    else faults.push(complete.error);
  }
  const withdraws = faults.some(({ verdict }) => atLeast(verdict, 'withdraw'));
  if (withdraws && announced.length === 0) return err(nothingToWithdraw(faults));
  return ok({
    kind: 'update',
    unreachable: [...withdrawn, ...(withdraws ? announced : [])].filter(isAgreed).map(({ family, prefixes }) => ({ family, prefixes })),
    reachable: withdraws ? [] : reachable,
    ...(marker !== undefined && isAgreed(marker) && faults.length === 0 && { endOfRib: marker.family }),
    faults,
  });
}

/** RFC 4271 §6.3, RFC 7606 §5.3: what the fields' lengths and IPv4 prefixes have wrong ends the session. */
function splitFields(body: Uint8Array): Result<Fields, DecodeError> {
  const reader = new Reader(body);
  const withdrawnField = reader.take(reader.u16());
  const attributes = reader.take(reader.u16());
  if (reader.failed) {
    return err(updateError(errorSubcode.malformedAttributeList, 'withdrawn routes and attributes are longer than the message'));
  }
  const withdrawn = decodePrefixes('IPv4', withdrawnField);
  const announced = decodePrefixes('IPv4', reader.rest());
  if (withdrawn === undefined || announced === undefined) {
    return err(updateError(errorSubcode.invalidNetworkField, 'an IPv4 prefix is longer than 32 bits or cut'));
  }
  return ok({ withdrawn, attributes, announced });
}

/** RFC 4724 §2: an UPDATE of nothing ends IPv4, and one of nothing but an empty MP_UNREACH_NLRI ends the family that it names. */
function endOfRibOf({ withdrawn, attributes, announced }: Fields, raw: RawAttributes): RouteGroup | undefined {
  if (withdrawn.length > 0 || announced.length > 0) return undefined;
  if (attributes.length === 0) return { family: 'IPv4', prefixes: [] };
  return Object.keys(raw).length === 1 && raw.mpUnreach?.prefixes.length === 0 ? raw.mpUnreach : undefined;
}

/** The groups that hold routes: those of IPv4's own field, and those of the MP attribute, of which we may not know the family. */
function groupsOf(classic: RouteGroup, mp: RouteGroup | undefined): RouteGroup[] {
  const groups = mp === undefined ? [classic] : [classic, mp];
  return groups.filter(({ family, prefixes }) => family === undefined || prefixes.length > 0);
}

const nextHopOf = ({ nextHop }: RawAttributes): { nextHop?: IpAddress } => (nextHop === undefined ? {} : { nextHop });

/** RFC 4760 §8: a family that was not agreed on is no reason to end what was. */
const notAgreed = ({ family }: RouteGroup): AttributeFault => ({
  verdict: 'discard',
  code: undefined,
  message: `routes of ${family ?? 'an unknown family'} were not agreed on and are ignored`,
});

/** RFC 7606 §5.2: without routes to withdraw instead we can't be sure to have understood which ones are meant. */
function nothingToWithdraw(faults: readonly AttributeFault[]): DecodeError {
  const problems = faults.map(({ message }) => message).join('; ');
  return updateError(errorSubcode.malformedAttributeList, `${problems}; and there are no routes to withdraw instead`);
}

/** Routes with all that they must have (RFC 7606 §3.d). The fault is one of treat-as-withdraw. */
function completeRoutes(group: AgreedGroup, raw: RawAttributes): Result<Reachable, AttributeFault> {
  const { origin, asPath } = raw;
  const { nextHop } = group;
  if (origin === undefined) return withdraw(attributeCode.origin, 'ORIGIN is missing');
  if (asPath === undefined) return withdraw(attributeCode.asPath, 'AS_PATH is missing');
  if (nextHop === undefined) return withdraw(attributeCode.nextHop, 'NEXT_HOP is missing');
  if (!mayBeNextHop(nextHop)) return withdraw(attributeCode.nextHop, `${formatIpAddress(nextHop)} can't be a next hop`);
  return ok({ ...group, nextHop, attributes: pathAttributes(raw, { origin, asPath }) });
}

const withdraw = (code: number, message: string): Result<never, AttributeFault> => err({ verdict: 'withdraw', code, message });

/** RFC 4271 §6.3: not the unspecified address, not multicast or beyond. Loopback may be: routers on one host use it. */
function mayBeNextHop({ family, octets }: IpAddress): boolean {
  const first = new Reader(octets).u8();
  if (family === 'IPv4') return first > 0 && first < 224;
  return first !== 0xff && octets.some((octet) => octet !== 0);
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
