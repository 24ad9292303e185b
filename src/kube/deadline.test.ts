import { describe, expect, it } from 'vitest';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import { Deadline, sleep } from './deadline.ts';

describe('a deadline', () => {
  it('ends the request when time is up, and says so', () => {
    const clock = new VirtualClock();
    const deadline = new Deadline(clock, 100, undefined);
    expect(deadline.errorOf('GET x')).toBeUndefined();
    clock.advance(100);
    expect(deadline.signal.aborted).toBe(true);
    expect(deadline.errorOf('GET x')).toMatchObject({ reason: 'Timeout', message: 'GET x: no answer within 100 ms' });
  });

  it('ends the request when the caller gives up, before or after', () => {
    const clock = new VirtualClock();
    const caller = new AbortController();
    const deadline = new Deadline(clock, 100, caller.signal);
    caller.abort();
    expect(deadline.errorOf('GET x')).toMatchObject({ reason: 'Aborted' });
    expect(new Deadline(clock, 100, caller.signal).signal.aborted).toBe(true);
  });

  it('leaves the caller in charge when time no longer counts, and nobody when it is over', () => {
    const clock = new VirtualClock();
    const caller = new AbortController();
    const [disarmed, closed] = [new Deadline(clock, 100, caller.signal), new Deadline(clock, 100, caller.signal)];
    disarmed.disarm();
    closed.close();
    clock.advance(1_000);
    expect(disarmed.signal.aborted).toBe(false);
    caller.abort();
    expect([disarmed.signal.aborted, closed.signal.aborted]).toEqual([true, false]);
  });
});

describe('sleep', () => {
  it('ends when time is up or the signal says so, and leaves no timer', async () => {
    const clock = new VirtualClock();
    const caller = new AbortController();
    const [long, short] = [sleep(clock, 1_000, caller.signal), sleep(clock, 10, undefined)];
    clock.advance(10);
    await short;
    caller.abort();
    await long;
    await sleep(clock, 1_000, caller.signal);
    expect(clock.pendingTimers).toBe(0);
  });
});
