import { describe, expect, it } from 'vitest';
import { resourceTypes } from '../resource-types.ts';
import { conditionsOf, isFalse, isTrue } from './conditions.ts';
import { finalizerWrite } from './finalizer.ts';

const wallMs = Date.parse('2026-01-02T03:04:05.678Z');

describe('conditions', () => {
  it('say since when their status holds, and for which generation', () => {
    const before = conditionsOf(undefined, [isTrue('Accepted', 'Accepted'), isFalse('Ready', 'NoEndpoint', 'none')], 1, wallMs);
    expect(before[0]).toEqual({
      type: 'Accepted',
      status: 'True',
      observedGeneration: 1,
      lastTransitionTime: '2026-01-02T03:04:05Z',
      reason: 'Accepted',
      message: '',
    });
    const after = conditionsOf(before, [isTrue('Accepted', 'InForce', 'x'), isTrue('Ready', 'Announced')], 2, wallMs + 60_000);
    expect(after.map(({ lastTransitionTime }) => lastTransitionTime)).toEqual(['2026-01-02T03:04:05Z', '2026-01-02T03:05:05Z']);
    expect(after.map(({ observedGeneration }) => observedGeneration)).toEqual([2, 2]);
  });

  it('fit into what the API takes', () => {
    const [condition] = conditionsOf([], [isFalse('Ready', 'Invalid', 'x'.repeat(5_000))], 1, wallMs);
    expect(condition?.message).toHaveLength(1_024);
  });
});

describe('the finalizer', () => {
  const ours = 'anycast-operator.io/withdraw';
  const meta = (finalizers: readonly string[], more: object = {}) => ({
    name: 'edge',
    uid: 'u',
    resourceVersion: '7',
    finalizers,
    ...more,
  });
  const write = (finalizers: readonly string[], wanted: boolean, more: object = {}) =>
    finalizerWrite(resourceTypes.AnycastPool, meta(finalizers, more), wanted);

  it('is put on beside those of others, and taken off alone', () => {
    const patch = (finalizers: readonly string[]) => ({ metadata: { resourceVersion: '7', finalizers } });
    expect(write(['other'], true)).toEqual({ type: resourceTypes.AnycastPool, ref: { name: 'edge' }, patch: patch(['other', ours]) });
    expect(write(['other', ours], false, { namespace: 'dns' })).toMatchObject({
      ref: { namespace: 'dns', name: 'edge' },
      patch: patch(['other']),
    });
  });

  it('is left where it is as it should be, or too late', () => {
    expect(write([ours], true)).toBeUndefined();
    expect(write([], false)).toBeUndefined();
    expect(write([], true, { deletionTimestamp: '2026-01-01T00:00:00Z' })).toBeUndefined();
    expect(finalizerWrite(resourceTypes.AnycastPool, { name: 'edge', uid: 'u', resourceVersion: '7' }, false)).toBeUndefined();
  });
});
