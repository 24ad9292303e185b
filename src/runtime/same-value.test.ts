import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sameValue } from './same-value.ts';

/** The slow way to say the same. */
const asText = (value: unknown): string =>
  JSON.stringify(value, (_, item: unknown) =>
    typeof item === 'object' && item !== null && !Array.isArray(item)
      ? Object.fromEntries(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)))
      : item,
  ) ?? 'undefined';

describe('two values', () => {
  it('are the same where their JSON is, whatever the order of fields', () => {
    const { value } = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.constantFrom(0, 1, 'a', 'b', true, null),
        fc.array(tie('value'), { maxLength: 2 }),
        fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('value'), { maxKeys: 2 }),
      ),
    }));
    fc.assert(fc.property(value, value, (a, b) => sameValue(a, b) === (asText(a) === asText(b))));
    expect(sameValue({ a: 1, b: [2, { c: 3 }] }, { b: [2, { c: 3 }], a: 1 })).toBe(true);
  });

  it('are the same where one has a field that is undefined and the other has none', () => {
    expect([sameValue({ a: 1, b: undefined }, { a: 1 }), sameValue({ a: 1 }, { a: 1, b: undefined })]).toEqual([true, true]);
    expect([sameValue({ a: 1, b: 2 }, { a: 1 }), sameValue({ a: 1 }, { a: 1, b: 2 })]).toEqual([false, false]);
  });

  it('differ where one is null, and the other is not', () => {
    expect([sameValue(null, {}), sameValue({}, null), sameValue(null, null), sameValue(undefined, null)]).toEqual([
      false,
      false,
      true,
      false,
    ]);
  });

  it('are octets that are compared one by one, or lists, and never one of the two with an object', () => {
    expect(sameValue(Uint8Array.of(1, 2), Uint8Array.of(1, 2))).toBe(true);
    expect(sameValue(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
    expect([sameValue([], {}), sameValue({}, []), sameValue([1], [1, 2]), sameValue(['a'], 'a')]).toEqual([false, false, false, false]);
  });
});
