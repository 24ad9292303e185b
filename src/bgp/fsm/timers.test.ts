import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { limits } from './limits.ts';
import { idleHoldMs, jittered } from './timers.ts';

const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('timers', () => {
  it('are jittered by a factor from 0.75 to 1', () => {
    expect(jittered(1_000, () => 0)).toBe(750);
    fc.assert(
      fc.property(chance, (drawn) => {
        const ms = jittered(1_000, () => drawn);
        expect(ms >= 750 && ms <= 1_000).toBe(true);
      }),
    );
  });

  it('make the wait in Idle double with each failure, up to its ceiling', () => {
    const nearlyOne = () => 1;
    expect([1, 2, 3, 4].map((failures) => idleHoldMs(failures, 5_000, nearlyOne))).toEqual([1_000, 2_000, 4_000, 5_000]);
    expect(idleHoldMs(1_000_000, Number.POSITIVE_INFINITY, nearlyOne)).toBe(limits.idleHoldMaxMs);
  });

  it('never make the wait in Idle shorter than three quarters of the first', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 31 }), chance, (failures, drawn) => {
        expect(idleHoldMs(failures, 120_000, () => drawn)).toBeGreaterThanOrEqual(limits.idleHoldFirstMs * 0.75);
      }),
    );
  });
});
