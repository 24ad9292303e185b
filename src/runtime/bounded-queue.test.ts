import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoundedQueue } from './bounded-queue.ts';

describe('a bounded queue', () => {
  it('gives back what was put in, in its order, and refuses what does not fit', () => {
    const actions = fc.array(fc.oneof(fc.nat(), fc.constant('shift' as const)), { maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 10 }), actions, (capacity, list) => {
        const queue = new BoundedQueue<number>(capacity);
        const model: number[] = [];
        for (const action of list) {
          if (action === 'shift') expect(queue.shift()).toBe(model.shift());
          else {
            const fits = model.length < capacity;
            expect(queue.push(action)).toBe(fits);
            if (fits) model.push(action);
          }
          expect(queue.length).toBe(model.length);
        }
      }),
    );
  });

  it('takes nothing where its bound is zero', () => {
    const queue = new BoundedQueue<number>(0);
    expect([queue.push(1), queue.length, queue.shift()]).toEqual([false, 0, undefined]);
  });
});
