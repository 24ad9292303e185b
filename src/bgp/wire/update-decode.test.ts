import { describe, expect, it } from 'vitest';
import { formatIpAddress } from '#net/ip-address.ts';
import { formatPrefix } from '#net/prefix.ts';
import { decodeMessage } from './decode.ts';
import { encodeMessage } from './encode.ts';
import type { Role, UpdateMessage } from './messages.ts';
import type { DecodeContext } from './negotiated.ts';
import { aContext, aFrame, anAnnouncement, anUpdateBody, hex, ip, prefix, toHex } from './testing/builders.ts';
import { decodeUpdate } from './update-decode.ts';

const origin = '40 01 01 00';
const asPath = '40 02 06 02 01 0000fbf4';
const nextHop = '40 03 04 0a000001';
const mandatory = `${origin} ${asPath} ${nextHop}`;
const route = '20 c0000235'; // 192.0.2.53/32
const v6NextHop = '20010db8000000000000000000000001';
const mpReach = `80 0e 1a 0002 01 10 ${v6NextHop} 00 20 20010db8`; // 2001:db8::/32
const mpUnreach = '80 0f 08 0002 01 20 20010db8';

const ibgp = aContext({ peerType: 'ibgp' });
const twoOctets = aContext({ fourOctetAsn: false });

function decoded(fields: Parameters<typeof anUpdateBody>[0], context: DecodeContext = aContext()): UpdateMessage {
  const result = decodeUpdate(anUpdateBody(fields), context);
  if (!result.ok) throw new Error(result.error.message);
  return result.value;
}

/** What an UPDATE did, in a line: announced `+`, withdrawn `-`, faults as verdict and attribute; or the NOTIFICATION. */
function outcome(fields: Parameters<typeof anUpdateBody>[0] | Uint8Array, context: DecodeContext = aContext()): string {
  const result = decodeUpdate(fields instanceof Uint8Array ? fields : anUpdateBody(fields), context);
  if (!result.ok) return `reset ${result.error.notification.code}/${result.error.notification.subcode}`;
  const { reachable, unreachable, endOfRib, faults, disabled = [] } = result.value;
  return [
    ...reachable.flatMap(({ prefixes }) => prefixes.map((one) => `+${formatPrefix(one)}`)),
    ...unreachable.flatMap(({ prefixes }) => prefixes.map((one) => `-${formatPrefix(one)}`)),
    ...(endOfRib === undefined ? [] : [`end of ${endOfRib}`]),
    ...faults.map(({ code, verdict }) => `${verdict} ${code ?? '-'}`),
    ...disabled.map((family) => `${family} is over`),
  ].join(', ');
}

/** The outcome for a good IPv4 route with one attribute more. */
const withAttribute = (attribute: string, context?: DecodeContext): string =>
  outcome({ attributes: `${mandatory} ${attribute}`, announced: route }, context);

const announced = '+192.0.2.53/32';
const withdrawn = '-192.0.2.53/32';

