import { describe, expect, it } from 'vitest';
import type { PrefixHandle } from '#bgp/rib/prefix-table.ts';
import { parsePrefix } from '#net/prefix.ts';
import { unwrap } from '#runtime/result.ts';
import { manyPrefixes, plain, routes, World } from './testing/world.ts';

const [p1, p2, v6] = ['192.0.2.53/32', '192.0.2.54/32', '2001:db8::53/128'] as const;

/** References that the test holds, as the owner of a list does. */
const hold = (world: World, ...texts: readonly string[]): PrefixHandle[] =>
  texts.map((text) => world.prefixes.acquire(unwrap(parsePrefix(text))));

describe('listed routes', () => {
  it('are told as named ones are, and by their handles', async () => {
    const world = new World();
    const { peer, router, listed, told } = await world.pair();
    const [first, second] = hold(world, p1, v6) as [PrefixHandle, PrefixHandle];
    peer.changeListed([], [first, second], plain);
    expect([peer.route(p1), peer.isAnnounced(first)]).toEqual([{ announced: false, reason: 'SessionDown' }, false]);
    peer.start();
    world.clock.advance(10);
    expect(router.heard).toEqual([`+${p1}`, `+${v6}`, 'end IPv4', 'end IPv6']);
    expect(listed).toEqual([{ gained: [first, second], lost: [], written: [] }]);
    expect([peer.route(p1), peer.isAnnounced(first)]).toEqual([{ announced: true, reason: 'Announced' }, true]);
    expect(told).toEqual([]);
  });

  it('are taken back in any number, and leave nothing behind', async () => {
    const world = new World();
    const { peer, router, listed, told, written } = await world.establishedPair();
    const handles = hold(world, ...manyPrefixes(10_000));
    peer.changeListed([], handles, plain);
    world.clock.advance(200);
    expect(router.routes.size).toBe(10_000);
    listed.length = 0;
    peer.changeListed(handles, [], plain);
    for (const handle of handles) world.prefixes.release(handle);
    world.clock.advance(200);
    expect(router.routes.size).toBe(0);
    expect(listed.flatMap((news) => news.written)).toEqual(handles);
    expect(listed.flatMap((news) => news.lost)).toEqual(handles);
    expect([told, written]).toEqual([[], []]);
    expect(world.prefixes.size).toBe(0);
  });

  it('are lost with the session, those that the router had', async () => {
    const world = new World();
    const { peer, router, listed } = await world.establishedPair();
    const [first, second] = hold(world, p1, p2) as [PrefixHandle, PrefixHandle];
    peer.changeListed([], [first], plain);
    world.clock.advance(10);
    world.network.change('192.0.2.254', { blackHole: true });
    peer.changeListed([], [second], plain);
    listed.length = 0;
    router.sessions.at(-1)?.dispatch({ kind: 'ManualStop', cease: undefined });
    world.clock.advance(10_000);
    expect(listed).toEqual([{ gained: [], lost: [first], written: [] }]);
    expect(peer.isAnnounced(first)).toBe(false);
  });

  it('stand beside named ones', async () => {
    const world = new World();
    const { peer, router, listed, told } = await world.establishedPair();
    const [first] = hold(world, p1) as [PrefixHandle];
    peer.change([], routes(p2));
    peer.changeListed([], [first], plain);
    world.clock.advance(10);
    expect([...router.routes.keys()]).toEqual([p2, p1]);
    expect([told, listed.map(({ gained }) => gained)]).toEqual([[p2], [[first]]]);
    peer.changeListed([first], [], plain);
    peer.change([p2], []);
    world.clock.advance(10);
    expect(router.routes.size).toBe(0);
  });

  it('are nothing to a peer that is stopped', async () => {
    const world = new World();
    const { peer, router } = await world.establishedPair();
    void peer.stop({ how: 'quiet' });
    peer.changeListed([], hold(world, p1), plain);
    world.clock.advance(10);
    expect(router.routes.size).toBe(0);
    expect(peer.route(p1)).toBeUndefined();
  });
});
