import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { err, ok } from '#runtime/result.ts';
import { digestOf, entryHash } from '#state/digest.ts';
import type { EncodedEntry, EntryKey } from '#state/entry.ts';
import type { Delta, Full } from '#state/messages.ts';
import { type Acceptance, accept } from './accept.ts';
import { AppliedState, type DecodeEntry } from './applied-state.ts';

/** In these tests the bytes are a text: the router id of a node entry, or `bad…`, which can't run. */
const encoded = (key: EntryKey, text: string): EncodedEntry => ({ key, bytes: new TextEncoder().encode(text) });

const decode: DecodeEntry = (entry) => {
  const text = new TextDecoder().decode(entry.bytes);
  return text.startsWith('bad') ? err({ key: entry.key, message: `${entry.key}: ${text}` }) : ok({ kind: 'node', routerId: text });
};

const aFull = (entries: readonly EncodedEntry[], more: Partial<Full> = {}): Full => ({
  kind: 'full',
  epoch: 1,
  version: 1,
  entries,
  keep: [],
  digest: digestOf(entries),
  ...more,
});

const aDelta = (more: Partial<Delta>): Delta => ({
  kind: 'delta',
  epoch: 1,
  baseVersion: 1,
  version: 2,
  removals: [],
  upserts: [],
  digest: digestOf([]),
  ...more,
});

/** A state that has taken these messages. */
function stateAfter(...messages: readonly (Full | Delta)[]): AppliedState {
  const state = new AppliedState();
  for (const message of messages) take(state, message);
  return state;
}

function take(state: AppliedState, message: Full | Delta): Acceptance {
  const acceptance = accept(state, message, decode);
  if (acceptance.kind === 'accepted') state.apply(acceptance.change);
  return acceptance;
}

const answer = (acceptance: Acceptance) => (acceptance.kind === 'accepted' ? acceptance.answer : acceptance.reason);

/** What runs, by key. */
const running = (state: AppliedState): Record<string, string> =>
  Object.fromEntries(
    [...state.entries()].flatMap(({ sent, running: form }) =>
      form === undefined ? [] : [[sent.key, (form.entry as { routerId: string }).routerId]],
    ),
  );

const a = encoded('a', '1');
const b = encoded('b', '2');

describe('accepting a Full', () => {
  it('takes what is in it and acknowledges', () => {
    const state = new AppliedState();
    expect(answer(take(state, aFull([a, b])))).toEqual({ kind: 'ack', epoch: 1, version: 1, rejected: [] });
    expect(running(state)).toEqual({ a: '1', b: '2' });
    expect(state.digest.toString()).toBe(digestOf([a, b]));
    expect(state.hashes()).toEqual([
      { key: 'a', hash: entryHash(a) },
      { key: 'b', hash: entryHash(b) },
    ]);
  });

  it('keeps what it names to keep and removes what it does not name', () => {
    const state = stateAfter(aFull([a, b]));
    const taken = take(state, aFull([], { version: 2, keep: ['b'], digest: digestOf([b]) }));
    expect(taken).toMatchObject({ change: { removed: ['a'], set: [] } });
    expect(running(state)).toEqual({ b: '2' });
  });

  it('reports no change for an entry that has the bytes it had', () => {
    const taken = take(stateAfter(aFull([a])), aFull([a, b], { version: 2 }));
    expect(taken).toMatchObject({ change: { removed: [], set: [{ sent: b }] } });
  });

  it('says no digest where one does not fit: passwords could be tried out against it', () => {
    const digest = digestOf([a]);
    const state = stateAfter(aFull([a]));
    const refusals = [aFull([], { version: 2, digest }), aDelta({ upserts: [b], digest })].map((message) =>
      JSON.stringify(take(state, message)),
    );
    for (const refusal of refusals) {
      expect(refusal).toContain('version 2 does not have the digest that it names');
      expect(refusal).not.toContain(digest);
    }
  });

  it('refuses one whose digest does not fit, and removes nothing', () => {
    const state = stateAfter(aFull([a, b]));
    expect(answer(take(state, aFull([a], { version: 2, keep: ['c'], digest: digestOf([a, b]) })))).toMatch(/digest/);
    expect(running(state)).toEqual({ a: '1', b: '2' });
    expect(state.version).toBe(1);
  });

  it('takes the last of two forms of one entry', () => {
    const state = stateAfter(aFull([a]));
    take(state, aFull([encoded('a', '9'), a], { version: 2, digest: digestOf([a]) }));
    expect(running(state)).toEqual({ a: '1' });
  });
});

