import { describe, expect, it } from 'vitest';
import type { PrefixHandle } from '#bgp/rib/prefix-table.ts';
import { parsePrefix } from '#net/prefix.ts';
import type { Clock } from '#runtime/clock.ts';
import { unwrap } from '#runtime/result.ts';
import { limits } from './limits.ts';
import { manyPrefixes, plain, routes, World } from './testing/world.ts';
import { Turns } from './turns.ts';

const hold = (world: World, texts: readonly string[]): PrefixHandle[] =>
  texts.map((text) => world.prefixes.acquire(unwrap(parsePrefix(text))));

/** The world's clock on a slow machine: each turn of the event loop takes its time. */
const slow = (world: World, turnMs: number): Clock => ({
  nowMs: () => world.clock.nowMs(),
  wallMs: () => world.clock.wallMs(),
  after: (delayMs, task) => world.clock.after(delayMs, task),
  soon: (task) => void world.clock.after(turnMs, task),
});

/** A peer with a session on a slow machine, and a list of routes that it is about to tell. */
async function aListToTell(count: number, turnMs = 1) {
  const world = new World();
  const clock = slow(world, turnMs);
  const pair = await world.establishedPair({ settings: { holdTimeMs: 3_000 }, surroundings: { clock, turns: new Turns(clock) } });
  world.clock.advance(1_000);
  const prefixes = manyPrefixes(count);
  const handles = hold(world, prefixes);
  return { ...pair, world, prefixes, handles };
}

describe('while a large table is told', () => {
  it('a withdrawal overtakes what is not written yet, of listed and of named routes', async () => {
    const { world, peer, router, prefixes, handles } = await aListToTell(50_000);
    peer.change([], routes('192.0.2.1/32'));
    world.clock.advance(10);
    peer.changeListed([], handles, plain);
    world.clock.advance(3);
    const before = router.heard.length;
    expect(before).toBeLessThan(20_000);
    peer.changeListed(handles.slice(0, 1), [], plain);
    peer.change(['192.0.2.1/32'], []);
    world.clock.advance(0);
    expect(router.heard.slice(before)).toEqual([`-${prefixes[0]}`, '-192.0.2.1/32']);
    world.clock.advance(1_000);
    expect(router.routes.size).toBe(49_999);
  });

  it('a route that is replaced or taken back goes out once, or never', async () => {
    const { world, peer, router, prefixes, handles } = await aListToTell(50_000);
    peer.changeListed([], handles, plain);
    world.clock.advance(2);
    const replaced = handles.slice(40_000, 45_000);
    peer.changeListed([], replaced, { ...plain, prepend: 1 });
    peer.changeListed(handles.slice(45_000), [], plain);
    world.clock.advance(1_000);
    expect(router.heard.filter((heard) => heard.startsWith('-'))).toEqual([]);
    const announced = router.heard.filter((heard) => heard.startsWith('+'));
    expect(announced).toHaveLength(45_000);
    expect(new Set(announced)).toEqual(new Set(prefixes.slice(0, 45_000).map((prefix) => `+${prefix}`)));
    expect(router.routes.get(prefixes[40_000] ?? '')?.attributes.asPath).toHaveLength(2);
    expect(router.routes.get(prefixes[39_999] ?? '')?.attributes.asPath).toHaveLength(1);
  });

  it('keepalives are on time, as one turn of the event loop does a bounded part', async () => {
    const turnMs = 100;
    const { world, peer, router, handles } = await aListToTell(100_000, turnMs);
    const arrivals: number[] = [];
    peer.changeListed([], handles, plain);
    while (router.routes.size < handles.length) {
      const [routesBefore, messagesBefore] = [router.routes.size, router.received.length];
      world.clock.advance(turnMs);
      expect(router.routes.size - routesBefore).toBeLessThanOrEqual(2 * limits.sliceRoutes);
      const came = router.received.slice(messagesBefore).filter(({ kind }) => kind === 'keepalive');
      for (const _ of came) arrivals.push(world.clock.nowMs());
    }
    expect(arrivals.length).toBeGreaterThan(1);
    for (const [index, atMs] of arrivals.slice(1).entries()) expect(atMs - (arrivals[index] ?? 0)).toBeLessThanOrEqual(1_000 + turnMs);
  });

  it('its End-of-RIB follows the last route, with no UPDATE more than it takes', async () => {
    const world = new World();
    const { peer, router } = await world.pair();
    const handles = hold(world, manyPrefixes(50_000));
    peer.changeListed([], handles, plain);
    peer.start();
    world.clock.advance(100);
    expect(router.heard.slice(-2)).toEqual(['end IPv4', 'end IPv6']);
    expect(router.routes.size).toBe(50_000);
    const updates = router.received.filter(({ kind }) => kind === 'update');
    expect(updates.length - 2).toBe(Math.ceil((50_000 * 5) / 4_050));
  });
});
