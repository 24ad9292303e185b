import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ObjectChange, ObjectSource } from '../object-source.ts';
import type { Sample } from './samples.ts';

/** A source of the samples of one namespace of the test, and the world that it shows. */
export type SourceUnderTest = {
  readonly source: ObjectSource<Sample>;
  put(name: string, value: string): Promise<void>;
  delete(name: string): Promise<void>;
  /** Cuts the source off while `during` runs; with `historyLost` it can't learn afterwards what happened in between. */
  interrupted(options: { readonly historyLost: boolean }, during: () => Promise<void>): Promise<void>;
  /** Lets things happen until `condition` holds; rejects when it never does. */
  until(condition: () => boolean): Promise<void>;
  close(): Promise<void>;
};

/** What every object source owes the rooms above: run with the reflector against both API servers, and with the one in memory. */
export function sourceContract(name: string, make: () => Promise<SourceUnderTest>): void {
  describe(`${name}: the contract of object sources`, () => {
    let world: SourceUnderTest;
    let changes: ObjectChange<Sample>[];

    beforeEach(async () => {
      world = await make();
      changes = [];
    });
    afterEach(() => world.close());

    /** `upserted a=1`, `deleted b`, `listed`: what was reported, in order. Objects of other tests are left out. */
    const told = (): string[] =>
      changes.map((change) => {
        if (change.kind === 'listed') return 'listed';
        const { metadata, value } = change.object;
        return change.kind === 'upserted' ? `upserted ${metadata.name}=${value}` : `${change.kind} ${metadata.name}`;
      });
    const start = () => world.source.start((change) => changes.push(change));
    const listed = () => world.until(() => told().includes('listed'));
    const toldWithin = async (what: string) => world.until(() => told().includes(what));

    it('reports what is there, then that this is all', async () => {
      await world.put('a', '1');
      await world.put('b', '1');
      start();
      expect(changes).toEqual([]);
      await listed();
      expect(told()).toEqual(['upserted a=1', 'upserted b=1', 'listed']);
      expect(world.source.freshness).toMatchObject({ listedCompletely: true, rewound: false });
      expect(world.source.freshness.lastContactMs).toBe(changes[2]?.atMs);
    });

    it('is not listed before it is', () => {
      expect(world.source.freshness).toMatchObject({ listedCompletely: false, lastContactMs: undefined });
      expect(world.source.freshness.failure).toBeTypeOf('string');
    });

    it('reports what happens, each time, in order', async () => {
      start();
      await listed();
      await world.put('a', '1');
      await world.put('a', '2');
      await world.put('b', '1');
      await world.delete('a');
      await world.put('a', '3');
      await toldWithin('upserted a=3');
      expect(told()).toEqual(['listed', 'upserted a=1', 'upserted a=2', 'upserted b=1', 'deleted a', 'upserted a=3']);
    });

    it('gives the last form of what was deleted', async () => {
      await world.put('a', 'last');
      start();
      await listed();
      await world.delete('a');
      await toldWithin('deleted a');
      expect(changes.at(-1)).toMatchObject({ kind: 'deleted', object: { value: 'last' } });
    });

    it('keeps the store as of the change that is reported', async () => {
      const sizes: number[] = [];
      await world.put('a', '1');
      world.source.start((change) => {
        changes.push(change);
        sizes.push([...world.source.store.values()].length);
      });
      await listed();
      await world.put('b', '1');
      await toldWithin('upserted b=1');
      await world.delete('a');
      await toldWithin('deleted a');
      expect(sizes).toEqual([1, 1, 2, 1]);
      expect([...world.source.store.values()].map(({ metadata }) => metadata.name)).toEqual(['b']);
    });

    it('goes on where it was after an interruption, without repeating or losing anything', async () => {
      await world.put('a', '1');
      await world.put('b', '1');
      start();
      await listed();
      await world.interrupted({ historyLost: false }, async () => {
        await world.put('a', '2');
        await world.delete('b');
      });
      await toldWithin('deleted b');
      await world.put('c', '1');
      await toldWithin('upserted c=1');
      expect(told()).toEqual(['upserted a=1', 'upserted b=1', 'listed', 'upserted a=2', 'deleted b', 'upserted c=1']);
    });

    it('reports as vanished, never as deleted, what it did not see go; and again when it is back', async () => {
      await world.put('a', '1');
      await world.put('b', '1');
      start();
      await listed();
      await world.interrupted({ historyLost: true }, async () => {
        await world.delete('b');
        await world.put('c', '1');
      });
      await toldWithin('vanished b');
      await world.until(() => told().filter((what) => what === 'listed').length === 2);
      expect(told()).toEqual(['upserted a=1', 'upserted b=1', 'listed', 'upserted c=1', 'vanished b', 'listed']);
      expect([...world.source.store.values()].map(({ metadata }) => metadata.name)).toEqual(['a', 'c']);
      await world.put('b', '2');
      await toldWithin('upserted b=2');
    });

    it('lists again when asked, and repeats nothing that is unchanged', async () => {
      await world.put('a', '1');
      start();
      await listed();
      world.source.relist();
      await world.until(() => told().length === 3);
      expect(told()).toEqual(['upserted a=1', 'listed', 'listed']);
      await world.put('a', '2');
      await toldWithin('upserted a=2');
    });

    it('keeps the last good form of an object that becomes unreadable', async () => {
      await world.put('a', '1');
      await world.put('b', '1');
      start();
      await listed();
      await world.put('a', 'unreadable');
      await world.put('b', '2');
      await toldWithin('upserted b=2');
      world.source.relist();
      await world.until(() => told().at(-1) === 'listed' && told().length === 5);
      expect(told()).toEqual(['upserted a=1', 'upserted b=1', 'listed', 'upserted b=2', 'listed']);
      expect([...world.source.store.values()].map(({ value }) => value).sort()).toEqual(['1', '2']);
    });

    it('survives a consumer that throws', async () => {
      world.source.start((change) => {
        changes.push(change);
        throw new Error('a bug above');
      });
      await listed();
      await world.put('a', '1');
      await toldWithin('upserted a=1');
    });

    it('reports nothing after it was stopped', async () => {
      start();
      await listed();
      await world.source.stop();
      await world.put('a', '1');
      expect(told()).toEqual(['listed']);
    });
  });
}
