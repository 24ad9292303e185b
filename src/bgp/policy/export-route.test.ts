import { describe, expect, it } from 'vitest';
import { type AddressFamily, formatIpAddress, parseIpAddress } from '#net/ip-address.ts';
import { unwrap } from '#runtime/result.ts';
import { exportRoute, type PolicySession, type RouteAttributes } from './export-route.ts';

const ip = (text: string) => unwrap(parseIpAddress(text));

const ebgp: PolicySession = {
  localAsn: 64_500,
  peerAsn: 64_501,
  families: ['IPv4', 'IPv6'],
  configured: {},
  localAddress: ip('192.0.2.10'),
  interfaceAddresses: [],
};
const ibgp: PolicySession = { ...ebgp, peerAsn: 64_500 };

const plain: RouteAttributes = { communities: [], largeCommunities: [], prepend: 0 };

const attributesOn = (session: PolicySession, route: Partial<RouteAttributes> = {}) =>
  unwrap(exportRoute('IPv4', { ...plain, ...route }, session)).attributes;

const refusalOn = (session: PolicySession, route: Partial<RouteAttributes> = {}, family: AddressFamily = 'IPv4') => {
  const result = exportRoute(family, { ...plain, ...route }, session);
  return result.ok ? undefined : result.error;
};

/** The next hop, and the second one where there are two. */
function nextHopOn(family: AddressFamily, session: Partial<PolicySession>): string {
  const { nextHop, linkLocalNextHop } = unwrap(exportRoute(family, plain, { ...ebgp, ...session }));
  return [nextHop, ...(linkLocalNextHop ? [linkLocalNextHop] : [])].map(formatIpAddress).join(' ');
}

describe('attributes', () => {
  it('have ORIGIN IGP', () => {
    expect(attributesOn(ebgp).origin).toBe('IGP');
    expect(attributesOn(ibgp).origin).toBe('IGP');
  });

  it('have our AS as path on eBGP and no path on iBGP', () => {
    expect(attributesOn(ebgp).asPath).toEqual([64_500]);
    expect(attributesOn(ibgp).asPath).toEqual([]);
  });

  it('repeat our AS on eBGP as often as asked, and refuse to on iBGP, where the router would see a loop', () => {
    expect(attributesOn(ebgp, { prepend: 2 }).asPath).toEqual([64_500, 64_500, 64_500]);
    expect(refusalOn(ibgp, { prepend: 1 })).toBe('PrependRefused');
  });

  it('have LOCAL_PREF on iBGP always, 100 where nothing is set, and on eBGP never', () => {
    expect(attributesOn(ibgp).localPref).toBe(100);
    expect(attributesOn(ibgp, { localPref: 0 }).localPref).toBe(0);
    expect(attributesOn(ibgp, { localPref: 250 }).localPref).toBe(250);
    expect(attributesOn(ebgp, { localPref: 250 })).not.toHaveProperty('localPref');
  });

  it('have LOCAL_PREF 0 on iBGP with GRACEFUL_SHUTDOWN, which routers heed on eBGP only', () => {
    expect(attributesOn(ibgp, { communities: [0xffff0000], localPref: 250 }).localPref).toBe(0);
    expect(attributesOn(ebgp, { communities: [0xffff0000] })).not.toHaveProperty('localPref');
  });

  it('have MED where it is set, 0 too', () => {
    expect(attributesOn(ebgp, { med: 0 }).med).toBe(0);
    expect(attributesOn(ibgp, { med: 7 }).med).toBe(7);
    expect(attributesOn(ebgp)).not.toHaveProperty('med');
  });

  it('have the communities', () => {
    const { communities, largeCommunities } = attributesOn(ebgp, { communities: [1, 2], largeCommunities: [[1, 2, 3]] });
    expect(communities).toEqual([1, 2]);
    expect(largeCommunities).toEqual([[1, 2, 3]]);
  });

  it('have well-known communities like all others: they are orders to the router', () => {
    const orders = [0xffff029a, 0xffffff01, 0xffffff02];
    expect(attributesOn(ebgp, { communities: orders }).communities).toEqual(orders);
    expect(attributesOn(ibgp, { communities: orders }).communities).toEqual(orders);
  });

  it('have NO_LLGR where the peer shall have it, once and in its place', () => {
    const noLlgr = { ...ebgp, noLlgr: true };
    expect(attributesOn(noLlgr).communities).toEqual([0xffff0007]);
    expect(attributesOn(noLlgr, { communities: [1, 0xffffff01] }).communities).toEqual([1, 0xffff0007, 0xffffff01]);
    expect(attributesOn(noLlgr, { communities: [0xffff0007] }).communities).toEqual([0xffff0007]);
    expect(attributesOn(ebgp).communities).toEqual([]);
  });

  it('refuse more communities than an UPDATE has room for', () => {
    const many = Array.from({ length: 768 }, (_, index) => index);
    expect(refusalOn(ebgp, { communities: many })).toBeUndefined();
    expect(refusalOn(ebgp, { communities: many, largeCommunities: [[1, 2, 3]] })).toBe('TooManyCommunities');
  });
});

