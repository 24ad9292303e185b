import { describe, expect, it } from 'vitest';
import { batchQuietMs, maxBatchSize, removalWindowMs } from './limits.ts';
import { type HeldRemoval, type RemovalChanges, RemovalStore } from './removals.ts';
import { aHold } from './testing/builders.ts';

const removal = (prefix: string): HeldRemoval => ({ prefix, service: 'dns/edge', cause: 'removal', reason: 'ServiceDeleted' });

function noted(store: RemovalStore, changes: Partial<RemovalChanges>, nowMs = 0): RemovalStore {
  store.apply({ grace: [], held: [], removed: [], kept: [], ...changes }, 7, nowMs);
  return store;
}

const holding = (...prefixes: readonly string[]): RemovalStore => noted(new RemovalStore(), { held: prefixes.map(removal) });
const batchesOf = (store: RemovalStore): Record<string, string[]> =>
  Object.fromEntries([...store.batches()].map((name) => [name, store.batch(name).map(({ prefix }) => prefix)]));

describe('what counts against the guard', () => {
  it('is what is in grace, and what was removed within the hour', () => {
    const store = noted(new RemovalStore(), { grace: ['a', 'b'], removed: ['c'] });
    expect(store.counted(removalWindowMs - 1)).toEqual({ inGrace: 2, removed: 1 });
    expect(store.counted(removalWindowMs)).toEqual({ inGrace: 2, removed: 0 });
    expect([store.of('a'), store.of('c'), store.of('d')]).toEqual([{ state: 'grace' }, { state: 'removed' }, undefined]);
    noted(store, { removed: ['a'] }, 10);
    expect(store.counted(10)).toEqual({ inGrace: 1, removed: 2 });
    noted(store, {}, removalWindowMs + 5);
    expect([store.of('c'), store.of('a')]).toEqual([undefined, { state: 'removed' }]);
  });

  it('is an hour from its first removal on, also where more of its places go later', () => {
    const store = noted(new RemovalStore(), { removed: ['a'] });
    noted(store, { removed: ['a'] }, 1_000);
    expect(store.counted(removalWindowMs)).toEqual({ inGrace: 0, removed: 0 });
  });

  it('is nothing that is wanted again, or that nothing is left of', () => {
    const store = noted(new RemovalStore(), { grace: ['a', 'b'], removed: ['c'] });
    noted(store, { kept: ['a', 'c'] });
    store.forget('b');
    expect(store.counted(0)).toEqual({ inGrace: 0, removed: 0 });
    expect(store.sizes()).toEqual({ grace: 0, held: 0 });
  });

  it('is not what a person approved', () => {
    const store = holding('a', 'b');
    store.applyHold(aHold([removal('a'), removal('b')], { isApproved: true }, 'removal-7-1'), 7, 0);
    expect(store.of('a')).toEqual({ state: 'held', batch: 'removal-7-1', isApproved: true, isReleased: false });
    noted(store, { removed: ['a', 'b'] });
    expect([store.counted(0).removed, batchesOf(store)]).toEqual([0, {}]);
  });
});

describe('a batch', () => {
  it('takes in what follows, until a minute is quiet', () => {
    const store = holding('a');
    noted(store, { held: [removal('b'), removal('a')] }, batchQuietMs - 1);
    noted(store, { held: [removal('c')] }, 2 * batchQuietMs - 1);
    expect(batchesOf(store)).toEqual({ 'removal-7-1': ['a', 'b'], 'removal-7-2': ['c'] });
    expect(store.sizes()).toEqual({ grace: 0, held: 3 });
  });

  it('is full at its bound', () => {
    const store = holding(...Array.from({ length: maxBatchSize + 1 }, (_, index) => `p${index}`));
    expect(Object.values(batchesOf(store)).map((prefixes) => prefixes.length)).toEqual([maxBatchSize, 1]);
  });

  it('takes what was in grace', () => {
    const store = noted(new RemovalStore(), { grace: ['a'] });
    noted(store, { held: [removal('a')] });
    expect([store.of('a')?.state, store.counted(0).inGrace]).toEqual(['held', 0]);
  });

  it('is none when the last of it is wanted again', () => {
    const store = noted(holding('a'), { kept: ['a'] });
    expect([batchesOf(store), store.batch('removal-7-1'), store.of('a')]).toEqual([{}, [], undefined]);
    noted(store, { held: [removal('b')] });
    expect(batchesOf(store)).toEqual({ 'removal-7-2': ['b'] });
  });
});

describe('an AnycastHold', () => {
  it('brings back what another leader held', () => {
    const store = new RemovalStore();
    store.applyHold(aHold([removal('a')], {}, 'removal-6-1'), 7, 0);
    expect(store.of('a')).toEqual({ state: 'held', batch: 'removal-6-1', isApproved: false, isReleased: false });
    noted(store, { held: [removal('b')] });
    expect(batchesOf(store)).toEqual({ 'removal-6-1': ['a'], 'removal-7-1': ['b'] });
  });

  it('decides nothing while it lists nothing', () => {
    const store = new RemovalStore();
    store.applyHold(aHold([], { isApproved: true }), 7, 0);
    expect(batchesOf(store)).toEqual({});
  });

  it('leaves out what is in another one already', () => {
    const store = holding('a');
    store.applyHold(aHold([removal('a')], { isApproved: true }, 'removal-6-1'), 7, 0);
    expect([batchesOf(store), store.of('a')]).toEqual([{ 'removal-7-1': ['a'] }, expect.objectContaining({ isApproved: false })]);
  });

  it('is approved for what it lists; what joined since waits in another one', () => {
    const store = holding('a', 'b');
    store.applyHold(aHold([removal('a')], { isApproved: true }, 'removal-7-1'), 7, 0);
    expect(batchesOf(store)).toEqual({ 'removal-7-1': ['a'], 'removal-7-2': ['b'] });
    expect([store.of('a'), store.of('b')]).toMatchObject([{ isApproved: true }, { isApproved: false }]);
  });

  it('stays released, and may be approved after that', () => {
    const store = holding('a');
    store.applyHold(aHold([removal('a')], { isReleased: true }, 'removal-7-1'), 7, 0);
    expect(store.of('a')).toMatchObject({ isApproved: false, isReleased: true });
    store.applyHold(aHold([removal('a')], { isApproved: true }, 'removal-7-1'), 7, 0);
    expect(store.of('a')).toMatchObject({ isApproved: true, isReleased: true });
  });
});
