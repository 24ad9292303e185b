import { describe, expect, it } from 'vitest';
import type { FsmSettings } from '#bgp/fsm/session.ts';
import type { OpenMessage } from '#bgp/wire/messages.ts';
import { limits } from './limits.ts';
import type { PeerSurroundings } from './peer.ts';
import type { TestRouter } from './testing/router.ts';
import { routes, World } from './testing/world.ts';

const v4 = '192.0.2.53/32';
const address = '192.0.2.254';
const agreed = (
  notification: boolean,
): { settings: { gracefulRestart: { restartSeconds: number; notification: boolean } }; router: Partial<FsmSettings> } => ({
  settings: { gracefulRestart: { restartSeconds: 30, notification } },
  router: { gracefulRestart: { restartSeconds: 120, notification, restarted: false, forwardingPreserved: false } },
});

/** Graceful restart as our OPENs offered it, oldest first. */
const offersIn = ({ received }: TestRouter) =>
  received
    .filter((message): message is OpenMessage => message.kind === 'open')
    .map(({ capabilities }) => capabilities.find((capability) => capability.kind === 'gracefulRestart'));

async function established(notification: boolean, surroundings: Partial<PeerSurroundings> = {}) {
  const world = new World();
  const pair = await world.establishedPair({ ...agreed(notification), surroundings });
  pair.peer.change([], routes(v4));
  pair.peer.finishInitialRoutes();
  world.clock.advance(10);
  return { world, ...pair };
}

describe('graceful restart in our OPEN', () => {
  it('is not there unless it is asked for', async () => {
    const { router } = await new World().establishedPair();
    expect(offersIn(router)).toEqual([undefined]);
  });

  it('claims neither a restart nor kept forwarding at a first start, and kept forwarding when only the session was lost', async () => {
    const { world, router } = await established(false);
    world.network.reset(address);
    world.clock.advance(5_000);
    const families = (forwardingPreserved: boolean) => [1, 2].map((afi) => ({ afi, safi: 1, forwardingPreserved }));
    expect(offersIn(router)).toEqual([
      { kind: 'gracefulRestart', restarting: false, notification: false, restartTimeS: 30, families: families(false) },
      { kind: 'gracefulRestart', restarting: false, notification: false, restartTimeS: 30, families: families(true) },
    ]);
  });

  it('claims a restart once, and kept forwarding only where the kernel is the same', async () => {
    const { world, router } = await established(true, { restart: { restarted: true, forwardingPreserved: false } });
    world.network.reset(address);
    world.clock.advance(5_000);
    expect(offersIn(router)).toMatchObject([
      { restarting: true, notification: true, families: [{ forwardingPreserved: false }, { forwardingPreserved: false }] },
      { restarting: false, notification: true, families: [{ forwardingPreserved: true }, { forwardingPreserved: true }] },
    ]);
  });
});

describe('End-of-RIB where graceful restart was agreed', () => {
  const marked = ({ heard }: TestRouter): boolean => heard.includes('end IPv4') && heard.includes('end IPv6');

  it('waits until the first routes are complete', async () => {
    const world = new World();
    const { peer, router } = await world.establishedPair(agreed(false));
    world.clock.advance(3_000);
    expect(marked(router)).toBe(false);
    peer.change([], routes(v4));
    peer.finishInitialRoutes();
    world.clock.advance(10);
    expect(router.heard).toEqual([`+${v4}`, 'end IPv4', 'end IPv6']);
    // Once: a later session of this process need not wait.
    world.network.reset(address);
    world.clock.advance(2_000);
    expect(router.heard.slice(3)).toEqual([`+${v4}`, 'end IPv4', 'end IPv6']);
  });

  it.each([
    { restartSeconds: 8, waitMs: 4_000 },
    { restartSeconds: 120, waitMs: limits.initialRoutesMs },
  ])('waits no longer than half of $restartSeconds s or the limit', async ({ restartSeconds, waitMs }) => {
    const world = new World();
    const { router } = await world.establishedPair({
      ...agreed(false),
      settings: { gracefulRestart: { restartSeconds, notification: false } },
    });
    world.clock.advance(waitMs - 100);
    expect(marked(router)).toBe(false);
    world.clock.advance(200);
    expect(marked(router)).toBe(true);
  });

  it('is not owed to a session that was lost while it waited', async () => {
    const world = new World();
    const { peer } = await world.establishedPair(agreed(false));
    world.network.reset(address);
    world.network.change(address, { refusesConnections: true });
    world.clock.advance(100_000);
    expect(peer.session().state).not.toBe('Established');
    peer.finishInitialRoutes();
    expect(world.log.lines.filter(([level]) => level === 'error')).toEqual([]);
  });
});

describe('a session that ends', () => {
  it('for a restart closes without a word where that was agreed', async () => {
    const { world, peer, router } = await established(false);
    const stopping = peer.stop({ how: 'restart', text: 'upgrade' });
    await world.clock.advanceAsync(100);
    await stopping;
    expect(router.heard).not.toContain(`-${v4}`);
    expect(router.sessions[0]?.session.lastError).toBe('closed by the remote end');
  });

  it('for a restart takes its routes back where nothing was agreed', async () => {
    const world = new World();
    const { peer, router } = await world.establishedPair();
    peer.change([], routes(v4));
    await world.clock.advanceAsync(10);
    const stopping = peer.stop({ how: 'restart', text: 'upgrade' });
    await world.clock.advanceAsync(5_000);
    await stopping;
    expect(router.heard.at(-1)).toBe(`-${v4}`);
    expect(router.sessions[0]?.session.lastError).toContain('Administrative Shutdown (6/2): "upgrade"');
  });

  it('for good is a Hard Reset with the real code where the router would keep our routes', async () => {
    const { world, peer, router } = await established(true);
    const stopping = peer.stop({ how: 'withdraw', text: 'bye' });
    await world.clock.advanceAsync(5_000);
    await stopping;
    expect(router.sessions[0]?.session.lastError).toBe(
      'the router sent Cease, Hard Reset (6/9): Cease, Administrative Shutdown (6/2): "bye"',
    );
  });

  it('because of new settings is none: it comes back at once', async () => {
    const { world, peer, router, settings } = await established(true);
    peer.reconfigure({ ...settings, holdTimeMs: 30_000 });
    world.clock.advance(100);
    expect(router.sessions[0]?.session.lastError).toBe('the router sent Cease, Other Configuration Change (6/6)');
    expect(peer.session().state).toBe('Established');
  });
});