describe('an UPDATE', () => {
  it('announces IPv4 routes of its own field', () => {
    const { reachable, faults } = decoded({ attributes: mandatory, announced: `${route} 18 c63364 00` });
    expect(faults).toEqual([]);
    expect(reachable).toEqual([
      {
        family: 'IPv4',
        prefixes: [prefix('192.0.2.53/32'), prefix('198.51.100.0/24'), prefix('0.0.0.0/0')],
        nextHop: ip('10.0.0.1'),
        attributes: { origin: 'IGP', asPath: [64_500] },
      },
    ]);
  });

  it('announces routes of either family in MP_REACH_NLRI, wherever that stands', () => {
    expect(outcome({ attributes: `${origin} ${asPath} ${mpReach}` })).toBe('+2001:db8::/32');
    expect(outcome({ attributes: `${origin} ${asPath} 80 0e 0e 0001 01 04 0a000001 00 ${route}` })).toBe(announced);
  });

  it('may have a link-local next hop beside the global one (RFC 2545)', () => {
    const both = `80 0e 2a 0002 01 20 ${v6NextHop} fe800000000000000000000000000001 00 20 20010db8`;
    const [group] = decoded({ attributes: `${origin} ${asPath} ${both}` }).reachable;
    expect(formatIpAddress(group?.nextHop ?? ip('::'))).toBe('2001:db8::1');
    expect(formatIpAddress(group?.linkLocalNextHop ?? ip('::'))).toBe('fe80::1');
  });

  it('withdraws in both forms, and may do all at once', () => {
    expect(outcome({ withdrawn: route })).toBe(withdrawn);
    expect(outcome({ attributes: mpUnreach })).toBe('-2001:db8::/32');
    expect(outcome({ withdrawn: route, attributes: `${mpReach} ${mpUnreach} ${mandatory}`, announced: '18 c63364' })).toBe(
      '+198.51.100.0/24, +2001:db8::/32, -192.0.2.53/32, -2001:db8::/32',
    );
  });

  it('ignores bits of a prefix beyond its length', () => {
    expect(outcome({ attributes: mandatory, announced: '17 c63365' })).toBe('+198.51.100.0/23');
  });

  it('is an End-of-RIB marker when it says nothing (RFC 4724 §2)', () => {
    expect(outcome({})).toBe('end of IPv4');
    expect(outcome({ attributes: '80 0f 03 0002 01' })).toBe('end of IPv6');
    expect(outcome({ attributes: '80 0f 03 0001 01' })).toBe('end of IPv4');
  });

  it('is no marker of a family that was not agreed on, nor when it says more', () => {
    expect(outcome({}, aContext({ families: ['IPv6'] }))).toBe('');
    expect(outcome({ attributes: '80 0f 03 0001 04' })).toBe('discard -');
    expect(outcome({ attributes: `80 0f 03 0002 01 ${origin}` })).toBe('');
    expect(outcome({ attributes: '80 0f 03 0002 01', withdrawn: route })).toBe(withdrawn);
  });

  it('has routes ignored that are of no agreed family, without harm to the others', () => {
    const onlyIpv4 = aContext({ families: ['IPv4'] });
    expect(outcome({ attributes: `${mpReach} ${mandatory}`, announced: route }, onlyIpv4)).toBe(`${announced}, discard -`);
    expect(outcome({ attributes: mpUnreach }, onlyIpv4)).toBe('discard -');
    expect(outcome({ attributes: mandatory, announced: route }, aContext({ families: ['IPv6'] }))).toBe('discard -');
    expect(outcome({ attributes: `80 0e 05 4004 47 00 00 ${origin} ${asPath}` })).toBe('discard -');
  });
});

describe('attributes are read', () => {
  it('each by its RFC', () => {
    const attributes = `${mpReach} ${mandatory}
      80 04 04 00000005  40 05 04 00000064  40 06 00  c0 07 08 0000fbf4 0a000002
      c0 08 08 fbf40064 ffffff01  80 09 04 0a000003  80 0a 08 00000001 00000002
      c0 10 08 0002fbf400000064  c0 19 14 ${'00'.repeat(20)}  c0 23 04 0000fbf4  c0 28 04 01 0001 07  c0 20 18 0000fbf40000000200000001 0000fbf40000000100000002
      80 63 01 00  c0 64 02 0102`;
    const [group] = decoded({ attributes, announced: route }, ibgp).reachable;
    expect(group?.attributes).toEqual({
      origin: 'IGP',
      asPath: [64_500],
      med: 5,
      localPref: 100,
      atomicAggregate: true,
      aggregator: { asn: 64_500, address: ip('10.0.0.2') },
      communities: [0xfbf40064, 0xffffff01],
      originatorId: 0x0a000003,
      clusterList: [1, 2],
      extendedCommunities: hex('0002fbf400000064'),
      ipv6ExtendedCommunities: new Uint8Array(20),
      otc: 64_500,
      prefixSid: hex('01 0001 07'),
      largeCommunities: [
        [64_500, 1, 2],
        [64_500, 2, 1],
      ],
      unknown: [{ code: 100, value: hex('0102') }],
    });
  });

  it('with a length of two octets too, and whatever the lower flag bits say', () => {
    expect(withAttribute('9f 04 0004 00000005')).toBe(announced);
    expect(withAttribute('e0 08 04 fbf40064')).toBe(announced);
  });

  it('and large communities that repeat count once (RFC 8092 §5)', () => {
    const twice = 'c0 20 18 000000010000000200000003 000000010000000200000003';
    const [group] = decoded({ attributes: `${mandatory} ${twice}`, announced: route }).reachable;
    expect(group?.attributes.largeCommunities).toEqual([[1, 2, 3]]);
  });
});

