import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { VirtualClock } from './virtual-clock.ts';

describe('a virtual clock', () => {
  it('moves only when told to, wall clock and all', () => {
    const clock = new VirtualClock({ startMs: 5, epochMs: 1_000 });
    expect([clock.nowMs(), clock.wallMs()]).toEqual([5, 1_005]);
    clock.advance(10);
    expect([clock.nowMs(), clock.wallMs()]).toEqual([15, 1_015]);
    expect(new VirtualClock().wallMs()).toBe(Date.UTC(2026, 0, 1));
  });

  it('runs tasks in the order they are due, equal ones in the order they were set', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(20), { maxLength: 60 }), (delays) => {
        const clock = new VirtualClock();
        const ran: number[] = [];
        for (const [index, delay] of delays.entries()) clock.after(delay, () => ran.push(index));
        clock.advance(20);
        const expected = delays.map((delay, index) => ({ delay, index })).sort((a, b) => a.delay - b.delay || a.index - b.index);
        expect(ran).toEqual(expected.map(({ index }) => index));
        expect(clock.pendingTimers).toBe(0);
      }),
    );
  });

  it('shows a task the time at which it was due', () => {
    const clock = new VirtualClock();
    const seen: number[] = [];
    clock.after(3, () => {
      seen.push(clock.nowMs());
      clock.after(4, () => seen.push(clock.nowMs()));
      clock.soon(() => seen.push(clock.nowMs()));
    });
    clock.advance(100);
    expect([...seen, clock.nowMs()]).toEqual([3, 3, 7, 100]);
  });

  it('leaves what is due later', () => {
    const clock = new VirtualClock();
    clock.after(10, () => undefined);
    clock.advance(9);
    expect([clock.pendingTimers, clock.nextDueMs]).toEqual([1, 10]);
    clock.advance(1);
    expect([clock.pendingTimers, clock.nextDueMs]).toEqual([0, undefined]);
  });

  it('runs nothing that was cancelled, and counts each timer once', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(20), fc.boolean()), { maxLength: 40 }), (timers) => {
        const clock = new VirtualClock();
        const ran = new Set<number>();
        const handles = timers.map(([delay], index) => clock.after(delay, () => ran.add(index)));
        for (const [index, [, isCancelled]] of timers.entries()) if (isCancelled) handles[index]?.cancel();
        expect(clock.pendingTimers).toBe(timers.filter(([, isCancelled]) => !isCancelled).length);
        clock.advance(20);
        for (const handle of handles) {
          handle.cancel();
          handle.cancel();
        }
        expect([...ran].sort((a, b) => a - b)).toEqual(timers.flatMap(([, isCancelled], index) => (isCancelled ? [] : [index])));
        expect(clock.pendingTimers).toBe(0);
      }),
    );
  });

  it('takes a negative delay for none', () => {
    const clock = new VirtualClock({ startMs: 10 });
    const seen: number[] = [];
    clock.after(-5, () => seen.push(clock.nowMs()));
    clock.advance(0);
    expect(seen).toEqual([10]);
  });

  it('stops a task that feeds itself', () => {
    const clock = new VirtualClock({ maxTasksPerAdvance: 1_000 });
    const again = (): void => clock.soon(again);
    again();
    expect(() => clock.advance(1)).toThrow('more than 1000 tasks in one advance');
  });

  it('lets promises run between tasks', async () => {
    const clock = new VirtualClock();
    const seen: string[] = [];
    const sleep = (delayMs: number) => new Promise<void>((resolve) => clock.after(delayMs, resolve));
    const run = async (): Promise<void> => {
      for (let step = 1; step <= 3; step++) {
        await sleep(10);
        seen.push(`${step} at ${clock.nowMs()}`);
      }
    };
    const done = run();
    await clock.advanceAsync(35);
    await done;
    expect(seen).toEqual(['1 at 10', '2 at 20', '3 at 30']);
    expect(clock.nowMs()).toBe(35);
  });
});
