import { describe, expect, it } from 'vitest';
import { rememberingLast } from './remembering-last.ts';

describe('a function that remembers its last answer', () => {
  it('computes once for the same arguments in a row, and anew for others', () => {
    const asked: string[] = [];
    const join = rememberingLast((...items: string[]) => {
      asked.push(items.join());
      return { joined: items.join() };
    });
    const first = join('a', 'b');
    expect(join('a', 'b')).toBe(first);
    expect(join('a')).toEqual({ joined: 'a' });
    expect(join('a', 'b')).not.toBe(first);
    expect(join('a', 'b')).toEqual(first);
    expect(asked).toEqual(['a,b', 'a', 'a,b']);
  });

  it('takes objects for different that are not the same', () => {
    const size = rememberingLast((items: readonly number[]) => ({ size: items.length }));
    expect(size([1])).not.toBe(size([1]));
  });
});
