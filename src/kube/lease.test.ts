import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type LogFields, silentLogger } from '#obs/logger.ts';
import type { Clock, Timer } from '#runtime/clock.ts';
import { seededRandom } from '#runtime/random.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import { LeaderElection, type Leadership } from './lease.ts';
import { LeaseServer } from './testing/lease-server.ts';

const epochAnnotation = 'example.org/epoch';
const lease = { namespace: 'ns', name: 'leader' };

/** The clock of one process, which may stand still: its timers fire late, all at once, and its time jumps. */
class StallableClock implements Clock {
  readonly #clock: VirtualClock;
  #late: (() => void)[] = [];
  stalled = false;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  nowMs = () => this.#clock.nowMs();
  wallMs = () => this.#clock.wallMs();
  soon = (task: () => void) => void this.after(0, task);

  after(delayMs: number, task: () => void): Timer {
    let cancelled = false;
    const run = () => {
      if (cancelled) return;
      if (this.stalled) this.#late.push(run);
      else task();
    };
    const timer = this.#clock.after(delayMs, run);
    return {
      cancel: () => {
        cancelled = true;
        timer.cancel();
      },
    };
  }

  resume(): void {
    this.stalled = false;
    for (const task of this.#late.splice(0)) task();
  }
}

function aProcess(server: LeaseServer, clock: VirtualClock, identity: string) {
  const own = new StallableClock(clock);
  const changes: (Leadership | undefined)[] = [];
  const client = server.client(identity);
  const said: LogFields[] = [];
  const election = new LeaderElection({
    client,
    clock: own,
    random: seededRandom(identity.charCodeAt(0)),
    logger: { ...silentLogger, warn: (fields) => said.push(fields) },
    lease,
    identity,
    epochAnnotation,
    onChange: (leadership) => changes.push(leadership),
  });
  election.start();
  return { election, changes, said, clock: own, identity };
}

function aCluster() {
  const clock = new VirtualClock();
  const server = new LeaseServer(clock);
  return { clock, server, join: (identity: string) => aProcess(server, clock, identity) };
}

describe('leader election', () => {
  it('has one leader, and the others wait', async () => {
    const { clock, join } = aCluster();
    const a = join('a');
    await clock.advanceAsync(10);
    const b = join('b');
    await clock.advanceAsync(120_000);
    expect(a.election.leadership).toEqual({ epoch: 1 });
    expect(b.election.leadership).toBeUndefined();
    expect([a.changes, b.changes]).toEqual([[{ epoch: 1 }], []]);
  });

  it('replaces a leader that was killed within 16 s of its last renewal, with a higher epoch', async () => {
    const { clock, server, join } = aCluster();
    join('a');
    await clock.advanceAsync(10);
    const b = join('b');
    await clock.advanceAsync(30_000);
    server.cutOff('a');
    const killedMs = clock.nowMs();
    while (b.election.leadership === undefined && clock.nowMs() < killedMs + 60_000) await clock.advanceAsync(100);
    expect(b.election.leadership).toEqual({ epoch: 2 });
    expect(clock.nowMs() - killedMs).toBeLessThanOrEqual(16_100);
  });

  it('steps down 10 s after its last renewal when the API server is away, before another may lead', async () => {
    const { clock, server, join } = aCluster();
    const a = join('a');
    await clock.advanceAsync(2_500);
    server.cutOff('a');
    await clock.advanceAsync(9_000);
    expect(a.election.leadership).toEqual({ epoch: 1 });
    await clock.advanceAsync(1_000);
    expect(a.election.leadership).toBeUndefined();
    expect(a.changes).toEqual([{ epoch: 1 }, undefined]);
  });

  it('says once why it can not renew, and that it lost the lead for that', async () => {
    const { clock, server, join } = aCluster();
    const a = join('a');
    await clock.advanceAsync(2_500);
    server.cutOff('a');
    await clock.advanceAsync(120_000);
    const error = 'Lease: Timeout';
    expect(a.said).toEqual([
      { event: 'lease-failed', error },
      { event: 'leadership-lost', epoch: 1, reason: `not renewed in time: ${error}` },
    ]);
  });

  it('leads again with a new epoch when the API server is back', async () => {
    const { clock, server, join } = aCluster();
    const a = join('a');
    await clock.advanceAsync(2_500);
    server.cutOff('a');
    await clock.advanceAsync(30_000);
    server.reconnect('a');
    await clock.advanceAsync(10_000);
    expect(a.election.leadership).toEqual({ epoch: 2 });
  });

  it('finds its leadership gone after a stall, before any of its timers has run', async () => {
    const { clock, join } = aCluster();
    const a = join('a');
    await clock.advanceAsync(2_500);
    a.clock.stalled = true;
    await clock.advanceAsync(11_000);
    expect(a.election.leadership).toBeUndefined();
    expect(a.changes).toEqual([{ epoch: 1 }]);
    a.clock.resume();
    expect(a.changes).toEqual([{ epoch: 1 }, undefined]);
  });

  it('judges by when a lease was seen to change, not by what it says', async () => {
    const { clock, server, join } = aCluster();
    server.set({
      metadata: { ...lease, annotations: { [epochAnnotation]: '7' } },
      spec: { holderIdentity: 'gone', renewTime: '1999-01-01T00:00:00.000000Z', leaseDurationSeconds: 1, leaseTransitions: 3 },
    });
    const a = join('a');
    await clock.advanceAsync(14_000);
    expect(a.election.leadership).toBeUndefined();
    await clock.advanceAsync(2_500);
    expect(a.election.leadership).toEqual({ epoch: 8 });
    expect(server.get()).toMatchObject({ spec: { holderIdentity: 'a', leaseTransitions: 4 } });
  });

  it('gives the lease back when it stops, and says first that it does not lead', async () => {
    const { clock, server, join } = aCluster();
    const a = join('a');
    await clock.advanceAsync(10);
    const stopping = a.election.stop();
    expect(a.changes).toEqual([{ epoch: 1 }, undefined]);
    await clock.advanceAsync(10);
    await stopping;
    expect(server.get()).toMatchObject({ metadata: { annotations: { [epochAnnotation]: '1' } }, spec: { holderIdentity: '' } });
    expect(clock.pendingTimers).toBe(0);
  });

  it('leaves the lease of another alone when it stops', async () => {
    const { clock, server, join } = aCluster();
    join('a');
    await clock.advanceAsync(10);
    const b = join('b');
    await clock.advanceAsync(5_000);
    const stopping = b.election.stop();
    await clock.advanceAsync(10);
    await stopping;
    expect(server.get()).toMatchObject({ spec: { holderIdentity: 'a' } });
  });

  it('takes the lease at once when its own write had been done and only the answer was lost', async () => {
    const { clock, server, join } = aCluster();
    server.loseAnswers(1);
    const a = join('a');
    await clock.advanceAsync(7_000);
    expect(a.election.leadership).toEqual({ epoch: 2 });
  });

  it('steps down when the lease was taken or restored behind its back, and gets above its own epoch', async () => {
    const { clock, server, join } = aCluster();
    const backup = { metadata: { ...lease, annotations: { [epochAnnotation]: '1' } }, spec: { holderIdentity: 'a' } };
    const a = join('a');
    await clock.advanceAsync(100);
    void a.election.raiseAbove(4);
    await clock.advanceAsync(100);
    expect(a.election.leadership).toEqual({ epoch: 5 });
    server.set(backup);
    await clock.advanceAsync(5_000);
    expect(a.changes).toEqual([{ epoch: 1 }, { epoch: 5 }, undefined, { epoch: 6 }]);
  });

  it('refuses to raise its epoch while it does not lead, and remembers what it heard', async () => {
    const { clock, server, join } = aCluster();
    server.cutOff('a');
    const a = join('a');
    const raised = a.election.raiseAbove(9);
    await clock.advanceAsync(100);
    expect(await raised).toEqual({ ok: false, error: 'not the leader' });
    server.reconnect('a');
    await clock.advanceAsync(10_000);
    expect(a.election.leadership).toEqual({ epoch: 10 });
    expect(await a.election.raiseAbove(3)).toEqual({ ok: true, value: { epoch: 10 } });
  });

  it('steps down where the epoch cannot be raised', async () => {
    const { clock, server, join } = aCluster();
    const a = join('a');
    await clock.advanceAsync(100);
    server.loseAnswers(2);
    const raised = a.election.raiseAbove(9);
    await clock.advanceAsync(6_000);
    expect(await raised).toMatchObject({ ok: false });
    expect(a.changes.slice(0, 2)).toEqual([{ epoch: 1 }, undefined]);
  });

  it.each(['', 'x', '-3', '1.5', '1e99'])('takes the epoch %j for none', async (epoch) => {
    const { clock, server, join } = aCluster();
    server.set({ metadata: { ...lease, annotations: { [epochAnnotation]: epoch } } });
    const a = join('a');
    await clock.advanceAsync(100);
    expect(a.election.leadership).toEqual({ epoch: 1 });
  });

  it('never has two leaders at a time, and epochs only rise, whatever fails', async () => {
    const step = fc.record({
      what: fc.constantFrom('cutOff', 'reconnect', 'stall', 'resume', 'loseAnswer', 'deleteLease', 'stop', 'raise', 'nothing'),
      who: fc.nat({ max: 2 }),
      afterMs: fc.integer({ min: 50, max: 12_000 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
        const { clock, server, join } = aCluster();
        const processes = ['a', 'b', 'c'].map(join);
        let deleted = false;
        const epochs: number[] = [];
        const check = () => {
          const leading = processes.filter(({ election }) => election.leadership !== undefined);
          // Whoever deletes the Lease lets another begin at once; the epochs tell the two apart.
          if (!deleted) expect(leading.length).toBeLessThanOrEqual(1);
          for (const { election } of leading) {
            const epoch = election.leadership?.epoch ?? 0;
            if (epochs.at(-1) !== epoch && !deleted) {
              expect(epoch).toBeGreaterThan(epochs.at(-1) ?? 0);
              epochs.push(epoch);
            }
          }
        };
        for (const { what, who, afterMs } of steps) {
          const process = processes[who];
          if (process === undefined) continue;
          if (what === 'cutOff') server.cutOff(process.identity);
          else if (what === 'reconnect') server.reconnect(process.identity);
          else if (what === 'stall') process.clock.stalled = true;
          else if (what === 'resume') process.clock.resume();
          else if (what === 'loseAnswer') server.loseAnswers(1);
          else if (what === 'stop') void process.election.stop();
          else if (what === 'raise') void process.election.raiseAbove((epochs.at(-1) ?? 0) + 1);
          else if (what === 'deleteLease') {
            deleted = true;
            server.set(undefined);
          }
          for (let passed = 0; passed < afterMs; passed += 250) {
            await clock.advanceAsync(250);
            check();
          }
        }
        for (const { changes } of processes) {
          const won = changes.flatMap((change) => change?.epoch ?? []);
          expect(won).toEqual([...new Set(won)].sort((x, y) => x - y));
        }
      }),
      { numRuns: 60 },
    );
  }, 60_000);
});