describe('RFC 7606', () => {
  it.each([
    ['ORIGIN of no octets', '40 01 00', `${asPath} ${nextHop}`],
    ['ORIGIN of two octets', '40 01 02 0000', `${asPath} ${nextHop}`],
    ['ORIGIN of 3', '40 01 01 03', `${asPath} ${nextHop}`],
    ['AS_PATH with an unknown segment', '40 02 06 05 01 0000fbf4', `${origin} ${nextHop}`],
    ['AS_PATH with a segment that is too long', '40 02 06 02 02 0000fbf4', `${origin} ${nextHop}`],
    ['AS_PATH with one octet over', '40 02 07 02 01 0000fbf4 02', `${origin} ${nextHop}`],
    ['AS_PATH with an empty segment', '40 02 02 02 00', `${origin} ${nextHop}`],
    ['AS_PATH with AS 0 (RFC 7607)', '40 02 06 02 01 00000000', `${origin} ${nextHop}`],
    ['AS_PATH with an AS_SET (RFC 9774)', '40 02 06 01 01 0000fbf4', `${origin} ${nextHop}`],
    ['AS_PATH with a confederation sequence', '40 02 06 03 01 0000fbf4', `${origin} ${nextHop}`],
    ['AS_PATH with a confederation set', '40 02 06 04 01 0000fbf4', `${origin} ${nextHop}`],
    ['NEXT_HOP of three octets', '40 03 03 0a0000', `${origin} ${asPath}`],
    ['NEXT_HOP of five octets', '40 03 05 0a00000100', `${origin} ${asPath}`],
    ['NEXT_HOP 0.0.0.0', '40 03 04 00000000', `${origin} ${asPath}`],
    ['NEXT_HOP that is multicast', '40 03 04 e0000001', `${origin} ${asPath}`],
  ])('treats routes as withdrawn: %s', (_, attribute, others) => {
    const code = hex(attribute)[1];
    const result = outcome({ attributes: `${others} ${attribute}`, announced: route });
    expect(result).toMatch(new RegExp(`^${withdrawn}, withdraw ${code}(, withdraw ${code})?$`));
  });

  it.each([
    ['MULTI_EXIT_DISC of three octets', '80 04 03 000005', 'withdraw 4'],
    ['COMMUNITIES of no octets', 'c0 08 00', 'withdraw 8'],
    ['COMMUNITIES of five octets', 'c0 08 05 fbf4006400', 'withdraw 8'],
    ['IPv6 EXTENDED COMMUNITIES of no octets', 'c0 19 00', 'withdraw 25'],
    ['IPv6 EXTENDED COMMUNITIES of nineteen octets', `c0 19 13 ${'00'.repeat(19)}`, 'withdraw 25'],
    ['ONLY_TO_CUSTOMER of three octets', 'c0 23 03 00fbf4', 'withdraw 35'],
    ['ONLY_TO_CUSTOMER of no octets', 'c0 23 00', 'withdraw 35'],
    ['EXTENDED COMMUNITIES of four octets', 'c0 10 04 00000000', 'withdraw 16'],
    ['EXTENDED COMMUNITIES of no octets', 'c0 10 00', 'withdraw 16'],
    ['LARGE_COMMUNITY of no octets', 'c0 20 00', 'withdraw 32'],
    ['LARGE_COMMUNITY of eleven octets', 'c0 20 0b 0000000000000000000000', 'withdraw 32'],
    ['wrong flags of a well-known attribute', 'c0 06 00', 'withdraw 6'],
    ['wrong flags of a transitive attribute', '80 08 04 fbf40064', 'withdraw 8'],
    ['wrong flags of a non-transitive attribute', 'c0 04 04 00000005', 'withdraw 4'],
    ['an unknown attribute that claims to be well-known', '40 63 00', 'withdraw 99'],
    ['an attribute that is longer than what is left', '80 04 05 00000005', 'withdraw -'],
    ['one octet that is no attribute', '80', 'withdraw -'],
    ['two octets that are no attribute', '80 04', 'withdraw -'],
    ['a long attribute with half a length', '90 04 00', 'withdraw -'],
  ])('treats routes as withdrawn: %s', (_, attribute, fault) => {
    expect(withAttribute(attribute)).toBe(`${withdrawn}, ${fault}`);
  });

  it.each([
    ['LOCAL_PREF of three octets', '40 05 03 000064', 5],
    ['ORIGINATOR_ID of three octets', '80 09 03 0a0000', 9],
    ['CLUSTER_LIST of no octets', '80 0a 00', 10],
    ['CLUSTER_LIST of five octets', '80 0a 05 0000000100', 10],
    ['LOCAL_PREF with wrong flags', '80 05 04 00000064', 5],
  ])('treats routes as withdrawn on iBGP, and drops the attribute on eBGP: %s', (_, attribute, code) => {
    expect(withAttribute(attribute, ibgp)).toBe(`${withdrawn}, withdraw ${code}`);
    expect(withAttribute(attribute)).toBe(`${announced}, discard ${code}`);
  });

  it.each([
    ['LOCAL_PREF', '40 05 04 00000064', 5],
    ['ORIGINATOR_ID', '80 09 04 0a000001', 9],
    ['CLUSTER_LIST', '80 0a 04 00000001', 10],
  ])('drops %s from eBGP, though nothing is wrong with it', (_, attribute, code) => {
    expect(withAttribute(attribute)).toBe(`${announced}, discard ${code}`);
    expect(withAttribute(attribute, ibgp)).toBe(announced);
  });

  it.each([
    ['ATOMIC_AGGREGATE of one octet', '40 06 01 00', 6],
    ['AGGREGATOR of six octets between four-octet speakers', 'c0 07 06 fbf40a000001', 7],
    ['AGGREGATOR of AS 0 (RFC 7607)', 'c0 07 08 000000000a000001', 7],
    ['AIGP with a TLV that is shorter than its head', '80 1a 03 01 0002', 26],
    ['AIGP with a TLV that is cut', '80 1a 03 01 000b', 26],
    ['BGP-LS with a TLV that is cut', '80 1d 04 0400 0001', 29],
    ['PREFIX_SID from eBGP (RFC 8669 §4)', 'c0 28 04 01 0001 07', 40],
    ['AS4_PATH between four-octet speakers (RFC 6793 §6)', 'c0 11 06 02 01 0000fbf4', 17],
    ['AS4_AGGREGATOR between four-octet speakers', 'c0 12 08 0000fbf40a000001', 18],
  ])('drops the attribute: %s', (_, attribute, code) => {
    expect(withAttribute(attribute)).toBe(`${announced}, discard ${code}`);
  });

  it('drops PREFIX_SID with a TLV that is cut', () => {
    expect(withAttribute('c0 28 03 01 0001', ibgp)).toBe(`${announced}, discard 40`);
  });

  it('ignores AIGP and BGP-LS that are whole, as no session uses them', () => {
    expect(withAttribute('80 1a 0b 01 000b 0000000000000001 80 1d 05 0400 0001 07')).toBe(announced);
  });

  it.each([
    ['ORIGIN', `${asPath} ${nextHop}`, 1],
    ['AS_PATH', `${origin} ${nextHop}`, 2],
    ['NEXT_HOP', `${origin} ${asPath}`, 3],
  ])('treats routes as withdrawn where %s is missing', (_, attributes, code) => {
    expect(outcome({ attributes, announced: route })).toBe(`${withdrawn}, withdraw ${code}`);
  });

  it('asks for no NEXT_HOP where MP_REACH_NLRI has one, but for the others', () => {
    expect(outcome({ attributes: `${mpReach} ${origin}` })).toBe('-2001:db8::/32, withdraw 2');
  });

  it('withdraws all routes of the message, of both families', () => {
    expect(outcome({ attributes: `${mpReach} ${mandatory} c0 08 00`, announced: route })).toBe(`${withdrawn}, -2001:db8::/32, withdraw 8`);
  });

  it('withdraws IPv6 routes whose next hop can be none', () => {
    const withNextHop = (address: string): string =>
      outcome({ attributes: `80 0e 1a 0002 01 10 ${address} 00 20 20010db8 ${origin} ${asPath}` });
    expect(withNextHop('00000000000000000000000000000000')).toBe('-2001:db8::/32, withdraw 3');
    expect(withNextHop('ff020000000000000000000000000001')).toBe('-2001:db8::/32, withdraw 3');
  });

  it('keeps the first of two equal attributes', () => {
    expect(withAttribute('40 01 01 02')).toBe(`${announced}, discard 1`);
    expect(withAttribute('c0 64 00 c0 64 00')).toBe(`${announced}, discard 100`);
    expect(decoded({ attributes: `${mandatory} 40 01 01 02`, announced: route }).reachable[0]?.attributes.origin).toBe('IGP');
  });

  it.each([
    ['withdrawn routes are longer than the message', hex('0005 00 0000'), '3/1'],
    ['attributes are longer than the message', hex('0000 0005 00'), '3/1'],
    ['an announced prefix is longer than 32 bits', anUpdateBody({ attributes: mandatory, announced: '21 c000023500' }), '3/10'],
    ['an announced prefix is cut', anUpdateBody({ attributes: mandatory, announced: '20 c00002' }), '3/10'],
    ['a withdrawn prefix is longer than 32 bits', anUpdateBody({ withdrawn: '21 c000023500' }), '3/10'],
    ['a withdrawn prefix is cut', anUpdateBody({ withdrawn: '20 c0' }), '3/10'],
  ])('ends the session where %s', (_, body, error) => {
    expect(outcome(body)).toBe(`reset ${error}`);
  });

  it.each([
    ['MP_REACH_NLRI of two octets', '80 0e 02 0002', '3/9'],
    ['MP_REACH_NLRI twice', `${mpReach} ${mpReach}`, '3/1'],
    ['MP_UNREACH_NLRI of two octets', '80 0f 02 0002', '3/9'],
    ['MP_UNREACH_NLRI twice', `${mpUnreach} ${mpUnreach}`, '3/1'],
    ['MP_UNREACH_NLRI with a prefix that is cut, beside attributes of no routes (§5.2)', '80 0f 06 0002 01 20 2001', '3/1'],
  ])('ends the session as routes can not be found any more: %s', (_, attributes, error) => {
    expect(outcome({ attributes: `${attributes} ${origin} ${asPath}` })).toMatch(new RegExp(`^reset ${error}$`));
  });

  it.each([
    ['MP_REACH_NLRI of four octets', '80 0e 04 0002 01 00'],
    ['MP_REACH_NLRI with a next hop that is cut', `80 0e 08 0002 01 10 20010db8`],
    ['MP_REACH_NLRI without the reserved octet', `80 0e 14 0002 01 10 ${v6NextHop}`],
    ['MP_REACH_NLRI with an IPv6 next hop of four octets', '80 0e 0e 0002 01 04 0a000001 00 20 20010db8'],
    ['MP_REACH_NLRI with an IPv6 next hop of 24 octets', `80 0e 22 0002 01 18 ${v6NextHop} fe80000000000000 00 20 20010db8`],
    ['MP_REACH_NLRI with a prefix of 129 bits', `80 0e 17 0002 01 10 ${v6NextHop} 00 81 20`],
    ['MP_REACH_NLRI with a prefix that is cut', `80 0e 18 0002 01 10 ${v6NextHop} 00 20 2001`],
    ['MP_REACH_NLRI with wrong flags', mpReach.replace('80', 'c0')],
  ])('ends the family whose routes can not be found any more, and harms no other: %s', (_, attribute) => {
    expect(outcome({ attributes: `${attribute} ${origin} ${asPath}` })).toBe('disableFamily 14, IPv6 is over');
    expect(outcome({ attributes: `${attribute} ${mandatory}`, announced: route })).toBe(`${announced}, disableFamily 14, IPv6 is over`);
    const withoutIpv6 = aContext({ families: ['IPv4'] });
    expect(outcome({ attributes: `${attribute} ${mandatory}`, announced: route }, withoutIpv6)).toBe(`${announced}, discard -`);
  });

  it.each([
    ['a prefix that is cut', '80 0f 06 0002 01 20 2001'],
    ['wrong flags', mpUnreach.replace('80', '40')],
  ])('ends the family whose withdrawals can not be read: MP_UNREACH_NLRI with %s', (_, attribute) => {
    expect(outcome({ attributes: attribute })).toBe('disableFamily 15, IPv6 is over');
    expect(outcome({ attributes: `${attribute} ${mandatory}`, announced: route })).toBe(`${announced}, disableFamily 15, IPv6 is over`);
  });

  it('ends IPv4 where routes in MP_REACH_NLRI have a next hop of another length', () => {
    const withNextHop = (nextHops: string) => `80 0e 12 0001 01 08 ${nextHops} 00 ${route} ${origin} ${asPath}`;
    expect(outcome({ attributes: withNextHop('0a0000010a000002') })).toBe('disableFamily 14, IPv4 is over');
  });

  it('ignores malformed withdrawals of a family that was not agreed on, beside attributes of no routes too', () => {
    const onlyIpv4 = aContext({ families: ['IPv4'] });
    expect(outcome({ attributes: `80 0f 06 0002 01 20 2001 ${origin}` }, onlyIpv4)).toBe('discard -');
  });

  it('ignores malformed routes of families that we do not know', () => {
    expect(outcome({ attributes: `c0 0e 05 4004 47 00 00 ${mandatory}`, announced: route })).toBe(`${announced}, discard -`);
    expect(outcome({ attributes: 'c0 0f 03 4004 47' })).toBe('discard -');
  });

  it('takes the strongest of several verdicts', () => {
    const brokenReach = mpReach.replace('80', 'c0');
    const fields = { attributes: `${brokenReach} ${mandatory} 40 06 01 00 c0 08 00`, announced: route };
    expect(outcome(fields)).toBe(`${withdrawn}, disableFamily 14, discard 6, withdraw 8, IPv6 is over`);
    expect(outcome({ attributes: `${brokenReach} ${origin} ${asPath} c0 08 00` })).toBe('disableFamily 14, withdraw 8, IPv6 is over');
  });

  it('ends the session where an attribute is malformed and there are no routes to withdraw (§5.2)', () => {
    expect(outcome({ attributes: 'c0 08 00' })).toBe('reset 3/1');
    expect(outcome({ attributes: `${mpUnreach} c0 08 00` })).toBe('reset 3/1');
    expect(outcome({ attributes: '40 06 01 00' })).toBe('discard 6');
  });

  it('quotes the attribute to the router where one ends the session', () => {
    const result = decodeUpdate(anUpdateBody({ attributes: '80 0f 02 0002' }), aContext());
    expect(!result.ok && toHex(result.error.notification.data)).toBe('800f020002');
  });

  it('names attribute, problem and rule for those who read the log, and quotes the attribute (§6)', () => {
    const faultsOf = (attribute: string) => decoded({ attributes: `${mandatory} ${attribute}`, announced: route }).faults;
    expect(faultsOf('c0 08 05 fbf4006400')).toEqual([
      {
        verdict: 'withdraw',
        code: 8,
        message: 'COMMUNITIES has 5 octets',
        clause: 'RFC 7606 §7.8',
        attribute: hex('c0 08 05 fbf4006400'),
      },
    ]);
    expect(faultsOf('80 04 05 00')).toMatchObject([{ clause: 'RFC 7606 §4', attribute: hex('80 04 05 00') }]);
    expect(faultsOf('c0 04 04 00000005')).toMatchObject([{ message: 'MULTI_EXIT_DISC has flags 0xc0', clause: 'RFC 7606 §3.c' }]);
    expect(faultsOf('c0 07 08 000000000a000001')).toMatchObject([{ clause: 'RFC 7607 §2' }]);
  });

  it('keeps the whole message where something was wrong with it, and only there (§6)', () => {
    const frameOf = (attributes: string, announcedPrefixes = '') => aFrame(2, anUpdateBody({ attributes, announced: announcedPrefixes }));
    const bytesOf = (frame: Uint8Array) => {
      const result = decodeMessage(frame, aContext());
      if (!result.ok) return result.error.bytes;
      return result.value.kind === 'update' ? result.value.bytes : undefined;
    };
    for (const frame of [frameOf(`${mandatory} 40 06 01 00`, route), frameOf('c0 08 00')]) expect(bytesOf(frame)).toEqual(frame);
    expect(bytesOf(frameOf(mandatory, route))).toBeUndefined();
  });
});

