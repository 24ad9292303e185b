import type { Asn } from '#net/asn.ts';
import type { IpAddress } from '#net/ip-address.ts';
import { ok, type Result } from '#runtime/result.ts';
import { decodeAsPath, encodeAsPath, needsFourOctets } from './as-path.ts';
import {
  checkTlvs,
  decodeAggregator,
  decodeLargeCommunities,
  decodeNumber,
  decodeNumbers,
  decodeOrigin,
  encodeAggregator,
  encodeNumbers,
  encodeOrigin,
  ipv4,
  sortedCommunities,
  sortedLargeCommunities,
} from './attribute-values.ts';
import type { AttributeVerdict, Malformed } from './errors.ts';
import { attributeCode } from './iana.ts';
import type { Aggregator, PathAttributes } from './messages.ts';
import { decodeMpReach, decodeMpUnreach, type RouteGroup } from './mp-attributes.ts';
import type { DecodeContext, EncodeContext } from './negotiated.ts';

/** The attributes of an UPDATE as they stand there, before they are understood together. */
export type RawAttributes = Partial<PathAttributes> & {
  readonly nextHop?: IpAddress;
  readonly as4Path?: readonly Asn[];
  readonly as4Aggregator?: Aggregator;
  readonly mpReach?: RouteGroup;
  readonly mpUnreach?: RouteGroup;
};

/** The attributes that we send with routes; `nextHop` where the routes are IPv4. The MP attributes come from `update-encode.ts`. */
export type OutgoingAttributes = PathAttributes & { readonly nextHop?: IpAddress };

/** What the RFCs say about one path attribute. */
export type AttributeRow = {
  readonly code: number;
  readonly name: string;
  /** The Optional and Transitive bits that it must have (RFC 4271 §4.3). */
  readonly flags: 'wellKnown' | 'optionalTransitive' | 'optionalNonTransitive';
  /** Who may send it. From others it is dropped, whatever it holds: LOCAL_PREF over eBGP, AS4_PATH between four-octet speakers. */
  readonly from: 'anyone' | 'ibgp' | 'twoOctetSpeakers';
  /** Whether a value may have so many octets. */
  readonly fits: (octets: number, context: EncodeContext) => boolean;
  /** What a wrong length or value does. */
  readonly malformed: AttributeVerdict;
  /** Which RFC and section says so: RFC 7606 §7, or the attribute's own. */
  readonly clause: string;
  /** Whether a second appearance ends the session (RFC 7606 §3.g), and wrong flags are as bad as a wrong value (§5.3). */
  readonly carriesRoutes?: true;
  /** Reads a value that fits. */
  readonly decode: (value: Uint8Array, context: DecodeContext) => Result<RawAttributes, Malformed>;
  /** The value to send, undefined where the attribute is not sent. */
  readonly encode?: (attributes: OutgoingAttributes, context: EncodeContext) => Uint8Array | undefined;
};

const exactly = (octets: number) => (length: number) => length === octets;
const atLeast = (octets: number) => (length: number) => length >= octets;
/** Not zero: RFC 7606 §4. */
const multipleOf = (octets: number) => (length: number) => length > 0 && length % octets === 0;
const asnOctets = ({ fourOctetAsn }: EncodeContext): 2 | 4 => (fourOctetAsn ? 4 : 2);

/** Makes the one attribute of a value that was read. */
const wrapped = <T>(result: Result<T, Malformed>, wrap: (value: T) => RawAttributes): Result<RawAttributes, Malformed> =>
  result.ok ? ok(wrap(result.value)) : result;

/** The value of an attribute, where the route has it. */
const ifPresent = <T>(value: T | undefined, encode: (value: T) => Uint8Array): Uint8Array | undefined =>
  value === undefined ? undefined : encode(value);

/** Lists of no members are not sent: RFC 7606 §4 forbids attributes of no octets. */
const ifAny = <T>(values: readonly T[] | undefined, encode: (values: readonly T[]) => Uint8Array): Uint8Array | undefined =>
  values === undefined || values.length === 0 ? undefined : encode(values);

