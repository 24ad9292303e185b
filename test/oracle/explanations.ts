import type { Difference } from './differences.ts';
import type { View } from './view.ts';

/** Why both decoders may say different things about a message. Each must be needed; what none explains is a bug. */
export type Explanation = {
  readonly name: string;
  /** Who is right, by which rule. */
  readonly why: string;
  readonly explains: (difference: Difference) => boolean;
};

const ourProblem =
  (pattern: RegExp) =>
  ({ ours }: Difference): boolean =>
    pattern.test(ours.problem ?? '');
const theirProblem =
  (pattern: RegExp) =>
  ({ theirs }: Difference): boolean =>
    pattern.test(theirs.problem ?? '');
const isType =
  (type: number) =>
  ({ frame }: Difference): boolean =>
    frame[18] === type;
const isHandling = ({ what }: Difference): boolean => what === 'handling';
const all =
  (...conditions: readonly ((difference: Difference) => boolean)[]) =>
  (difference: Difference): boolean =>
    conditions.every((condition) => condition(difference));

const ours =
  (handling: string) =>
  (difference: Difference): boolean =>
    difference.ours.handling === handling;
const theirs =
  (handling: string) =>
  (difference: Difference): boolean =>
    difference.theirs.handling === handling;
const about =
  (...what: readonly string[]) =>
  (difference: Difference): boolean =>
    what.includes(difference.what);
const onSession =
  (option: string) =>
  ({ options }: Difference): boolean =>
    options.includes(option);
const not =
  (condition: (difference: Difference) => boolean) =>
  (difference: Difference): boolean =>
    !condition(difference);

/** Codes of the capabilities in an OPEN. */
const codesOf = ({ fields }: View): readonly unknown[] => (Array.isArray(fields?.['capabilities']) ? fields['capabilities'] : []);