describe('accepting a Delta', () => {
  it('applies removals and upserts', () => {
    const state = stateAfter(aFull([a]));
    const delta = aDelta({ removals: ['a', 'a', 'unknown'], upserts: [b], digest: digestOf([b]) });
    const taken = take(state, delta);
    expect(taken).toMatchObject({ change: { removed: ['a'], set: [{ sent: b }] }, answer: { kind: 'ack', version: 2 } });
    expect(running(state)).toEqual({ b: '2' });
  });

  it('answers one on another base with a Nack, and applies its removals all the same', () => {
    const state = stateAfter(aFull([a, b]));
    const taken = take(state, aDelta({ baseVersion: 7, version: 8, removals: ['a'], upserts: [encoded('c', '3')] }));
    expect(answer(taken)).toEqual({
      kind: 'nack',
      epoch: 1,
      version: 8,
      keys: ['c'],
      message: 'it changes version 7, and this speaker runs version 1',
    });
    expect(running(state)).toEqual({ b: '2' });
    expect(state.version).toBe(1);
  });

  it('answers one with a wrong digest with a Nack, and applies its removals all the same', () => {
    const state = stateAfter(aFull([a, b]));
    const taken = take(state, aDelta({ removals: ['a'], upserts: [encoded('c', '3')], digest: '0000000000000000' }));
    expect(answer(taken)).toMatchObject({ kind: 'nack', version: 2, keys: ['c'] });
    expect(running(state)).toEqual({ b: '2' });
    const repair = aFull([b, encoded('c', '3')], { version: 3 });
    expect(answer(take(state, repair))).toMatchObject({ kind: 'ack', version: 3 });
  });

  it('refuses one that was overtaken: what it removes may have come back', () => {
    const state = stateAfter(aFull([a]), aDelta({ upserts: [b], digest: digestOf([a, b]) }));
    expect(answer(take(state, aDelta({ removals: ['a'] })))).toBe('version 2 is old: this speaker runs version 2 of epoch 1');
    expect(running(state)).toEqual({ a: '1', b: '2' });
  });
});

describe('an entry that this node can not run', () => {
  it('keeps its last good form, counts in the digest as sent, and is named in each Ack while it lasts', () => {
    const state = stateAfter(aFull([a, b]));
    const bad = encoded('a', 'bad value');
    const rejected = [{ key: 'a', message: 'a: bad value' }];
    const first = take(state, aDelta({ upserts: [bad], digest: digestOf([bad, b]) }));
    expect(answer(first)).toEqual({ kind: 'ack', epoch: 1, version: 2, rejected });
    expect(running(state)).toEqual({ a: '1', b: '2' });
    expect(state.digest.toString()).toBe(digestOf([bad, b]));
    const worse = encoded('a', 'bad again');
    take(state, aDelta({ baseVersion: 2, version: 3, upserts: [worse], digest: digestOf([worse, b]) }));
    expect(running(state)).toEqual({ a: '1', b: '2' });
    const other = take(state, aDelta({ baseVersion: 3, version: 4, removals: ['b'], digest: digestOf([worse]) }));
    expect(answer(other)).toMatchObject({ rejected: [{ key: 'a', message: 'a: bad again' }] });
    const good = take(state, aDelta({ baseVersion: 4, version: 5, upserts: [a], digest: digestOf([a]) }));
    expect(answer(good)).toMatchObject({ rejected: [] });
    expect(state.rejected.size).toBe(0);
  });

  it('does not run at all when no form of it was ever good, and does not disturb its neighbours', () => {
    const bad = encoded('a', 'bad value');
    const state = stateAfter(aFull([bad, b]));
    expect(running(state)).toEqual({ b: '2' });
    expect([...state.rejected.keys()]).toEqual(['a']);
  });

  it('goes like any other when it is removed, and its last good form with it', () => {
    const bad = encoded('a', 'bad value');
    const state = stateAfter(aFull([a]));
    const taken = take(state, aDelta({ removals: ['a'], upserts: [bad], digest: digestOf([bad]) }));
    expect(answer(taken)).toMatchObject({ rejected: [{ key: 'a', message: 'a: bad value' }] });
    expect(running(state)).toEqual({});
    const gone = take(state, aDelta({ baseVersion: 2, version: 3, removals: ['a'] }));
    expect(answer(gone)).toMatchObject({ rejected: [] });
  });
});

