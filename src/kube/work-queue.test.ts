import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import { limits } from './limits.ts';
import { runWorkers, WorkQueue } from './work-queue.ts';

/** Takes `count` keys and finishes each at once. */
async function take(queue: WorkQueue, count: number): Promise<(string | undefined)[]> {
  const taken: (string | undefined)[] = [];
  for (let index = 0; index < count; index++) {
    const key = await queue.next();
    taken.push(key);
    if (key !== undefined) queue.done(key);
  }
  return taken;
}

describe('the work queue', () => {
  it('gives keys in the order they were added, each once', async () => {
    const queue = new WorkQueue(new VirtualClock());
    for (const key of ['a', 'b', 'a', 'c', 'b']) queue.add(key);
    expect(queue.length).toBe(3);
    expect(await take(queue, 3)).toEqual(['a', 'b', 'c']);
  });

  it('gives the fast lane first, and moves up what waits', async () => {
    const queue = new WorkQueue(new VirtualClock());
    queue.add('slow');
    queue.add('urgent');
    queue.add('urgent', 'fast');
    queue.add('urgent');
    expect(await take(queue, 2)).toEqual(['urgent', 'slow']);
    expect(queue.length).toBe(0);
  });

  it('does not give a key that is being worked on, but again afterwards, in the lane it was added to', async () => {
    const queue = new WorkQueue(new VirtualClock());
    queue.add('a');
    expect(await queue.next()).toBe('a');
    queue.add('a');
    queue.add('a', 'fast');
    queue.add('a');
    queue.add('b');
    expect(queue.length).toBe(1);
    queue.done('a');
    expect(await take(queue, 2)).toEqual(['a', 'b']);
  });

  it('wakes a taker that waits', async () => {
    const queue = new WorkQueue(new VirtualClock());
    const waiting = queue.next();
    queue.add('a');
    expect(await waiting).toBe('a');
  });

  it('adds later, at the earliest time that was wished', () => {
    const clock = new VirtualClock();
    const queue = new WorkQueue(clock);
    queue.addAfter('a', 100);
    queue.addAfter('a', 500);
    queue.addAfter('a', 50);
    queue.addAfter('now', 0);
    expect(queue.length).toBe(1);
    clock.advance(49);
    expect(queue.length).toBe(1);
    clock.advance(1);
    expect(queue.length).toBe(2);
    expect(clock.pendingTimers).toBe(0);
  });

  it('retries a key later each time, up to a minute, until it is forgotten', () => {
    const clock = new VirtualClock();
    const queue = new WorkQueue(clock);
    const delays: number[] = [];
    for (let failure = 0; failure < 18; failure++) {
      queue.addRateLimited('a');
      delays.push((clock.nextDueMs ?? 0) - clock.nowMs());
      clock.advance(60_000);
    }
    expect(delays.slice(0, 4)).toEqual([5, 10, 20, 40]);
    expect(delays.at(-1)).toBe(limits.keyRetryMaxMs);
    queue.forget('a');
    queue.addRateLimited('b');
    expect((clock.nextDueMs ?? 0) - clock.nowMs()).toBe(5);
  });

  it('holds back many failing keys together', () => {
    const clock = new VirtualClock();
    const queue = new WorkQueue(clock);
    for (let key = 0; key < limits.queueRetryBurst + 50; key++) queue.addRateLimited(`key-${key}`);
    clock.advance(limits.keyRetryFirstMs);
    expect(queue.length).toBe(limits.queueRetryBurst);
    clock.advance(5_000);
    expect(queue.length).toBe(limits.queueRetryBurst + 50);
  });

  it('gives nothing after shut-down, and leaves no timer', async () => {
    const clock = new VirtualClock();
    const queue = new WorkQueue(clock);
    queue.add('a');
    expect(await queue.next()).toBe('a');
    queue.add('a');
    queue.addAfter('b', 100);
    const waiting = queue.next();
    queue.shutDown();
    queue.done('a');
    queue.add('c');
    queue.addAfter('c', 1);
    expect(await waiting).toBeUndefined();
    expect(await queue.next()).toBeUndefined();
    expect([queue.length, clock.pendingTimers]).toEqual([0, 0]);
  });

  it('never works on a key twice at a time, and loses none', async () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('add' as const),
        key: fc.constantFrom('a', 'b', 'c'),
        lane: fc.constantFrom('fast' as const, 'normal' as const),
      }),
      fc.record({ kind: fc.constant('take' as const) }),
      fc.record({ kind: fc.constant('done' as const) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step), async (steps) => {
        const queue = new WorkQueue(new VirtualClock());
        const owed = new Set<string>();
        const working = new Set<string>();
        const takeOne = async () => {
          const key = (await queue.next()) as string;
          expect(working.has(key)).toBe(false);
          working.add(key);
          owed.delete(key);
        };
        const finishOne = () => {
          const [key] = working;
          if (key === undefined) return;
          working.delete(key);
          queue.done(key);
        };
        for (const current of steps) {
          if (current.kind === 'add') {
            queue.add(current.key, current.lane);
            owed.add(current.key);
          } else if (current.kind === 'done') finishOne();
          else if (queue.length > 0) await takeOne();
        }
        while (working.size > 0 || queue.length > 0) {
          if (working.size > 0) finishOne();
          else await takeOne();
        }
        expect(owed.size).toBe(0);
      }),
    );
  });
});

describe('workers', () => {
  it('try again what fails, without holding up other keys, and end with the queue', async () => {
    const clock = new VirtualClock();
    const queue = new WorkQueue(clock);
    const done: string[] = [];
    const failures: string[] = [];
    const running = runWorkers(queue, {
      workers: 2,
      work: async (key) => {
        if (key === 'bad' && failures.length < 2) throw new Error('not yet');
        done.push(key);
      },
      onFailure: (key, error) => failures.push(`${key}: ${(error as Error).message}`),
    });
    queue.add('bad');
    queue.add('good');
    await clock.advanceAsync(100);
    expect(done).toEqual(['good', 'bad']);
    expect(failures).toEqual(['bad: not yet', 'bad: not yet']);
    queue.shutDown();
    await running;
  });
});