describe('routes with path identifiers (RFC 7911)', () => {
  const addPath = aContext({ addPath: ['IPv4', 'IPv6'] });

  it('have them in all four places', () => {
    const id = (number: number): string => `0000000${number}`;
    const reach = `80 0e 1e 0002 01 10 ${v6NextHop} 00 ${id(2)} 20 20010db8`;
    const unreach = `80 0f 0c 0002 01 ${id(3)} 20 20010db8`;
    const all = {
      withdrawn: `${id(4)} ${route}`,
      attributes: `${reach} ${unreach} ${mandatory}`,
      announced: `${id(1)} ${route} ${id(5)} 00`,
    };
    const { reachable, unreachable } = decoded(all, addPath);
    expect(reachable.map(({ pathIds }) => pathIds)).toEqual([[1, 5], [2]]);
    expect(unreachable).toEqual([
      { family: 'IPv4', prefixes: [prefix('192.0.2.53/32')], pathIds: [4] },
      { family: 'IPv6', prefixes: [prefix('2001:db8::/32')], pathIds: [3] },
    ]);
  });

  it('keep them when they are treated as withdrawn', () => {
    expect(decoded({ attributes: mandatory.replace(origin, ''), announced: `00000007 ${route}` }, addPath).unreachable).toMatchObject([
      { pathIds: [7] },
    ]);
  });

  it('are cut where an identifier is', () => {
    expect(outcome({ attributes: mandatory, announced: '000000' }, addPath)).toBe('reset 3/10');
  });

  it('leave families alone for which they were not agreed on', () => {
    const onlyIpv6 = aContext({ addPath: ['IPv6'] });
    expect(outcome({ attributes: mandatory, announced: route }, onlyIpv6)).toBe(announced);
    expect(decoded({ attributes: mandatory, announced: route }, onlyIpv6).reachable[0]).not.toHaveProperty('pathIds');
  });
});

