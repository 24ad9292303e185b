import { describe, expect, it } from 'vitest';
import { PrefixColumn } from './prefix-column.ts';

describe('a number for each prefix', () => {
  it('is 0 until one is set, in either family, however far in the table', () => {
    const column = new PrefixColumn();
    const prefixes = [0, 1, 126, 127, 128, 129, 100_000, 100_001];
    for (const prefix of prefixes) expect(column.get(prefix)).toBe(0);
    for (const prefix of prefixes) column.set(prefix, prefix - 50_000);
    for (const prefix of prefixes) expect(column.get(prefix)).toBe(prefix - 50_000);
  });

  it('names the prefixes that have one, those of IPv4 first', () => {
    const column = new PrefixColumn();
    for (const prefix of [7, 4, 1_001, 2]) column.set(prefix, -1);
    column.set(4, 0);
    expect([...column.prefixes()]).toEqual([2, 7, 1_001]);
  });
});
