import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from './limits.ts';
import type { Recorded, RecordedAt } from './recording.ts';
import { TwoSpeakers } from './testing/two-speakers.ts';
import { routes } from './testing/world.ts';

const v4 = '192.0.2.53/32';
const bothUp = ['Established', 'Established'];

describe('two speakers that both connect', () => {
  it('keep the connection of the higher BGP Identifier, and nobody calls it an error', async () => {
    const established: string[] = [];
    const record = (recorded: RecordedAt & Recorded): void => {
      if (recorded.event === 'accepted' || recorded.event === 'connected') established.push(`${recorded.connection} ${recorded.event}`);
      if (recorded.event === 'state' && recorded.state === 'Established') established.push(`${recorded.connection} up`);
    };
    const two = await TwoSpeakers.create({ first: { surroundings: { record } } });
    two.network.change('192.0.2.1', { delayMs: 20 });
    two.network.change('192.0.2.2', { delayMs: 20 });
    two.start();
    two.clock.advance(500);
    expect(two.states).toEqual(bothUp);
    expect(two.connections).toBe(2);
    expect(established).toEqual(['1 connected', '2 accepted', '2 up']);
    const [first, second] = two.sides;
    expect(first.states.filter((state) => state === 'Established')).toHaveLength(1);
    expect(second.states.filter((state) => state === 'Established')).toHaveLength(1);
    for (const { log, peer } of two.sides) {
      expect(log.lines.filter(([level]) => level === 'warn')).toEqual([]);
      expect(peer.session().lastError).toBe('');
    }
    two.clock.advance(3_600_000);
    expect(two.states).toEqual(bothUp);
    expect(two.connections).toBe(2);
  });

  it('need one connection where the other side listens only', async () => {
    const two = await TwoSpeakers.create({ first: { settings: { passive: true } } });
    two.start();
    two.clock.advance(100);
    expect(two.states).toEqual(bothUp);
    expect(two.connections).toBe(1);
    two.reset();
    two.clock.advance(5_000);
    expect(two.states).toEqual(bothUp);
    expect(two.connections).toBe(2);
  });

  it('that listen only never meet', async () => {
    const two = await TwoSpeakers.create({ first: { settings: { passive: true } }, second: { settings: { passive: true } } });
    two.start();
    two.clock.advance(3_600_000);
    expect(two.states).toEqual(['Active', 'Active']);
    expect([two.connections, two.clock.pendingTimers]).toEqual([0, 0]);
  });

  it('say their OPENs late where they are told to, and then both at once', async () => {
    const two = await TwoSpeakers.create({ first: { settings: { passive: true, delayOpenMs: 60_000 } } });
    two.start();
    two.clock.advance(100);
    expect(two.states).toEqual(bothUp);
    const slow = await TwoSpeakers.create({
      first: { settings: { passive: true, delayOpenMs: 2_000 } },
      second: { settings: { delayOpenMs: 3_000 } },
    });
    slow.start();
    slow.clock.advance(1_900);
    expect(slow.states).toEqual(['Active', 'Connect']);
    slow.clock.advance(200);
    expect(slow.states).toEqual(bothUp);
  });
});

describe('two speakers, whatever order their bytes come in', () => {
  const someSide = fc.record({
    passive: fc.boolean(),
    delayOpenMs: fc.constantFrom(0, 500, 5_000),
    holdTimeMs: fc.constantFrom(0, 9_000, 90_000),
    gracefulRestart: fc.constantFrom(undefined, { restartSeconds: 30, notification: false }, { restartSeconds: 30, notification: true }),
  });

  it('end up with one session over one connection, and leave nothing behind', async () => {
    const seed = fc.integer({ min: 0, max: 0x7fffffff });
    const delay = fc.constantFrom(0, 10, 300, 1_500);
    const resets = fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(seed, delay, resets, someSide, someSide, async (chance, maxDelayMs, times, one, other) => {
        const [first, second] = [one, other].map(({ gracefulRestart, ...side }, index) => ({
          settings: { ...side, ...(gracefulRestart && { gracefulRestart }), passive: side.passive && (index === 0 || !one.passive) },
        }));
        const two = await TwoSpeakers.create({ seed: chance, maxDelayMs, ...(first && { first }), ...(second && { second }) });
        two.sides[0].peer.change([], routes(v4));
        two.start();
        for (const ms of times) {
          two.clock.advance(ms);
          two.reset();
        }
        two.clock.advance(300_000);
        expect(two.states).toEqual(bothUp);
        expect(two.sides[0].peer.route(v4)).toEqual({ announced: true, reason: 'Announced' });
        // Over one and the same connection, and stable.
        const made = two.connections;
        two.clock.advance(600_000);
        expect(two.states).toEqual(bothUp);
        expect(two.connections).toBe(made);
        const stopped = two.sides.map(({ peer }) => peer.stop({ how: 'withdraw', text: 'done' }));
        await two.clock.advanceAsync(2 * limits.lingerMs + limits.withdrawalAckMs + 10_000);
        await Promise.all(stopped);
        expect(two.clock.pendingTimers).toBe(0);
      }),
      { numRuns: 80 },
    );
  });
});
