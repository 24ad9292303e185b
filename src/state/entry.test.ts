import { describe, expect, it } from 'vitest';
import { placeKey } from './decision.ts';
import { entryKey, nodeKey, type PeerEntry, peerKey, type RouteEntry, routeKey } from './entry.ts';
import { reasons } from './reasons.ts';
import { isAnnounced } from './truth.ts';

const peer: PeerEntry = {
  kind: 'peer',
  name: 'tor',
  address: '198.51.100.1',
  port: 179,
  localAsn: 64500,
  peerAsn: 64501,
  families: ['IPv4'],
  holdTimeMs: 9_000,
  connectRetryMs: 5_000,
};

const route: RouteEntry = {
  kind: 'route',
  prefix: '192.0.2.53/32',
  service: 'dns/edge',
  reason: 'Serving',
  gate: { mode: 'Auto', announceDelayMs: 1_000 },
  exports: [],
};

describe('the words that operator and speaker share', () => {
  it('name every entry by its kind and what it is about', () => {
    expect([entryKey({ kind: 'node', routerId: '10.0.0.1' }), entryKey(peer), entryKey(route)]).toEqual([
      nodeKey,
      peerKey('tor'),
      routeKey('192.0.2.53/32'),
    ]);
    expect([nodeKey, peerKey('tor'), routeKey('192.0.2.53/32')]).toEqual(['node', 'peer/tor', 'route/192.0.2.53/32']);
  });

  it('name a place by route and node', () => {
    expect(placeKey({ prefix: '192.0.2.53/32', node: 'n1' })).toBe('192.0.2.53/32@n1');
  });

  it('call a route announced when any peer has it', () => {
    const truth = (...announced: boolean[]) => ({
      prefix: route.prefix,
      ageMs: 0,
      peers: announced.map((has, index) => ({ peer: `p${index}`, announced: has, reason: 'Announced' as const })),
    });
    expect([truth(), truth(false), truth(false, true)].map(isAnnounced)).toEqual([false, false, true]);
  });

  it('have a sentence for every reason, and codes in one style', () => {
    for (const [code, { says }] of Object.entries(reasons)) {
      expect(code).toMatch(/^[A-Z][A-Za-z]+$/);
      expect(says).toMatch(/^\S.*[^.]$/);
    }
  });
});
