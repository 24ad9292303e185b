import { describe, expect, it } from 'vitest';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import { Turns } from './turns.ts';

describe('turns at the event loop', () => {
  it('go round: one slice of one task in each, with what else is due between them', () => {
    const clock = new VirtualClock();
    const turns = new Turns(clock);
    const happened: string[] = [];
    const task = (name: string, slices: number) => {
      let left = slices;
      return (): boolean => {
        happened.push(name);
        clock.soon(() => happened.push('a timer'));
        left -= 1;
        return left > 0;
      };
    };
    const long = task('long', 3);
    turns.add(long);
    turns.add(long);
    turns.add(task('short', 1));
    expect(happened).toEqual([]);
    clock.advance(0);
    expect(happened).toEqual(['long', 'a timer', 'short', 'a timer', 'long', 'a timer', 'long', 'a timer']);
    expect(clock.pendingTimers).toBe(0);
    turns.add(task('later', 1));
    clock.advance(0);
    expect(happened.slice(-2)).toEqual(['later', 'a timer']);
  });

  it('are not given to what was removed', () => {
    const clock = new VirtualClock();
    const turns = new Turns(clock);
    const removed = (): boolean => {
      throw new Error('was removed');
    };
    turns.add(removed);
    turns.remove(removed);
    clock.advance(0);
    expect(clock.pendingTimers).toBe(0);
  });
});
