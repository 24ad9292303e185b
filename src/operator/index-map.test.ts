import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IndexMap } from './index-map.ts';

describe('an index', () => {
  it('finds keys under all of their labels, and only there', () => {
    const index = new IndexMap();
    index.set('a', ['x', 'y']);
    index.set('b', ['x']);
    expect([...index.get('x')]).toEqual(['a', 'b']);
    index.set('a', ['y', 'z']);
    expect([...index.get('x')]).toEqual(['b']);
    expect([...index.get('z')]).toEqual(['a']);
    expect(index.labelsOf('a')).toEqual(['y', 'z']);
    index.set('a', []);
    expect([[...index.get('y')], index.labelsOf('a')]).toEqual([[], []]);
  });

  it('is as if it had been made anew, whatever was set before', () => {
    const labels = fc.uniqueArray(fc.constantFrom('x', 'y', 'z'));
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), labels)), (sets) => {
        const index = new IndexMap();
        for (const [key, under] of sets) index.set(key, under);
        const last = new Map(sets);
        for (const label of ['x', 'y', 'z'] as const) {
          const expected = [...last].filter(([, under]) => under.includes(label)).map(([key]) => key);
          expect([...index.get(label)].sort()).toEqual(expected.sort());
        }
      }),
    );
  });
});