describe('IPv4 routes with IPv6 next hops (RFC 8950)', () => {
  const extended = aContext({ extendedNextHop: true });
  const linkLocal = 'fe800000000000000000000000000001';
  const reach = (length: string, nextHops: string): string => {
    const value = `0001 01 ${length} ${nextHops} 00 ${route}`;
    return `80 0e ${hex(value).length.toString(16).padStart(2, '0')} ${value} ${origin} ${asPath}`;
  };

  it('may have one, or two of which the second is link-local', () => {
    expect(decoded({ attributes: reach('10', v6NextHop) }, extended).reachable).toMatchObject([{ nextHop: ip('2001:db8::1') }]);
    expect(decoded({ attributes: reach('20', `${v6NextHop} ${linkLocal}`) }, extended).reachable).toMatchObject([
      { family: 'IPv4', nextHop: ip('2001:db8::1'), linkLocalNextHop: ip('fe80::1') },
    ]);
  });

  it('may have IPv4 next hops all the same', () => {
    expect(decoded({ attributes: reach('04', '0a000001') }, extended).reachable).toMatchObject([{ nextHop: ip('10.0.0.1') }]);
  });

  it('end IPv4 where that was not agreed on, or the next hop is of no length that it can have', () => {
    expect(outcome({ attributes: reach('10', v6NextHop) })).toBe('disableFamily 14, IPv4 is over');
    expect(outcome({ attributes: reach('08', '0a0000010a000001') }, extended)).toBe('disableFamily 14, IPv4 is over');
  });
});

