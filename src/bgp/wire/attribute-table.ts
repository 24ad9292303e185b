import type { Asn } from '#net/asn.ts';
import type { IpAddress } from '#net/ip-address.ts';
import { ok, type Result } from '#runtime/result.ts';
import { decodeAsPath, encodeAsPath, needsFourOctets } from './as-path.ts';
import {
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
import type { EncodeContext } from './negotiated.ts';

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
  /** RFC 7606 §7 and the attribute's own RFC: what a wrong length or value does. */
  readonly malformed: AttributeVerdict;
  /** Whether wrong flags or a second appearance end the session, as its routes can't be known then (RFC 7606 §3.g, §3.j). */
  readonly carriesRoutes?: true;
  /** Reads a value that fits. */
  readonly decode: (value: Uint8Array, context: EncodeContext) => Result<RawAttributes, Malformed>;
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
    decode: (value) => ok({ clusterList: decodeNumbers(value) }),
    encode: ({ clusterList }) => ifAny(clusterList, encodeNumbers),
  },
  {
    code: attributeCode.mpReach,
    name: 'MP_REACH_NLRI',
    flags: 'optionalNonTransitive',
    from: 'anyone',
    fits: atLeast(5),
    malformed: 'reset',
    carriesRoutes: true,
    decode: (value) => wrapped(decodeMpReach(value), (mpReach) => ({ mpReach })),
  },
  {
    code: attributeCode.mpUnreach,
    name: 'MP_UNREACH_NLRI',
    flags: 'optionalNonTransitive',
    from: 'anyone',
    fits: atLeast(3),
    malformed: 'reset',
    carriesRoutes: true,
    decode: (value) => wrapped(decodeMpUnreach(value), (mpUnreach) => ({ mpUnreach })),
  },
  {
    code: attributeCode.extendedCommunities,
    name: 'EXTENDED COMMUNITIES',
    flags: 'optionalTransitive',
    from: 'anyone',
    fits: multipleOf(8),
    malformed: 'withdraw',
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
    decode: (value) => wrapped(decodeAggregator(value, 4), (as4Aggregator) => ({ as4Aggregator })),
    encode: ({ aggregator }, { fourOctetAsn }) =>
      !fourOctetAsn && aggregator !== undefined && needsFourOctets(aggregator.asn) ? encodeAggregator(aggregator, 4) : undefined,
  },
  {
    code: attributeCode.largeCommunities,
    name: 'LARGE_COMMUNITY',
    flags: 'optionalTransitive',
    from: 'anyone',
    fits: multipleOf(12),
    malformed: 'withdraw',
    decode: (value) => ok({ largeCommunities: sortedLargeCommunities(decodeLargeCommunities(value)) }),
    encode: ({ largeCommunities }) => ifAny(largeCommunities, (several) => encodeNumbers(sortedLargeCommunities(several).flat())),
  },
];
