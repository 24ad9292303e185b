import { describe, expect, it } from 'vitest';
import { type PeerSettings, settingsEffects } from './settings.ts';
import { changed } from './testing/changed-settings.ts';
import { plain, routes, World } from './testing/world.ts';

const v4 = '192.0.2.53/32';

/** A session that has a route, beside that of another peer. */
async function setUp() {
  const world = new World();
  const pair = await world.establishedPair();
  const other = await world.establishedPair({ number: 253 });
  for (const { peer } of [pair, other]) peer.change([], routes(v4));
  world.clock.advance(100);
  const heardBefore = pair.router.heard.length;
  const ended = () =>
    pair.router.received.flatMap((message) => (message.kind === 'notification' ? [`${message.code}/${message.subcode}`] : []));
  return { world, ...pair, other, ended, heardSince: () => pair.router.heard.slice(heardBefore) };
}

describe('a change of one setting while the session runs', () => {
  for (const [field, effect] of Object.entries(settingsEffects)) {
    it(`of ${field}: ${effect}`, async () => {
      const { world, peer, router, settings, other, ended } = await setUp();
      peer.reconfigure({ ...settings, [field]: changed[field as keyof PeerSettings] });
      world.clock.advance(100);
      expect(ended().slice(0, 1)).toEqual(effect === 'bounce' ? ['6/6'] : []);
      if (effect !== 'bounce') {
        expect(router.sessions).toHaveLength(1);
        expect(peer.session().state).toBe('Established');
        expect(router.routes.has(v4)).toBe(true);
      }
      expect(other.router.sessions).toHaveLength(1);
      expect(other.peer.session().state).toBe('Established');
    });
  }

  it('that routes carry is told on the running session, and nothing else is', async () => {
    const { world, peer, router, settings, heardSince } = await setUp();
    peer.reconfigure({ ...settings, noLlgr: true });
    world.clock.advance(100);
    expect(heardSince()).toEqual([`+${v4}`]);
    expect(router.routes.get(v4)?.attributes.communities).toEqual([0xffff0007]);
    peer.reconfigure({ ...settings, noLlgr: true, delayOpenMs: 5_000 });
    world.clock.advance(100);
    expect(heardSince()).toEqual([`+${v4}`]);
  });

  it('touches no session where it is a community of a route', async () => {
    const { world, peer, router, other, ended } = await setUp();
    peer.change([], [{ prefix: v4, attributes: { ...plain, communities: [0xfde90001] } }]);
    world.clock.advance(100);
    expect(router.routes.get(v4)?.attributes.communities).toEqual([0xfde90001]);
    expect([router.sessions.length, other.router.sessions.length, ended().length]).toEqual([1, 1, 0]);
  });
});
