import { describe, expect, it } from 'vitest';
import type { PeerSettings } from './settings.ts';
import { routes, routesTo, World } from './testing/world.ts';

const [a, b, c, d] = ['192.0.2.1/32', '192.0.2.2/32', '192.0.2.3/32', '192.0.2.4/32'] as const;
const announced = { announced: true, reason: 'Announced' };
const held = { announced: false, reason: 'MaxPrefixes' };

async function setUp(settings: Partial<PeerSettings> = { maxPrefixes: 2 }) {
  const world = new World();
  const pair = await world.establishedPair({ settings });
  const settle = (): void => world.clock.advance(100);
  return { world, settle, ...pair };
}

describe('a router that may have two prefixes', () => {
  it('hears the first two; others wait until one goes, the one that waits longest first', async () => {
    const { peer, router, settle } = await setUp();
    peer.change([], routes(a, b, c, d));
    settle();
    expect([...router.routes.keys()]).toEqual([a, b]);
    expect([a, b, c, d].map((prefix) => peer.route(prefix))).toEqual([announced, announced, held, held]);
    peer.change([a], []);
    settle();
    expect([...router.routes.keys()].sort()).toEqual([b, c]);
    expect(peer.route(c)).toEqual(announced);
    expect(peer.route(d)).toEqual(held);
  });

  it('hears changes of what it has', async () => {
    const { peer, router, settle } = await setUp();
    peer.change([], routes(a, b, c));
    settle();
    peer.change([], [{ prefix: b, attributes: { communities: [1], largeCommunities: [], prepend: 0 } }]);
    settle();
    expect(router.routes.get(b)?.attributes.communities).toEqual([1]);
    expect(router.heard).not.toContain(`-${a}`);
  });

  it('has no more at any time while routes come and go', async () => {
    const { peer, router, settle } = await setUp();
    for (let round = 0; round < 20; round++) {
      peer.change([`192.0.2.${round}/32`], routesTo([`192.0.2.${round + 1}/32`, `192.0.2.${round + 2}/32`, `192.0.2.${round + 3}/32`]));
      settle();
      expect(router.routes.size).toBe(2);
    }
  });

  it('is given the held routes again when the session comes back, within the bound', async () => {
    const { world, peer, router, settle } = await setUp();
    peer.change([], routes(a, b, c));
    settle();
    world.network.reset('192.0.2.254');
    world.clock.advance(5_000);
    expect(router.routes.size).toBe(2);
    expect(peer.route(c)).toEqual(held);
  });

  it('counts no route that policy keeps from it', async () => {
    const world = new World();
    const { peer } = await world.establishedPair({ settings: { maxPrefixes: 1, localAsn: 64501 }, router: { peerAsn: 64501 } });
    const prepended = { prefix: a, attributes: { communities: [], largeCommunities: [], prepend: 1 } };
    peer.change([], [prepended, ...routes(b)]);
    world.clock.advance(100);
    expect(peer.route(a)).toEqual({ announced: false, reason: 'PrependRefused' });
    expect(peer.route(b)).toEqual(announced);
    // One that was told and is refused now makes room.
    peer.change([], [{ ...prepended, prefix: b }, ...routes(c)]);
    world.clock.advance(100);
    expect(peer.route(c)).toEqual(announced);
  });
});

describe('a bound that changes', () => {
  it('takes nothing back when it is lowered, and lets waiting routes go when it is raised or lifted', async () => {
    const { peer, router, settings, settle } = await setUp({});
    peer.change([], routes(a, b, c));
    settle();
    peer.reconfigure({ ...settings, maxPrefixes: 1 });
    peer.change([], routes(d));
    settle();
    expect([...router.routes.keys()]).toEqual([a, b, c]);
    expect(peer.route(d)).toEqual(held);
    peer.change([a], []);
    settle();
    expect(peer.route(d)).toEqual(held);
    peer.reconfigure({ ...settings, maxPrefixes: 3 });
    settle();
    expect(peer.route(d)).toEqual(announced);
    expect(router.sessions).toHaveLength(1);
    peer.change([], routes(a));
    settle();
    expect(peer.route(a)).toEqual(held);
    peer.reconfigure(settings);
    settle();
    expect(peer.route(a)).toEqual(announced);
  });
});
