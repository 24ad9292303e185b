import { type AddressFamily, addressBits, type IpAddress } from '#net/ip-address.ts';
import { assert } from '#runtime/assert.ts';
import { encodeAttributes, flagsOf, writeAttribute } from './attributes-encode.ts';
import { withHeader } from './header.ts';
import { afi, attributeCode, messageType, safiUnicast } from './iana.ts';
import { limits } from './limits.ts';
import type { Reachable, UpdateMessage } from './messages.ts';
import type { EncodeContext } from './negotiated.ts';
import { encodePrefixes } from './prefixes.ts';
import { Writer } from './writer.ts';

/**
 * All of an UPDATE but its prefixes, so that many can be put into one. It announces one set of attributes, or it withdraws;
 * never both, and one family only (RFC 7606 §5.1). IPv4 routes stand in the fields of RFC 4271, IPv6 routes and those with an IPv6
 * next hop (RFC 8950) in an MP attribute.
 */
export type UpdateTemplate = {
  readonly family: AddressFamily;
  readonly announces: boolean;
  /** Encoded attributes that stand beside the routes; none where it withdraws. */
  readonly attributes: Uint8Array;
  /** What the MP attribute holds before its prefixes. None where they stand in the fields of RFC 4271. */
  readonly mpHead: Uint8Array;
};

const none = new Uint8Array();
/** Both length fields of an UPDATE. */
const lengthOctets = 4;
/** Flags, code and length of an MP attribute that is so long that packing matters. */
const mpHeaderOctets = 4;

/** The template of routes with this next hop and these attributes. */
export function announcing(route: Omit<Reachable, 'prefixes'>, context: EncodeContext): UpdateTemplate {
  const { family, nextHop, linkLocalNextHop, attributes } = route;
  if (nextHop.family === 'IPv4') {
    return { family, announces: true, attributes: encodeAttributes({ ...attributes, nextHop }, context), mpHead: none };
  }
  const nextHops = linkLocalNextHop === undefined ? [nextHop] : [nextHop, linkLocalNextHop];
  return { family, announces: true, attributes: encodeAttributes(attributes, context), mpHead: reachHead(family, nextHops) };
}

/** The template of withdrawals. Without prefixes it is the End-of-RIB marker (RFC 4724 §2). */
export const withdrawing = (family: AddressFamily): UpdateTemplate => ({
  family,
  announces: false,
  attributes: none,
  mpHead: family === 'IPv4' ? none : familyHead(family).finish(),
});

const familyHead = (family: AddressFamily): Writer => new Writer().u16(afi[family]).u8(safiUnicast);

/** MP_REACH_NLRI up to its prefixes (RFC 4760 §3). */
function reachHead(family: AddressFamily, nextHops: readonly IpAddress[]): Uint8Array {
  const head = familyHead(family).u8((nextHops.length * addressBits('IPv6')) / 8);
  for (const { octets } of nextHops) head.bytes(octets);
  return head.u8(0).finish();
}

/** Octets of prefixes for which a message of the template has room; may be negative where the attributes alone are too long. */
export function roomForPrefixes(template: UpdateTemplate, { maxMessageLength }: EncodeContext): number {
  const mpOctets = template.mpHead.length === 0 ? 0 : mpHeaderOctets + template.mpHead.length;
  return maxMessageLength - limits.headerOctets - lengthOctets - mpOctets - template.attributes.length;
}

/** The whole message: the template with these encoded prefixes, for which it must have room. */
export function updateBytes(template: UpdateTemplate, prefixes: Uint8Array): Uint8Array {
  const body = new Writer();
  if (template.mpHead.length === 0) {
    const [withdrawn, announced] = template.announces ? [none, prefixes] : [prefixes, none];
    body.u16(withdrawn.length).bytes(withdrawn).u16(template.attributes.length).bytes(template.attributes).bytes(announced);
    return withHeader(messageType.update, body.finish());
  }
  const attributes = new Writer();
  // RFC 7606 §5.1: the MP attribute comes first, so that routes are found whatever follows.
  const code = template.announces ? attributeCode.mpReach : attributeCode.mpUnreach;
  writeAttribute(attributes, flagsOf.optionalNonTransitive, code, new Writer().bytes(template.mpHead).bytes(prefixes).finish());
  attributes.bytes(template.attributes);
  return withHeader(messageType.update, body.u16(0).u16(attributes.length).bytes(attributes.finish()).finish());
}

/** An UPDATE with one group of routes, or an End-of-RIB marker: what RFC 7606 §5.1 allows to send. */
export function encodeUpdate({ reachable, unreachable, endOfRib }: UpdateMessage, context: EncodeContext): Uint8Array {
  const marker = endOfRib === undefined ? [] : [{ family: endOfRib, prefixes: [] }];
  const groups = [
    ...reachable.map((group) => ({ template: announcing(group, context), group })),
    ...[...unreachable, ...marker].map((group) => ({ template: withdrawing(group.family), group })),
  ];
  const [only] = groups;
  assert(only !== undefined && groups.length === 1, 'an UPDATE that is sent has one group of routes, or is an End-of-RIB marker');
  const prefixes = encodePrefixes(only.group);
  assert(prefixes.length <= roomForPrefixes(only.template, context), 'an UPDATE fits into a message');
  return updateBytes(only.template, prefixes);
}
