import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatPrefix, type Prefix, parsePrefix } from '#net/prefix.ts';
import { unwrap } from '#runtime/result.ts';
import { type PrefixHandle, PrefixTable } from './prefix-table.ts';

const prefix = (text: string): Prefix => unwrap(parsePrefix(text));

/** Few enough that they meet often, alike enough that they collide in the index. */
const somePrefixes: readonly Prefix[] = [
  ...Array.from({ length: 150 }, (_, index) => prefix(`10.0.${index}.0/24`)),
  ...Array.from({ length: 50 }, (_, index) => prefix(`2001:db8:${index.toString(16)}::/48`)),
  prefix('0.0.0.0/0'),
  prefix('::/0'),
  prefix('10.0.0.0/8'),
  prefix('10.0.0.0/32'),
];

describe('a prefix table', () => {
  it('gives equal prefixes one handle, and tells prefixes of other lengths and families apart', () => {
    const table = new PrefixTable();
    const handles = ['0.0.0.0/0', '10.0.0.0/8', '10.0.0.0/32', '::/0', '10.0.0.0/8'].map((text) => table.acquire(prefix(text)));
    expect(new Set(handles).size).toBe(4);
    expect(handles[1]).toBe(handles[4]);
    expect(handles.map((handle) => table.familyOf(handle))).toEqual(['IPv4', 'IPv4', 'IPv4', 'IPv6', 'IPv4']);
  });

  it('forgets a prefix with its last reference', () => {
    const table = new PrefixTable();
    const handle = table.acquire(prefix('192.0.2.0/24'));
    table.retain(handle);
    table.release(handle);
    expect(table.find(prefix('192.0.2.0/24'))).toBe(handle);
    table.release(handle);
    expect(table.find(prefix('192.0.2.0/24'))).toBeUndefined();
    expect(table.size).toBe(0);
  });

  it('uses the room of what was forgotten again', () => {
    const table = new PrefixTable();
    for (let index = 0; index < 10_000; index += 1) {
      const handle = table.acquire(prefix(`10.0.${index % 256}.${(index >> 8) % 256}/32`));
      expect(handle).toBe(0);
      table.release(handle);
    }
  });

  it('finds what is left after half of it went, though many met on one place of the index', () => {
    const table = new PrefixTable();
    const all = Array.from({ length: 2_000 }, (_, index) => prefix(`10.${index >> 8}.${index & 255}.0/24`));
    const handles = all.map((one) => table.acquire(one));
    for (const handle of handles.filter((_, index) => index % 2 === 0)) table.release(handle);
    expect(all.map((one) => table.find(one))).toEqual(handles.map((handle, index) => (index % 2 === 0 ? undefined : handle)));
  });

  it('takes the use of a handle that nobody holds for the bug that it is', () => {
    const table = new PrefixTable();
    const handle = table.acquire(prefix('2001:db8::/32'));
    table.release(handle);
    expect(() => table.release(handle)).toThrow('reference');
    expect(() => table.retain(1_001)).toThrow('reference');
  });

  it('writes prefixes as UPDATEs carry them', () => {
    const table = new PrefixTable();
    const into = new Uint8Array(9);
    const handle = table.acquire(prefix('10.128.0.0/9'));
    expect(table.encodedOctets(handle)).toBe(3);
    expect(table.encode(handle, into, 2)).toBe(5);
    expect([...into]).toEqual([0, 0, 9, 10, 128, 0, 0, 0, 0]);
  });

  it('holds what a map with counts would hold, whatever comes and goes', () => {
    const steps = fc.array(fc.tuple(fc.nat({ max: somePrefixes.length - 1 }), fc.boolean()), { maxLength: 600 });
    fc.assert(
      fc.property(steps, (all) => {
        const table = new PrefixTable();
        const model = new Map<number, { handle: PrefixHandle; references: number }>();
        for (const [index, acquires] of all) {
          const known = model.get(index);
          if (acquires) {
            const handle = table.acquire(somePrefixes[index] as Prefix);
            if (known) expect(handle).toBe(known.handle);
            model.set(index, { handle, references: (known?.references ?? 0) + 1 });
          } else if (known) {
            table.release(known.handle);
            if (known.references === 1) model.delete(index);
            else model.set(index, { ...known, references: known.references - 1 });
          }
        }
        expect(table.size).toBe(model.size);
        for (const [index, one] of somePrefixes.entries()) {
          const known = model.get(index);
          expect(table.find(one)).toBe(known?.handle);
          if (known) expect(formatPrefix(table.prefixOf(known.handle))).toBe(formatPrefix(one));
        }
      }),
    );
  });
});