describe('Only to Customer (RFC 9234 §5)', () => {
  const peerAsn = 64_500;
  const mark = (asn: number): string => `c0 23 04 ${asn.toString(16).padStart(8, '0')}`;
  const from = (role: Role): DecodeContext => aContext({ relation: { role, peerAsn } });
  const otcOf = (attribute: string, context: DecodeContext) =>
    decoded({ attributes: `${mandatory} ${attribute}`, announced: route }, context).reachable[0]?.attributes.otc;

  it.each(['Provider', 'RouteServer'] as const)('shows a leak where it comes from below: we are %s', (role) => {
    expect(withAttribute(mark(peerAsn), from(role))).toBe(`${withdrawn}, withdraw 35`);
    expect(otcOf('', from(role))).toBeUndefined();
  });

  it('shows a leak where a peer passes on what it had from another AS', () => {
    expect(withAttribute(mark(64_999), from('Peer'))).toBe(`${withdrawn}, withdraw 35`);
    expect(otcOf(mark(peerAsn), from('Peer'))).toBe(peerAsn);
  });

  it.each(['Customer', 'RouteServerClient', 'Peer'] as const)('is added where it is missing from above or beside: we are %s', (role) => {
    expect(otcOf('', from(role))).toBe(peerAsn);
  });

  it.each(['Customer', 'RouteServerClient'] as const)('stays as it is from above: we are %s', (role) => {
    expect(otcOf(mark(64_999), from(role))).toBe(64_999);
  });

  it('is only passed on where no roles are configured', () => {
    expect(otcOf(mark(64_999), aContext())).toBe(64_999);
    expect(otcOf('', aContext())).toBeUndefined();
  });
});

