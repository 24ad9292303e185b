import { describe, expect, it } from 'vitest';
import type { Capability } from '#bgp/wire/messages.ts';
import { unwrap } from '#runtime/result.ts';
import { makeOpen, negotiate } from './open.ts';
import { anOpen, aSettings } from './testing/builders.ts';

const multiprotocol = (afi: number, safi = 1): Capability => ({ kind: 'multiprotocol', afi, safi });
const subcodeOf = (open = anOpen(), settings = aSettings()): number | undefined => {
  const result = negotiate(open, settings);
  return result.ok ? undefined : result.error.notification.subcode;
};

describe('our OPEN', () => {
  it('offers the families, route refresh and four-octet AS numbers', () => {
    expect(makeOpen(aSettings({ families: ['IPv4', 'IPv6'], localAsn: 4_200_000_000 }))).toEqual({
      kind: 'open',
      asn: 4_200_000_000,
      holdTimeS: 9,
      routerId: 0xc0000201,
      capabilities: [multiprotocol(1), multiprotocol(2), { kind: 'routeRefresh' }, { kind: 'fourOctetAsn', asn: 4_200_000_000 }],
    });
  });
});

describe('the OPEN of a router', () => {
  it('with another AS than configured is answered with Bad Peer AS', () => {
    expect(subcodeOf(anOpen({ asn: 64999 }))).toBe(2);
  });

  it('with AS 0 is answered with Bad Peer AS, also where any AS is accepted', () => {
    expect(subcodeOf(anOpen({ asn: 0 }), aSettings({ peerAsn: undefined }))).toBe(2);
  });

  it('with any AS is accepted where none is configured', () => {
    expect(unwrap(negotiate(anOpen({ asn: 64999 }), aSettings({ peerAsn: undefined }))).peerAsn).toBe(64999);
  });

  it('with our own BGP Identifier is refused on iBGP only', () => {
    const twin = anOpen({ asn: 64500, routerId: aSettings().routerId });
    expect(subcodeOf(twin, aSettings({ peerAsn: 64500 }))).toBe(3);
    expect(subcodeOf(anOpen({ routerId: aSettings().routerId }))).toBeUndefined();
  });

  it('makes the session iBGP where both are in one AS', () => {
    expect(unwrap(negotiate(anOpen({ asn: 64500 }), aSettings({ peerAsn: 64500 }))).context.peerType).toBe('ibgp');
    expect(unwrap(negotiate(anOpen(), aSettings())).context.peerType).toBe('ebgp');
  });

  it('lowers the hold time, never raises it; zero on either side turns it off', () => {
    const holdTimeMs = (ours: number, theirs: number) =>
      unwrap(negotiate(anOpen({ holdTimeS: theirs }), aSettings({ holdTimeMs: ours }))).holdTimeMs;
    expect([holdTimeMs(9_000, 180), holdTimeMs(180_000, 9), holdTimeMs(0, 9), holdTimeMs(9_000, 0)]).toEqual([9_000, 9_000, 0, 0]);
  });

  it('keeps the families that both sides offer, in our order', () => {
    const settings = aSettings({ families: ['IPv4', 'IPv6'] });
    const families = (...capabilities: Capability[]) => unwrap(negotiate(anOpen({ capabilities }), settings)).context.families;
    expect(families(multiprotocol(2), multiprotocol(1))).toEqual(['IPv4', 'IPv6']);
    expect(families(multiprotocol(2))).toEqual(['IPv6']);
    expect(families(multiprotocol(2, 128), multiprotocol(25, 70))).toEqual([]);
  });

  it('means IPv4 unicast where it has no multiprotocol capability', () => {
    expect(unwrap(negotiate(anOpen({ capabilities: [] }), aSettings({ families: ['IPv4', 'IPv6'] }))).context.families).toEqual(['IPv4']);
  });

  it('decides whether AS numbers take four octets', () => {
    expect(unwrap(negotiate(anOpen(), aSettings())).context.fourOctetAsn).toBe(true);
    expect(unwrap(negotiate(anOpen({ capabilities: [] }), aSettings())).context.fourOctetAsn).toBe(false);
  });
});
