import { describe, expect, it } from 'vitest';
import { encodeCapability } from '#bgp/wire/capabilities.ts';
import type { Capability, OpenMessage } from '#bgp/wire/messages.ts';
import { unwrap } from '#runtime/result.ts';
import { makeOpen, negotiate } from './open.ts';
import { type FsmSettings, type Negotiated, newSession } from './session.ts';
import { anOpen, aSettings } from './testing/builders.ts';

const multiprotocol = (afi: number, safi = 1): Capability => ({ kind: 'multiprotocol', afi, safi });
const both = [multiprotocol(1), multiprotocol(2)];

const agree = (open: Partial<OpenMessage> = {}, settings: Partial<FsmSettings> = {}): Negotiated =>
  unwrap(negotiate(anOpen(open), aSettings(settings), newSession));
const refusal = (open: Partial<OpenMessage> = {}, settings: Partial<FsmSettings> = {}) => {
  const result = negotiate(anOpen(open), aSettings(settings), newSession);
  return result.ok ? undefined : result.error;
};
const subcodeOf = (...args: Parameters<typeof refusal>): number | undefined => refusal(...args)?.notification.subcode;

describe('our OPEN', () => {
  it('offers the families, route refresh and four-octet AS numbers', () => {
    expect(makeOpen(aSettings({ families: ['IPv4', 'IPv6'], localAsn: 4_200_000_000 }), newSession)).toEqual({
      kind: 'open',
      asn: 4_200_000_000,
      holdTimeS: 9,
      routerId: 0xc0000201,
      capabilities: [...both, { kind: 'routeRefresh' }, { kind: 'enhancedRouteRefresh' }, { kind: 'fourOctetAsn', asn: 4_200_000_000 }],
    });
  });

  it('offers what is asked for beyond that', () => {
    const settings: Partial<FsmSettings> = {
      extendedMessages: true,
      extendedNextHop: true,
      receivesAddPath: true,
      role: 'Customer',
      gracefulRestart: { restartSeconds: 20, notification: true, restarted: true, forwardingPreserved: true },
    };
    expect(makeOpen(aSettings(settings), newSession).capabilities.slice(4)).toEqual([
      { kind: 'extendedMessages' },
      { kind: 'extendedNextHop', entries: [{ afi: 1, safi: 1, nextHopAfi: 2 }] },
      { kind: 'addPath', entries: [{ afi: 1, safi: 1, send: false, receive: true }] },
      { kind: 'role', role: 'Customer' },
      {
        kind: 'gracefulRestart',
        restarting: true,
        notification: true,
        restartTimeS: 20,
        families: [{ afi: 1, safi: 1, forwardingPreserved: true }],
      },
    ]);
  });

  it('says no role within our own AS', () => {
    const { capabilities } = makeOpen(aSettings({ peerAsn: 64500, role: 'Peer' }), newSession);
    expect(capabilities.some(({ kind }) => kind === 'role')).toBe(false);
  });

  it('offers nothing to a router that takes no optional parameters', () => {
    expect(makeOpen(aSettings(), { plainOpen: true }).capabilities).toEqual([]);
  });
});

describe('the OPEN of a router', () => {
  it('with another AS than configured is answered with Bad Peer AS', () => {
    expect(subcodeOf({ asn: 64999 })).toBe(2);
  });

  it('with AS 0 is answered with Bad Peer AS, also where any AS is accepted', () => {
    expect(subcodeOf({ asn: 0 }, { peerAsn: undefined })).toBe(2);
  });

  it('with any AS is accepted where none is configured', () => {
    expect(agree({ asn: 64999 }, { peerAsn: undefined }).peerAsn).toBe(64999);
  });

  it('with our own BGP Identifier is refused on iBGP only', () => {
    const { routerId } = aSettings();
    expect(subcodeOf({ asn: 64500, routerId }, { peerAsn: 64500 })).toBe(3);
    expect(subcodeOf({ routerId })).toBeUndefined();
  });

  it('makes the session iBGP where both are in one AS', () => {
    expect(agree({ asn: 64500 }, { peerAsn: 64500 }).context.peerType).toBe('ibgp');
    expect(agree().context.peerType).toBe('ebgp');
  });

  it('lowers the hold time, never raises it; zero on either side turns it off', () => {
    const holdTimeMs = (ours: number, theirs: number) => agree({ holdTimeS: theirs }, { holdTimeMs: ours }).holdTimeMs;
    expect([holdTimeMs(9_000, 180), holdTimeMs(180_000, 9), holdTimeMs(0, 9), holdTimeMs(9_000, 0)]).toEqual([9_000, 9_000, 0, 0]);
  });

  it('tells the name of the router, safe to print', () => {
    const named = (hostName: string, domainName: string) => agree({ capabilities: [{ kind: 'fqdn', hostName, domainName }] }).hostName;
    expect(named('tor-1', 'example.net')).toBe('tor-1.example.net');
    expect(named('tor\n1', '')).toBe('tor?1');
    expect(named('', '')).toBeUndefined();
    expect(agree().hostName).toBeUndefined();
  });
});