describe('another AS for one router (RFC 7705)', () => {
  const as = (replaceAs: boolean): PolicySession => ({ ...ebgp, localAs: { asn: 64_999, replaceAs } });

  it('stands before ours, or in place of it', () => {
    expect(attributesOn(as(false)).asPath).toEqual([64_999, 64_500]);
    expect(attributesOn(as(true)).asPath).toEqual([64_999]);
  });

  it('is the one that is repeated', () => {
    expect(attributesOn(as(false), { prepend: 2 }).asPath).toEqual([64_999, 64_999, 64_999, 64_500]);
    expect(attributesOn(as(true), { prepend: 1 }).asPath).toEqual([64_999, 64_999]);
  });

  it('is the one that marks routes', () => {
    expect(attributesOn({ ...as(false), role: 'Peer' }).otc).toBe(64_999);
  });
});

describe('Only to Customer (RFC 9234 §5)', () => {
  it.each(['Provider', 'Peer', 'RouteServer'] as const)('goes along where routes may only go down from there: we are %s', (role) => {
    expect(attributesOn({ ...ebgp, role }).otc).toBe(64_500);
  });

  it.each(['Customer', 'RouteServerClient', undefined] as const)(
    'does not where they may go up, or nothing is known: we are %s',
    (role) => {
      expect(attributesOn(role === undefined ? ebgp : { ...ebgp, role })).not.toHaveProperty('otc');
    },
  );

  it('does not on iBGP', () => {
    expect(attributesOn({ ...ibgp, role: 'Provider' })).not.toHaveProperty('otc');
  });
});

describe('a family that the router did not agree to', () => {
  it('is not announced, whatever else holds', () => {
    expect(refusalOn({ ...ibgp, families: ['IPv6'] }, { prepend: 1 })).toBe('FamilyNotNegotiated');
  });
});

describe('the next hop', () => {
  const configured = { IPv4: ip('198.51.100.1'), IPv6: ip('2001:db8::1') };
  const interfaceAddresses = [ip('fe80::1'), ip('2001:db8::20'), ip('192.0.2.20'), ip('2001:db8::21')];

  it('is what is configured for the family', () => {
    expect(nextHopOn('IPv4', { configured, interfaceAddresses })).toBe('198.51.100.1');
    expect(nextHopOn('IPv6', { configured, interfaceAddresses })).toBe('2001:db8::1');
  });

  it('else is our end of the session, if that is of the family', () => {
    expect(nextHopOn('IPv4', { interfaceAddresses })).toBe('192.0.2.10');
    expect(nextHopOn('IPv6', { localAddress: ip('2001:db8::10'), interfaceAddresses })).toBe('2001:db8::10');
  });

  it('else is a global address of the family on the interface that reaches the peer', () => {
    expect(nextHopOn('IPv6', { interfaceAddresses })).toBe('2001:db8::20');
    expect(nextHopOn('IPv4', { localAddress: ip('2001:db8::10'), interfaceAddresses })).toBe('192.0.2.20');
  });

  it('is not the link-local end of a session', () => {
    expect(nextHopOn('IPv6', { localAddress: ip('fe80::2'), interfaceAddresses })).toBe('2001:db8::20');
  });

  it('else is missing: the route is not announced there', () => {
    expect(refusalOn(ebgp, {}, 'IPv6')).toBe('NoNextHop');
    expect(refusalOn({ ...ebgp, localAddress: ip('fe80::2'), interfaceAddresses: [ip('fe80::3')] })).toBe('NoNextHop');
  });

  it('of IPv6 has our link-local address along where the router shares the link (RFC 2545)', () => {
    const linkLocalAddress = ip('fe80::1');
    expect(nextHopOn('IPv6', { interfaceAddresses, linkLocalAddress })).toBe('2001:db8::20 fe80::1');
    expect(nextHopOn('IPv6', { configured, linkLocalAddress })).toBe('2001:db8::1');
    expect(nextHopOn('IPv4', { linkLocalAddress })).toBe('192.0.2.10');
  });

  it('of IPv6 is our link-local address alone where there is no global one, as between unnumbered routers', () => {
    expect(nextHopOn('IPv6', { localAddress: ip('fe80::1'), linkLocalAddress: ip('fe80::1') })).toBe('fe80::1');
  });

  it('of IPv4 is one of IPv6 where there is none of IPv4 and the router takes that (RFC 8950)', () => {
    const unnumbered = { localAddress: ip('fe80::1'), linkLocalAddress: ip('fe80::1') };
    expect(nextHopOn('IPv4', { ...unnumbered, extendedNextHop: true })).toBe('fe80::1');
    expect(nextHopOn('IPv4', { ...unnumbered, extendedNextHop: true, configured: { IPv6: ip('2001:db8::1') } })).toBe('2001:db8::1');
    expect(refusalOn({ ...ebgp, ...unnumbered })).toBe('NoNextHop');
  });

  it('of IPv4 is of IPv6 between link-local addresses, as the router need not have our subnet: unless one is configured, or it takes none', () => {
    const linkLocal = { localAddress: ip('fe80::1'), linkLocalAddress: ip('fe80::1'), interfaceAddresses };
    expect(nextHopOn('IPv4', { ...linkLocal, extendedNextHop: true })).toBe('2001:db8::20 fe80::1');
    expect(nextHopOn('IPv4', { ...linkLocal, extendedNextHop: true, configured })).toBe('198.51.100.1');
    expect(nextHopOn('IPv4', linkLocal)).toBe('192.0.2.20');
    expect(nextHopOn('IPv4', { extendedNextHop: true, interfaceAddresses })).toBe('192.0.2.10');
  });

  it('of one family says nothing about the other', () => {
    expect(refusalOn({ ...ebgp, configured: { IPv4: ip('198.51.100.1') } }, {}, 'IPv6')).toBe('NoNextHop');
  });
});
