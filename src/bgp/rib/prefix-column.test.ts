import { describe, expect, it } from 'vitest';
import { parsePrefix } from '#net/prefix.ts';
import { unwrap } from '#runtime/result.ts';
import { PrefixColumn } from './prefix-column.ts';
import { PrefixTable } from './prefix-table.ts';

/** A table of so many prefixes of each family, and a column of it that was made before them. */
function aColumn(count: number) {
  const table = new PrefixTable();
  const column = new PrefixColumn(table);
  const prefixes = Array.from({ length: count }, (_, index) => [
    `10.0.${index >> 8}.${index & 255}/32`,
    `2001:db8::${index.toString(16)}/128`,
  ])
    .flat()
    .map((text) => table.acquire(unwrap(parsePrefix(text))));
  return { column, prefixes };
}

describe('a number for each prefix', () => {
  it('is 0 until one is set, in either family, however far in the table', () => {
    const { column, prefixes } = aColumn(1_000);
    for (const prefix of prefixes) expect(column.get(prefix)).toBe(0);
    for (const prefix of prefixes) column.set(prefix, prefix - 500);
    for (const prefix of prefixes) expect(column.get(prefix)).toBe(prefix - 500);
  });

  it('names the prefixes that have one, those of IPv4 first', () => {
    const { column } = aColumn(1_000);
    for (const prefix of [7, 4, 1_001, 2]) column.set(prefix, -1);
    column.set(4, 0);
    expect([...column.prefixes()]).toEqual([2, 7, 1_001]);
  });
});
