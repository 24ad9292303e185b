import { describe, expect, it } from 'vitest';
import { asksForLabels, selects } from './selector.ts';
import type { LabelSelector } from './view.ts';

const labels = { rack: 'r1', zone: '' };
const requirement = (operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist', key: string, ...values: string[]): LabelSelector => ({
  matchExpressions: [{ key, operator, ...(values.length > 0 && { values }) }],
});

describe('a label selector', () => {
  it.each<[string, LabelSelector | undefined, boolean]>([
    ['absent', undefined, true],
    ['empty', {}, true],
    ['matchLabels that hold', { matchLabels: { rack: 'r1', zone: '' } }, true],
    ['matchLabels of which one does not hold', { matchLabels: { rack: 'r1', zone: 'a' } }, false],
    ['In with the value', requirement('In', 'rack', 'r0', 'r1'), true],
    ['In with others', requirement('In', 'rack', 'r0'), false],
    ['In without values', requirement('In', 'rack'), false],
    ['In where the key is absent', requirement('In', 'row', 'r1'), false],
    ['NotIn with others', requirement('NotIn', 'rack', 'r0'), true],
    ['NotIn with the value', requirement('NotIn', 'rack', 'r1'), false],
    ['NotIn where the key is absent', requirement('NotIn', 'row', 'r1'), true],
    ['NotIn without values', requirement('NotIn', 'rack'), true],
    ['Exists', requirement('Exists', 'zone'), true],
    ['Exists where the key is absent', requirement('Exists', 'row'), false],
    ['DoesNotExist', requirement('DoesNotExist', 'row'), true],
    ['DoesNotExist where the key is there', requirement('DoesNotExist', 'rack'), false],
    ['a key that every object inherits', requirement('Exists', 'toString'), false],
    ['labels and expressions of which one fails', { matchLabels: { rack: 'r1' }, ...requirement('Exists', 'row') }, false],
  ])('%s', (_, selector, matches) => {
    expect(selects(selector, labels)).toBe(matches);
  });

  it('tells whether it needs to know labels', () => {
    expect([undefined, {}, { matchLabels: { a: 'b' } }, requirement('DoesNotExist', 'a')].map(asksForLabels)).toEqual([
      false,
      false,
      true,
      true,
    ]);
  });
});