describe('a router of two-octet AS numbers (RFC 6793)', () => {
  const path = '40 02 08 02 03 5ba0 fbf4 fbf5';
  const attributesOf = (attributes: string) => decoded({ attributes: `${origin} ${nextHop} ${attributes}`, announced: route }, twoOctets);
  const asPathOf = (attributes: string) => attributesOf(attributes).reachable[0]?.attributes.asPath;

  it('has its path completed from AS4_PATH', () => {
    expect(asPathOf(path)).toEqual([23_456, 64_500, 64_501]);
    expect(asPathOf(`${path} c0 11 0e 02 03 fa56ea00 0000fbf4 0000fbf5`)).toEqual([4_200_000_000, 64_500, 64_501]);
    expect(asPathOf(`${path} c0 11 06 02 01 0000fbf6`)).toEqual([23_456, 64_500, 64_502]);
  });

  it('has an AS4_PATH ignored that is longer than its path', () => {
    expect(asPathOf(`40 02 04 02 01 5ba0 c0 11 0a 02 02 fa56ea00 0000fbf4`)).toEqual([23_456]);
  });

  it('has confederation sequences taken out of AS4_PATH', () => {
    expect(asPathOf(`${path} c0 11 0c 03 01 0000fbf4 02 01 fa56ea00`)).toEqual([23_456, 64_500, 4_200_000_000]);
  });

  it('has a malformed AS4_PATH dropped, and withdrawn what has an AS_SET', () => {
    expect(attributesOf(`${path} c0 11 04 02 01 fbf4`).faults).toMatchObject([{ verdict: 'discard', code: 17 }]);
    expect(attributesOf(`${path} c0 11 06 02 01 00000000`).faults).toMatchObject([{ verdict: 'discard', code: 17 }]);
    expect(attributesOf(`${path} c0 11 06 01 01 0000fbf4`).faults).toMatchObject([{ verdict: 'withdraw', code: 17 }]);
  });

  it('has its aggregator completed from AS4_AGGREGATOR', () => {
    const as4 = 'c0 12 08 fa56ea00 0a000002';
    const aggregatorOf = (attributes: string) => attributesOf(`${path} ${attributes}`).reachable[0]?.attributes.aggregator;
    expect(aggregatorOf(`c0 07 06 5ba0 0a000001 ${as4}`)).toEqual({ asn: 4_200_000_000, address: ip('10.0.0.2') });
    expect(aggregatorOf('c0 07 06 fbf4 0a000001')).toEqual({ asn: 64_500, address: ip('10.0.0.1') });
    expect(aggregatorOf(as4)).toBeUndefined();
  });

  it('has both AS4 attributes ignored where a two-octet aggregator made the route anew', () => {
    const attributes = `${path} c0 07 06 fbf4 0a000001 c0 11 06 02 01 fa56ea00 c0 12 08 fa56ea00 0a000002`;
    const [group] = attributesOf(attributes).reachable;
    expect(group?.attributes).toMatchObject({ asPath: [23_456, 64_500, 64_501], aggregator: { asn: 64_500 } });
  });

  it('gets AS_TRANS and the AS4 attributes where a number needs four octets, and only there', () => {
    const encoded = (asn: number): string =>
      toHex(
        encodeMessage(
          anAnnouncement({ attributes: { origin: 'IGP', asPath: [asn], aggregator: { asn, address: ip('10.0.0.1') } } }),
          twoOctets,
        ),
      );
    expect(encoded(4_200_000_000)).toContain('40020402015ba0');
    expect(encoded(4_200_000_000)).toContain('c007065ba00a000001');
    expect(encoded(4_200_000_000)).toContain('c011060201fa56ea00');
    expect(encoded(4_200_000_000)).toContain('c01208fa56ea000a000001');
    expect(encoded(64_500)).not.toMatch(/c0110|c0120/);
  });
});