describe('families', () => {
  const ours: Partial<FsmSettings> = { families: ['IPv4', 'IPv6'] };

  it('are those that both sides offer, in our order', () => {
    const families = (...capabilities: Capability[]) => agree({ capabilities }, ours).context.families;
    expect(families(multiprotocol(2), multiprotocol(1))).toEqual(['IPv4', 'IPv6']);
    expect(families(multiprotocol(2), multiprotocol(25, 70))).toEqual(['IPv6']);
  });

  it('are IPv4 unicast where the router has no multiprotocol capability', () => {
    expect(agree({ capabilities: [] }, ours).context.families).toEqual(['IPv4']);
  });

  it('of which none is left are answered with Unsupported Capability, and with those that we need', () => {
    const refused = refusal({ capabilities: [multiprotocol(2, 128), multiprotocol(25, 70)] }, ours);
    expect(refused?.notification).toMatchObject({ code: 2, subcode: 7 });
    expect(refused?.notification.data).toEqual(Uint8Array.from(both.flatMap((capability) => [...encodeCapability(capability)])));
    expect(refused?.message).toContain('carries none of IPv4, IPv6');
  });

  it('beside IPv4 can not be had without capabilities', () => {
    const plain = negotiate(anOpen({ capabilities: both }), aSettings({ families: ['IPv6'] }), { plainOpen: true });
    expect(plain.ok).toBe(false);
  });
});

describe('what both offer', () => {
  const gracefulRestart = { restartSeconds: 20, notification: true, restarted: false, forwardingPreserved: false };
  const restart = (notification: boolean): Capability => ({
    kind: 'gracefulRestart',
    restarting: false,
    notification,
    restartTimeS: 120,
    families: [],
  });

  it('decides whether AS numbers take four octets', () => {
    expect(agree().context.fourOctetAsn).toBe(true);
    expect(agree({ capabilities: [] }).context.fourOctetAsn).toBe(false);
  });

  it('decides how long messages may be: what we offered we take, what both offered we send', () => {
    const lengths = (settings: Partial<FsmSettings>, ...capabilities: Capability[]) => {
      const { maxMessageLength, maxReceivedLength } = agree({ capabilities }, settings).context;
      return [maxMessageLength, maxReceivedLength];
    };
    const extended: Capability = { kind: 'extendedMessages' };
    expect(lengths({ extendedMessages: true }, extended)).toEqual([65_535, 65_535]);
    expect(lengths({ extendedMessages: true })).toEqual([4_096, 65_535]);
    expect(lengths({}, extended)).toEqual([4_096, 4_096]);
  });

  it('decides whether IPv4 routes may have IPv6 next hops', () => {
    const entry = (nextHopAfi: number, afi = 1): Capability => ({ kind: 'extendedNextHop', entries: [{ afi, safi: 1, nextHopAfi }] });
    const agreed = (settings: Partial<FsmSettings>, ...capabilities: Capability[]) =>
      agree({ capabilities }, settings).context.extendedNextHop;
    expect(agreed({ extendedNextHop: true }, entry(2))).toBe(true);
    expect(agreed({ extendedNextHop: true }, entry(1))).toBe(false);
    expect(agreed({ extendedNextHop: true }, entry(2, 25))).toBe(false);
    expect(agreed({ extendedNextHop: true })).toBe(false);
    expect(agreed({}, entry(2))).toBe(false);
  });

  it('decides of which families several paths come', () => {
    const paths = (send: boolean, afi = 1): Capability => ({ kind: 'addPath', entries: [{ afi, safi: 1, send, receive: !send }] });
    const agreed = (settings: Partial<FsmSettings>, capability: Capability) =>
      agree({ capabilities: [capability] }, settings).context.addPath;
    expect(agreed({ receivesAddPath: true }, paths(true))).toEqual(['IPv4']);
    expect(agreed({ receivesAddPath: true }, paths(false))).toEqual([]);
    expect(agreed({ receivesAddPath: true }, paths(true, 2))).toEqual([]);
    expect(agreed({}, paths(true))).toEqual([]);
  });

  it('decides whether a refresh is framed', () => {
    expect(agree({ capabilities: [{ kind: 'enhancedRouteRefresh' }] }).enhancedRefresh).toBe(true);
    expect(agree().enhancedRefresh).toBe(false);
  });

  it('decides whether a lost session is a restart, and a NOTIFICATION one', () => {
    const agreed = (settings: Partial<FsmSettings>, ...capabilities: Capability[]) => agree({ capabilities }, settings).gracefulRestart;
    expect(agreed({ gracefulRestart }, restart(true))).toEqual({ notification: true });
    expect(agreed({ gracefulRestart }, restart(false))).toEqual({ notification: false });
    expect(agreed({ gracefulRestart: { ...gracefulRestart, notification: false } }, restart(true))).toEqual({ notification: false });
    expect(agreed({ gracefulRestart })).toBeUndefined();
    expect(agreed({}, restart(true))).toBeUndefined();
  });

  it('is nothing where our OPEN offered nothing', () => {
    const capabilities: Capability[] = [...both, { kind: 'enhancedRouteRefresh' }, restart(true), { kind: 'fourOctetAsn', asn: 64501 }];
    const plain = negotiate(anOpen({ capabilities }), aSettings({ gracefulRestart }), { plainOpen: true });
    expect(unwrap(plain)).toMatchObject({ enhancedRefresh: false, context: { fourOctetAsn: false } });
    expect(unwrap(plain).gracefulRestart).toBeUndefined();
  });
});