export const explanations: readonly Explanation[] = [
  {
    name: 'no routes to withdraw',
    why: 'RFC 7606 §5.2 wants a reset where attributes are malformed beside no reachable routes; GoBGP goes by the attribute alone.',
    explains: all(isHandling, ourProblem(/there are no routes to withdraw instead/)),
  },
  {
    name: 'families that were not agreed on',
    why: 'GoBGP ends the session; RFC 4760 §8 lets us ignore the routes.',
    explains: all(isHandling, theirProblem(/^Address-family .* not available/)),
  },
  {
    name: 'a next hop that is no address',
    why: 'GoBGP 4.8.0 looks at the first octet of a NEXT_HOP that it could not read, and panics.',
    explains: all(isHandling, theirs('panic'), theirProblem(/index out of range \[0\] with length 0/)),
  },
  {
    name: 'more about flags',
    why: 'GoBGP also judges the Partial bit, and the flags of attributes that are to be dropped; RFC 7606 §3.c names Optional and Transitive.',
    explains: all(isHandling, theirs('withdraw'), theirProblem(/flags are invalid|must have partial bit 0|must have transitive flag 1/)),
  },
  {
    name: 'IPv4 prefixes that are not read',
    why: 'GoBGP stops at the first attribute that is too long, or at the weaker of two errors; RFC 7606 §5.3 wants a reset for prefixes that are cut.',
    explains: all(isHandling, ours('reset'), ourProblem(/an IPv4 prefix is longer/)),
  },
  {
    name: 'who may send an attribute',
    why: "What eBGP or a four-octet router may not send is dropped whatever it holds (RFC 7606 §7.5, RFC 6793 §6). GoBGP's library does not know the session.",
    explains: all(ourProblem(/is not to be sent on this kind of session/), (difference) =>
      isHandling(difference)
        ? difference.theirs.handling === 'withdraw'
        : ['localPref', 'originatorId', 'clusterList'].includes(difference.what),
    ),
  },
  {
    name: 'AS4_PATH and AS4_AGGREGATOR',
    why: 'We merge them into path and aggregator (RFC 6793 §4.2.3); GoBGP does that elsewhere.',
    explains: all(about('asPath', 'aggregator'), onSession('2')),
  },
  {
    name: 'malformed AS4 attributes',
    why: 'RFC 6793 §6 discards them; GoBGP treats as withdrawn.',
    explains: all(isHandling, theirs('withdraw'), ourProblem(/AS4_(PATH|AGGREGATOR) /)),
  },
  {
    name: 'AGGREGATOR of the other width',
    why: 'RFC 7606 §7.7 discards it; GoBGP takes six and eight octets on every session.',
    explains: all(about('aggregator'), ourProblem(/AGGREGATOR has \d+ octets/)),
  },
  {
    name: 'what appears twice',
    why: 'RFC 7606 §3.g discards all but the first unread; GoBGP reads them, and takes a second one where the first was malformed.',
    explains: all(ours('fine'), ourProblem(/appears twice/)),
  },
  {
    name: 'unknown and well-known',
    why: 'GoBGP ends the session, as RFC 4271 §6.3 says; we treat as withdrawn, as BIRD and FRR do.',
    explains: all(isHandling, not(ours('fine')), theirProblem(/unrecognized well-known attribute/)),
  },
  {
    name: 'attributes of others',
    why: 'GoBGP looks into tunnels, labels and other services, which we pass on as they are.',
    explains: all(isHandling, theirProblem(/evpn|mup|PMSI|tunnel|encap|TLV|ls attribute|SRv6|prefix sid/i), not(ours('reset'))),
  },
  {
    name: 'Only to Customer',
    why: 'GoBGP does not know the attribute (RFC 9234).',
    explains: all(isHandling, ourProblem(/ONLY_TO_CUSTOMER/)),
  },
  {
    name: 'AS sets and confederations',
    why: 'RFC 9774 treats sets as withdrawn, RFC 7606 §7.2 segments of a confederation that we are not in; GoBGP takes both, the latter on iBGP.',
    explains: all(isHandling, ours('withdraw'), ourProblem(/AS4?_PATH has (an AS_SET|a segment of type 3)/)),
  },
  {
    name: 'AS 0',
    why: 'RFC 7607 §2; GoBGP takes it.',
    explains: all((difference) => isHandling(difference) || difference.what === 'aggregator', ourProblem(/has AS 0/)),
  },
  {
    name: 'mandatory attributes without routes',
    why: 'GoBGP misses ORIGIN and AS_PATH beside MP_REACH_NLRI that announces nothing, or nothing of a family that we know; they belong to routes.',
    explains: all(isHandling, ours('fine'), theirProblem(/well-known mandatory attributes are not present/)),
  },
  {
    name: 'NEXT_HOP beside no IPv4 routes',
    why: 'RFC 4760 §3 has it ignored; GoBGP judges it.',
    explains: all(isHandling, ours('fine'), theirProblem(/invalid nexthop address/)),
  },
  {
    name: 'capabilities of a wrong length',
    why: 'GoBGP refuses the OPEN; RFC 5492 §5 has what is not understood ignored.',
    explains: all(isType(1), isHandling, ours('fine'), theirs('reset')),
  },
  {
    name: 'OPENs that say too much or too little',
    why: 'RFC 4271 §6.2, RFC 7607, RFC 9072: GoBGP checks neither the end of the parameters, nor AS 0, nor unknown parameters.',
    explains: all(isType(1), isHandling, ours('reset')),
  },
  {
    name: 'an attribute that is longer than what is left',
    why: 'RFC 7606 §4 treats as withdrawn whatever it was to be; GoBGP goes by the attribute.',
    explains: all(isHandling, ours('withdraw'), theirs('disableFamily'), ourProblem(/longer than what is left of the attributes/)),
  },
  {
    name: 'lists of no octets',
    why: 'RFC 7606 §4, §7 treats as withdrawn; GoBGP takes them.',
    explains: all(isHandling, ours('withdraw'), theirs('fine'), ourProblem(/(COMMUNIT(Y|IES)|CLUSTER_LIST) has 0 octets/)),
  },
  {
    name: 'attributes that GoBGP has a form of its own for',
    why: 'We keep them as unknown ones, octet by octet.',
    explains: ({ what, theirs }) => what.startsWith('unknown ') && !(what in (theirs.attributes ?? {})),
  },
  {
    name: 'a four-octet AS that is said twice',
    why: 'RFC 6793 does not say which counts: we take the first, GoBGP the last.',
    explains: all(isType(1), about('asn'), ({ ours }) => codesOf(ours).filter((code) => code === 65).length > 1),
  },
  {
    name: 'lengths of messages',
    why: 'RFC 4271 §6.1, RFC 7313 §5: a KEEPALIVE of more than its header, a ROUTE-REFRESH of another length and octets beyond the message are errors. GoBGP takes what is there.',
    explains: all(isHandling, (difference) => isType(4)(difference) || isType(5)(difference) || ourProblem(/but there are/)(difference)),
  },
];
