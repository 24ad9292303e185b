import { describe, expect, it } from 'vitest';
import type { ByteStream, Connector } from '#linux/byte-stream.ts';
import type { MemoryNetwork } from '#linux/memory-network.ts';
import { seededRandom } from '#runtime/random.ts';
import { limits } from './limits.ts';
import type { TestRouter } from './testing/router.ts';
import { manyPrefixes, routesTo, World } from './testing/world.ts';

const address = '192.0.2.254';
const hourMs = 3_600_000;

type Trouble = (network: MemoryNetwork, router: TestRouter) => void;

/** What the router does to us, one of them every few minutes. */
const troubles: Readonly<Record<string, Trouble>> = {
  stalls: (network) => network.change(address, { stalledReader: true }),
  resets: (network) => network.reset(address),
  blackHoles: (network) => network.change(address, { blackHole: true }),
  refuses: (network) => {
    network.change(address, { refusesConnections: true });
    network.reset(address);
  },
  floods: (_network, router) => {
    for (let count = 0; count < 300; count++) router.send({ kind: 'routeRefresh', afi: 1, safi: 1, subtype: 0 });
  },
  ceases: (_network, router) => {
    router.send({ kind: 'notification', code: 6, subcode: 4, data: new Uint8Array() });
    router.sessions.at(-1)?.stream?.end();
  },
};

describe('a day with a router that stalls, resets, black-holes, refuses, floods and ceases', () => {
  it('leaves no timer, no growing queue, and reconnects as often as the back-off lets it', async () => {
    const seed = 20_260_801;
    const random = seededRandom(seed);
    const world = new World();
    let ours: ByteStream | undefined;
    let attempts = 0;
    const connect: Connector['connect'] = (target, done) => {
      attempts++;
      return world.network.connect(target, (result) => {
        if (result.ok) ours = result.value;
        done(result);
      });
    };
    const { peer, router } = await world.establishedPair({ surroundings: { connector: { connect } } });
    const prefixes = manyPrefixes(100);
    peer.change([], routesTo(prefixes));
    const most = { timers: 0, unacknowledged: 0, attemptsInAnHour: 0 };
    const happened: Record<string, number> = {};
    for (let hour = 0; hour < 24; hour++) {
      const before = attempts;
      for (let minute = 0; minute < 60; minute += 3) {
        const names = Object.keys(troubles);
        const name = names[Math.floor(random() * names.length)] ?? '';
        happened[name] = (happened[name] ?? 0) + 1;
        if (router.state === 'Established' || name !== 'floods') troubles[name]?.(world.network, router);
        for (let second = 0; second < 100; second += 10) {
          world.clock.advance(10_000);
          peer.change([prefixes[second] ?? ''], routesTo([prefixes[second] ?? '']));
          most.timers = Math.max(most.timers, world.clock.pendingTimers);
          most.unacknowledged = Math.max(most.unacknowledged, ours?.unacknowledgedBytes() ?? 0);
        }
        world.network.change(address, { stalledReader: false, blackHole: false, refusesConnections: false });
        world.clock.advance(80_000);
        // One minute of peace is enough.
        expect({ name, state: peer.session().state }).toEqual({ name, state: 'Established' });
        expect(router.routes.size).toBe(100);
      }
      most.attemptsInAnHour = Math.max(most.attemptsInAnHour, attempts - before);
    }
    const figures = {
      seed,
      hours: world.clock.nowMs() / hourMs,
      happened,
      connects: attempts,
      sessions: router.sessions.length,
      most,
    };
    process.stdout.write(`simulated day: ${JSON.stringify(figures)}\n`);
    // Of a session: hold, keepalive, send hold, acknowledgement; of one that was given up: its last words; of the network: bytes.
    expect(most.timers).toBeLessThan(40);
    expect(most.unacknowledged).toBeLessThan(limits.inFlightBytes);
    expect(most.attemptsInAnHour).toBeLessThan((2 * 60 * 60) / 5);
    for (const name of Object.keys(troubles)) expect(happened[name]).toBeGreaterThan(40);
    void peer.stop({ how: 'withdraw', text: 'the day is over' });
    await world.clock.advanceAsync(120_000);
    expect(world.clock.pendingTimers).toBe(0);
    expect(world.prefixes.size).toBe(0);
  }, 120_000);
});

describe('a router that ceases right after each OPEN', () => {
  it('is asked a few dozen times in an hour, not thousands of times in seconds', async () => {
    const world = new World();
    const { peer, router } = await world.pair({ router: { peerAsn: 64999 } });
    peer.start();
    world.clock.advance(5_000);
    const inFiveSeconds = world.attempts;
    world.clock.advance(hourMs - 5_000);
    const inAnHour = world.attempts;
    process.stdout.write(`ceased after OPEN: ${JSON.stringify({ inFiveSeconds, inAnHour })}\n`);
    expect(router.sessions.at(-1)?.session.lastError).toContain('Bad Peer AS');
    expect(inFiveSeconds).toBeLessThanOrEqual(3);
    expect(inAnHour).toBeLessThan(90);
  });
});