/** Every path attribute that we know, by code, which is the order of sending too (RFC 4271 §5). */
export const attributeTable: readonly AttributeRow[] = [
  {
    code: attributeCode.origin,
    name: 'ORIGIN',
    flags: 'wellKnown',
    from: 'anyone',
    fits: exactly(1),
    malformed: 'withdraw',
    clause: 'RFC 7606 §7.1',
    decode: (value) => wrapped(decodeOrigin(value), (origin) => ({ origin })),
    encode: ({ origin }) => encodeOrigin(origin),
  },
  {
    code: attributeCode.asPath,
    name: 'AS_PATH',
    flags: 'wellKnown',
    from: 'anyone',
    fits: atLeast(0),
    malformed: 'withdraw',
    clause: 'RFC 7606 §7.2',
    decode: (value, context) =>
      wrapped(decodeAsPath(value, { asnOctets: asnOctets(context), skipConfedSequences: false }), (asPath) => ({ asPath })),
    encode: ({ asPath }, context) => encodeAsPath(asPath, asnOctets(context)),
  },
  {
    code: attributeCode.nextHop,
    name: 'NEXT_HOP',
    flags: 'wellKnown',
    from: 'anyone',
    fits: exactly(4),
    malformed: 'withdraw',
    clause: 'RFC 7606 §7.3',
    decode: (value) => ok({ nextHop: ipv4(value) }),
    encode: ({ nextHop }) => ifPresent(nextHop, ({ octets }) => octets),
  },
  {
    code: attributeCode.med,
    name: 'MULTI_EXIT_DISC',
    flags: 'optionalNonTransitive',
    from: 'anyone',
    fits: exactly(4),
    malformed: 'withdraw',
    clause: 'RFC 7606 §7.4',
    decode: (value) => ok({ med: decodeNumber(value) }),
    encode: ({ med }) => ifPresent(med, (number) => encodeNumbers([number])),
  },
  {
    code: attributeCode.localPref,
    name: 'LOCAL_PREF',
    flags: 'wellKnown',
    from: 'ibgp',
    fits: exactly(4),
    malformed: 'withdraw',
    clause: 'RFC 7606 §7.5',
    decode: (value) => ok({ localPref: decodeNumber(value) }),
    encode: ({ localPref }) => ifPresent(localPref, (number) => encodeNumbers([number])),
  },
  {
    code: attributeCode.atomicAggregate,
    name: 'ATOMIC_AGGREGATE',
    flags: 'wellKnown',
    from: 'anyone',
    fits: exactly(0),
    malformed: 'discard',
    clause: 'RFC 7606 §7.6',
    decode: () => ok({ atomicAggregate: true }),
    encode: ({ atomicAggregate }) => ifPresent(atomicAggregate, () => new Uint8Array()),
  },
  {
    code: attributeCode.aggregator,
    name: 'AGGREGATOR',
    flags: 'optionalTransitive',
    from: 'anyone',
    fits: (octets, context) => octets === 4 + asnOctets(context),
    malformed: 'discard',
    clause: 'RFC 7606 §7.7',
    decode: (value, context) => wrapped(decodeAggregator(value, asnOctets(context)), (aggregator) => ({ aggregator })),
    encode: ({ aggregator }, context) => ifPresent(aggregator, (one) => encodeAggregator(one, asnOctets(context))),
  },
  {
    code: attributeCode.communities,
    name: 'COMMUNITIES',
    flags: 'optionalTransitive',
    from: 'anyone',
    fits: multipleOf(4),
    malformed: 'withdraw',
    clause: 'RFC 7606 §7.8',
    decode: (value) => ok({ communities: decodeNumbers(value) }),
    encode: ({ communities }) => ifAny(communities, (several) => encodeNumbers(sortedCommunities(several))),
  },
  {
    code: attributeCode.originatorId,
    name: 'ORIGINATOR_ID',
    flags: 'optionalNonTransitive',
    from: 'ibgp',
    fits: exactly(4),
    malformed: 'withdraw',
    clause: 'RFC 7606 §7.9',
    decode: (value) => ok({ originatorId: decodeNumber(value) }),
    encode: ({ originatorId }) => ifPresent(originatorId, (number) => encodeNumbers([number])),
  },
  {
    code: attributeCode.clusterList,
    name: 'CLUSTER_LIST',
    flags: 'optionalNonTransitive',
    from: 'ibgp',
    fits: multipleOf(4),
    malformed: 'withdraw',
    clause: 'RFC 7606 §7.10',
    decode: (value) => ok({ clusterList: decodeNumbers(value) }),
    encode: ({ clusterList }) => ifAny(clusterList, encodeNumbers),
  },
  {
    code: attributeCode.mpReach,
    name: 'MP_REACH_NLRI',
    flags: 'optionalNonTransitive',
    from: 'anyone',
    fits: atLeast(5),
    malformed: 'disableFamily',
    clause: 'RFC 7606 §7.11',
    carriesRoutes: true,
    decode: (value, context) => wrapped(decodeMpReach(value, context), (mpReach) => ({ mpReach })),
  },
  {
    code: attributeCode.mpUnreach,
    name: 'MP_UNREACH_NLRI',
    flags: 'optionalNonTransitive',
    from: 'anyone',
    fits: atLeast(3),
    malformed: 'disableFamily',
    clause: 'RFC 7606 §7.12',
    carriesRoutes: true,
    decode: (value, context) => wrapped(decodeMpUnreach(value, context), (mpUnreach) => ({ mpUnreach })),
  },
  {
    code: attributeCode.extendedCommunities,
    name: 'EXTENDED COMMUNITIES',
    flags: 'optionalTransitive',
    from: 'anyone',
    fits: multipleOf(8),
    malformed: 'withdraw',
    clause: 'RFC 7606 §7.14',
    decode: (value) => ok({ extendedCommunities: value.slice() }),
    encode: ({ extendedCommunities }) => (extendedCommunities?.length === 0 ? undefined : extendedCommunities),
  },
  {
    code: attributeCode.as4Path,
    name: 'AS4_PATH',
    flags: 'optionalTransitive',
    from: 'twoOctetSpeakers',
    fits: atLeast(6), // RFC 6793 §6
    malformed: 'discard',
    clause: 'RFC 6793 §6',
    decode: (value) => wrapped(decodeAsPath(value, { asnOctets: 4, skipConfedSequences: true }), (as4Path) => ({ as4Path })),
    encode: ({ asPath }, { fourOctetAsn }) => (!fourOctetAsn && asPath.some(needsFourOctets) ? encodeAsPath(asPath, 4) : undefined),
  },
  {
    code: attributeCode.as4Aggregator,
    name: 'AS4_AGGREGATOR',
    flags: 'optionalTransitive',
    from: 'twoOctetSpeakers',
    fits: exactly(8),
    malformed: 'discard',
    clause: 'RFC 6793 §6',
    decode: (value) => wrapped(decodeAggregator(value, 4), (as4Aggregator) => ({ as4Aggregator })),
    encode: ({ aggregator }, { fourOctetAsn }) =>
      !fourOctetAsn && aggregator !== undefined && needsFourOctets(aggregator.asn) ? encodeAggregator(aggregator, 4) : undefined,
  },
  {
    code: attributeCode.ipv6ExtendedCommunities,
    name: 'IPv6 EXTENDED COMMUNITIES',
    flags: 'optionalTransitive',
    from: 'anyone',
    fits: multipleOf(20),
    malformed: 'withdraw',
    clause: 'RFC 7606 §7.15',
    decode: (value) => ok({ ipv6ExtendedCommunities: value.slice() }),
    encode: ({ ipv6ExtendedCommunities }) => (ipv6ExtendedCommunities?.length === 0 ? undefined : ipv6ExtendedCommunities),
  },
  {
    // No session has AIGP enabled: the attribute is understood and used for nothing (RFC 7311 §3.3).
    code: attributeCode.aigp,
    name: 'AIGP',
    flags: 'optionalNonTransitive',
    from: 'anyone',
    fits: atLeast(0),
    malformed: 'discard',
    clause: 'RFC 7311 §3.2',
    decode: (value) => wrapped(checkTlvs(value, { typeOctets: 1, lengthCounts: 'tlv' }), () => ({})),
  },
  {
    // It describes links and nodes, which no family of ours carries.
    code: attributeCode.bgpLs,
    name: 'BGP-LS',
    flags: 'optionalNonTransitive',
    from: 'anyone',
    fits: atLeast(0),
    malformed: 'discard',
    clause: 'RFC 9552 §8.2.2',
    decode: (value) => wrapped(checkTlvs(value, { typeOctets: 2, lengthCounts: 'value' }), () => ({})),
  },
  {
    code: attributeCode.largeCommunities,
    name: 'LARGE_COMMUNITY',
    flags: 'optionalTransitive',
    from: 'anyone',
    fits: multipleOf(12),
    malformed: 'withdraw',
    clause: 'RFC 8092 §6',
    decode: (value) => ok({ largeCommunities: sortedLargeCommunities(decodeLargeCommunities(value)) }),
    encode: ({ largeCommunities }) => ifAny(largeCommunities, (several) => encodeNumbers(sortedLargeCommunities(several).flat())),
  },
  {
    code: attributeCode.otc,
    name: 'ONLY_TO_CUSTOMER',
    flags: 'optionalTransitive',
    from: 'anyone',
    fits: exactly(4),
    malformed: 'withdraw',
    clause: 'RFC 9234 §5',
    decode: (value) => ok({ otc: decodeNumber(value) }),
    encode: ({ otc }) => ifPresent(otc, (number) => encodeNumbers([number])),
  },
  {
    code: attributeCode.prefixSid,
    name: 'PREFIX_SID',
    flags: 'optionalTransitive',
    from: 'ibgp', // RFC 8669 §4
    fits: atLeast(0),
    malformed: 'discard',
    clause: 'RFC 8669 §6',
    decode: (value) => wrapped(checkTlvs(value, { typeOctets: 1, lengthCounts: 'value' }), () => ({ prefixSid: value.slice() })),
    encode: ({ prefixSid }) => prefixSid,
  },
];
