import type { AddressFamily } from '#net/ip-address.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import type { RawAttributes } from './attribute-table.ts';
import { type DecodedAttributes, decodeAttributes } from './attributes-decode.ts';
import { type AttributeFault, type DecodeError, updateError } from './errors.ts';
import { attributeCode, errorSubcode } from './iana.ts';
import type { PrefixGroup, Reachable, UpdateMessage } from './messages.ts';
import type { RouteGroup } from './mp-attributes.ts';
import type { DecodeContext } from './negotiated.ts';
import { decodePrefixes } from './prefixes.ts';
import { Reader } from './reader.ts';
import { completeRoutes } from './route-attributes.ts';

/** The three fields of an UPDATE. */
type Fields = {
  readonly withdrawn: Omit<PrefixGroup, 'family'>;
  readonly attributes: Uint8Array;
  readonly announced: Omit<PrefixGroup, 'family'>;
};

type AgreedGroup = RouteGroup & { readonly family: AddressFamily };

/**
 * The body of an UPDATE (RFC 4271 §4.3), with the error handling of RFC 7606:
 *
 *     | Withdrawn Routes Length (2) | Withdrawn Routes | Total Path Attribute Length (2) | Path Attributes | NLRI |
 */
export function decodeUpdate(body: Uint8Array, context: DecodeContext): Result<UpdateMessage, DecodeError> {
  const fields = splitFields(body, context);
  if (!fields.ok) return fields;
  const decoded = decodeAttributes(fields.value.attributes, context);
  if (!decoded.ok) return decoded;
  const { raw } = decoded.value;
  const marker = endOfRibOf(fields.value, raw);
  const isAgreed = (group: RouteGroup): group is AgreedGroup => group.family !== undefined && context.families.includes(group.family);
  const announced = groupsOf({ family: 'IPv4', ...fields.value.announced, ...(raw.nextHop && { nextHop: raw.nextHop }) }, raw.mpReach);
  const withdrawn = groupsOf({ family: 'IPv4', ...fields.value.withdrawn }, raw.mpUnreach);
  const faults = [
    ...decoded.value.faults.map((fault) => harmless(fault, context)),
    ...[...announced, ...withdrawn].filter((group) => !isAgreed(group)).map(notAgreed),
  ];
  const reachable: Reachable[] = [];
  for (const group of announced.filter(isAgreed)) {
    const complete = completeRoutes(group, raw, context);
    if (complete.ok) reachable.push(complete.value);
    else faults.push(complete.error);
  }
  const withdraws = faults.some(({ verdict }) => verdict === 'withdraw');
  if (announced.length === 0 && isBeyondRepair(decoded.value, faults)) return err(nothingToWithdraw(faults));
  const disabled = faults.flatMap(({ family }) => family ?? []);
  return ok({
    kind: 'update',
    unreachable: [...withdrawn, ...(withdraws ? announced : [])].filter(isAgreed).map(withoutNextHop),
    reachable: withdraws ? [] : reachable,
    ...(marker !== undefined && isAgreed(marker) && faults.length === 0 && { endOfRib: marker.family }),
    faults,
    ...(disabled.length > 0 && { disabled }),
  });
}

/** RFC 4271 §6.3, RFC 7606 §5.3: what the fields' lengths and IPv4 prefixes have wrong ends the session. */
function splitFields(body: Uint8Array, context: DecodeContext): Result<Fields, DecodeError> {
  const reader = new Reader(body);
  const withdrawnField = reader.take(reader.u16());
  const attributes = reader.take(reader.u16());
  if (reader.failed) {
    const message = 'withdrawn routes and attributes are longer than the message';
    return err(updateError(errorSubcode.malformedAttributeList, message, 'RFC 7606 §3.b'));
  }
  const withdrawn = decodePrefixes('IPv4', withdrawnField, context);
  const announced = decodePrefixes('IPv4', reader.rest(), context);
  if (withdrawn === undefined || announced === undefined) {
    return err(updateError(errorSubcode.invalidNetworkField, 'an IPv4 prefix is longer than 32 bits or cut', 'RFC 7606 §5.3'));
  }
  return ok({ withdrawn, attributes, announced });
}

/** RFC 4724 §2: an UPDATE of nothing ends IPv4, and one of nothing but an empty MP_UNREACH_NLRI ends the family that it names. */
function endOfRibOf({ withdrawn, attributes, announced }: Fields, raw: RawAttributes): RouteGroup | undefined {
  if (withdrawn.prefixes.length > 0 || announced.prefixes.length > 0) return undefined;
  if (attributes.length === 0) return { family: 'IPv4', prefixes: [] };
  return Object.keys(raw).length === 1 && raw.mpUnreach?.prefixes.length === 0 ? raw.mpUnreach : undefined;
}

/** The groups that hold routes: those of IPv4's own field, and those of the MP attribute, of which we may not know the family. */
function groupsOf(classic: RouteGroup, mp: RouteGroup | undefined): RouteGroup[] {
  const groups = mp === undefined ? [classic] : [classic, mp];
  return groups.filter(({ family, prefixes }) => family === undefined || prefixes.length > 0);
}

const withoutNextHop = ({ family, prefixes, pathIds }: AgreedGroup): PrefixGroup => ({ family, prefixes, ...(pathIds && { pathIds }) });

/** RFC 4760 §8: a family that was not agreed on is no reason to end what was. */
const notAgreed = ({ family }: { readonly family?: AddressFamily | undefined }): AttributeFault => ({
  verdict: 'discard',
  code: undefined,
  message: `routes of ${family ?? 'an unknown family'} were not agreed on and are ignored`,
  clause: 'RFC 4760 §8',
  attribute: new Uint8Array(),
});

/** A family that was not agreed on can't be ended. */
const harmless = (fault: AttributeFault, { families }: DecodeContext): AttributeFault =>
  fault.family === undefined || families.includes(fault.family) ? fault : notAgreed(fault);

/**
 * RFC 7606 §5.2: where attributes other than MP_UNREACH_NLRI stand beside no reachable routes, and one has more wrong than can be
 * discarded, we can't be sure to have understood which routes are meant. Routes of MP_REACH_NLRI that can't be read are some.
 */
function isBeyondRepair(decoded: DecodedAttributes, faults: readonly AttributeFault[]): boolean {
  const announces = decoded.faults.some(({ code, family }) => code === attributeCode.mpReach && family !== undefined);
  const isOnlyUnreach = decoded.codes.size === 1 && decoded.codes.has(attributeCode.mpUnreach);
  return !announces && faults.some(({ verdict }) => verdict === 'withdraw' || (verdict === 'disableFamily' && !isOnlyUnreach));
}

function nothingToWithdraw(faults: readonly AttributeFault[]): DecodeError {
  const problems = faults.map(({ message }) => message).join('; ');
  const message = `${problems}; and there are no routes to withdraw instead`;
  return updateError(errorSubcode.malformedAttributeList, message, 'RFC 7606 §5.2');
}