describe('several operators', () => {
  it('obeys the highest epoch and refuses what a lower one orders, removals included', () => {
    const state = stateAfter(aFull([a], { epoch: 3, version: 9 }));
    const old = aDelta({ epoch: 2, baseVersion: 9, version: 10, removals: ['a'] });
    expect(accept(state, old, decode)).toEqual({ kind: 'refused', reason: 'epoch 2 is over: this speaker obeys epoch 3' });
    expect(accept(state, aFull([], { epoch: 2, version: 100 }), decode).kind).toBe('refused');
  });

  it('lets versions start anew in a higher epoch', () => {
    const state = stateAfter(aFull([a], { epoch: 3, version: 9 }));
    take(state, aFull([], { epoch: 4, version: 1, keep: ['a'], digest: digestOf([a]) }));
    expect(state).toMatchObject({ epoch: 4, version: 1 });
    expect(running(state)).toEqual({ a: '1' });
  });

  it('wants a Full first from a higher epoch, and takes the removals of a Delta all the same', () => {
    const state = stateAfter(aFull([a, b], { epoch: 3, version: 9 }));
    const delta = aDelta({ epoch: 4, baseVersion: 9, version: 10, removals: ['a'], digest: digestOf([b]) });
    expect(answer(take(state, delta))).toMatchObject({ kind: 'nack', epoch: 4, version: 10 });
    expect(state).toMatchObject({ epoch: 4, version: 0 });
    expect(running(state)).toEqual({ b: '2' });
  });

  it('obeys no lower epoch once a higher one was heard, whatever became of its message', () => {
    const state = stateAfter(aFull([a], { epoch: 3, version: 9 }));
    state.hear(5);
    state.hear(4);
    expect(state).toMatchObject({ epoch: 5, version: 0 });
    expect(take(state, aFull([], { epoch: 4, version: 10 })).kind).toBe('refused');
    expect(take(state, aFull([b], { epoch: 5, version: 1 })).kind).toBe('accepted');
    expect(running(state)).toEqual({ b: '2' });
  });
});

describe('any sequence of messages', () => {
  const key = fc.constantFrom<EntryKey>('a', 'b', 'c', 'd');
  const entry = fc.tuple(key, fc.constantFrom('1', '2', 'bad 1', 'bad 2')).map(([name, text]) => encoded(name, text));
  const message = fc.record({
    full: fc.boolean(),
    epoch: fc.integer({ min: 1, max: 3 }),
    base: fc.integer({ min: 0, max: 4 }),
    removals: fc.array(key, { maxLength: 3 }),
    upserts: fc.uniqueArray(entry, { maxLength: 3, selector: ({ key: name }) => name }),
    rightDigest: fc.boolean(),
  });

  it('keeps the digest equal to the entries, epochs rising, and removals applied', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 12 }), (steps) => {
        const state = new AppliedState();
        for (const { full, epoch, base, removals, upserts, rightDigest } of steps) {
          const epochBefore = state.epoch;
          const kept = full ? [] : [...state.entries()].map(({ sent }) => sent).filter((sent) => !removals.includes(sent.key));
          const after = new Map([...kept, ...upserts].map((sent) => [sent.key, sent]));
          const digest = rightDigest ? digestOf(after.values()) : 'f'.repeat(16);
          const version = base + 1;
          const taken = full
            ? take(state, aFull(upserts, { epoch, version, digest }))
            : take(state, aDelta({ epoch, baseVersion: base, version, removals, upserts, digest }));
          expect(state.digest.toString()).toBe(digestOf([...state.entries()].map(({ sent }) => sent)));
          expect(state.epoch).toBeGreaterThanOrEqual(epochBefore);
          expect(taken.kind === 'refused' || state.epoch === epoch).toBe(true);
          if (taken.kind === 'accepted' && !full) {
            const sent = taken.answer.kind === 'ack' ? upserts.map(({ key: name }) => name) : [];
            for (const name of removals.filter((removal) => !sent.includes(removal))) expect(state.get(name)).toBeUndefined();
          }
        }
      }),
    );
  });
});