describe('what took other implementations down', () => {
  const all = `${mandatory}`;
  it.each([
    ['only an unknown transitive attribute (CVE-2023-46753)', { attributes: 'c0 ff 00' }, ''],
    ['prefixes without any attribute (CVE-2023-41358)', { announced: route }, `${withdrawn}, withdraw 1`],
    [
      'MP_UNREACH_NLRI and prefixes without attributes (CVE-2023-47234)',
      { attributes: mpUnreach, announced: route },
      `-2001:db8::/32, ${withdrawn}, withdraw 1`,
    ],
    [
      'a tunnel encapsulation attribute of nonsense (CVE-2023-38802)',
      { attributes: `${all} c0 17 03 ffffff`, announced: route },
      announced,
    ],
    [
      'NEXT_HOP of three octets (CVE-2026-30405)',
      { attributes: `${origin} ${asPath} 40 03 03 0a0000`, announced: route },
      `${withdrawn}, withdraw 3, withdraw 3`,
    ],
    [
      'IPv6 extended communities of nonsense (CVE-2026-37461)',
      { attributes: `${all} c0 19 05 0102030405`, announced: route },
      `${withdrawn}, withdraw 25`,
    ],
    [
      'an only-to-customer attribute of 1024 octets',
      { attributes: `${all} d0 23 0400 ${'00'.repeat(1_024)}`, announced: route },
      `${withdrawn}, withdraw 35`,
    ],
    ['an entropy label attribute', { attributes: `${all} e0 1c 00`, announced: route }, announced],
  ])('%s', (_, fields, expected) => {
    expect(outcome(fields)).toBe(expected);
  });

  it('a malformed AS4_PATH before AS_PATH (CVE-2026-41643)', () => {
    expect(outcome({ attributes: `c0 11 04 02 01 fbf4 ${origin} 40 02 04 02 01 fbf4 ${nextHop}`, announced: route }, twoOctets)).toBe(
      `${announced}, discard 17`,
    );
  });
});
