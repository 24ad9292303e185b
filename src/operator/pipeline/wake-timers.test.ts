import { describe, expect, it } from 'vitest';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import { WakeTimers } from './wake-timers.ts';

function timers() {
  const clock = new VirtualClock();
  const woken: string[] = [];
  return { clock, woken, wakes: new WakeTimers(clock, (key) => woken.push(`${key} at ${clock.nowMs()}`)) };
}

describe('wishes to be woken', () => {
  it('come true once, at their time; one that is over comes true at once', () => {
    const { clock, woken, wakes } = timers();
    clock.advance(100);
    wakes.set('a', 150);
    wakes.set('b', 20);
    clock.advance(1_000);
    expect(woken).toEqual(['b at 100', 'a at 150']);
    wakes.set('a', 2_000);
    clock.advance(1_000);
    expect(woken).toHaveLength(3);
  });

  it('replace each other, and end', () => {
    const { clock, woken, wakes } = timers();
    wakes.set('a', 50);
    wakes.set('a', 50);
    expect(clock.pendingTimers).toBe(1);
    wakes.set('a', 80);
    wakes.set('b', 60);
    wakes.set('b', undefined);
    wakes.set('c', undefined);
    clock.advance(100);
    expect(woken).toEqual(['a at 80']);
    wakes.set('a', 200);
    wakes.clear();
    clock.advance(200);
    expect([woken.length, clock.pendingTimers]).toEqual([1, 0]);
  });
});
