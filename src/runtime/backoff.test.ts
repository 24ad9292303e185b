import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Backoff } from './backoff.ts';
import { realRandom, seededRandom } from './random.ts';

describe('back-off', () => {
  it('doubles up to its bound, and starts anew after success', () => {
    const backoff = new Backoff({ firstMs: 100, maxMs: 1_000 }, () => 1);
    expect([1, 2, 3, 4, 5, 6].map(() => backoff.nextMs())).toEqual([100, 200, 400, 800, 1_000, 1_000]);
    backoff.reset();
    expect(backoff.nextMs()).toBe(100);
  });

  it('scales every delay by at least a half and less than one', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 100 }), fc.integer({ min: 100, max: 100_000 }), (seed, firstMs, maxMs) => {
        const backoff = new Backoff({ firstMs, maxMs }, seededRandom(seed));
        for (let failures = 0; failures < 60; failures++) {
          const ceiling = Math.min(maxMs, firstMs * 2 ** failures);
          const delay = backoff.nextMs();
          expect(delay).toBeGreaterThanOrEqual(ceiling / 2);
          expect(delay).toBeLessThan(ceiling);
        }
      }),
    );
  });
});

describe('chance', () => {
  it('is the same for the same seed, and another for another', () => {
    const draw = (seed: number): number[] => Array.from({ length: 5 }, seededRandom(seed));
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
  });

  it('is in [0, 1)', () => {
    for (const random of [realRandom, seededRandom(7)]) {
      const drawn = Array.from({ length: 10_000 }, random);
      expect(drawn.every((number) => number >= 0 && number < 1)).toBe(true);
    }
  });

  it('is spread out', () => {
    const random = seededRandom(42);
    const tenths = Array.from({ length: 10 }, () => 0);
    for (let count = 0; count < 10_000; count++) {
      const tenth = Math.floor(random() * 10);
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    expect(Math.min(...tenths)).toBeGreaterThan(850);
    expect(Math.max(...tenths)).toBeLessThan(1_150);
  });
});
