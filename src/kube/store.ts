import { type KubeObject, keyOf } from './resource.ts';

/** Labels under which an object can be found, e.g. the name of its node. Few and short. */
export type Indexer<T> = (object: T) => readonly string[];

/** What consumers of a source see: objects by `namespace/name`, and by the indexers that the store was made with. */
export type ReadonlyStore<T> = {
  readonly size: number;
  get(key: string): T | undefined;
  keys(): IterableIterator<string>;
  values(): IterableIterator<T>;
  /** Keys of the objects under a label of a named index; empty when there is none. */
  keysBy(index: string, label: string): ReadonlySet<string>;
};

/** Objects of one kind in memory. A change costs what that object's labels cost, whatever the number of objects. */
export class Store<T extends KubeObject> implements ReadonlyStore<T> {
  readonly #objects = new Map<string, T>();
  readonly #indexes: ReadonlyMap<string, { readonly labels: Indexer<T>; readonly keys: Map<string, Set<string>> }>;

  /** `indexers`: by name, e.g. `{ byNode: (slice) => slice.endpoints.flatMap(…) }`. */
  constructor(indexers: Readonly<Record<string, Indexer<T>>> = {}) {
    this.#indexes = new Map(Object.entries(indexers).map(([name, labels]) => [name, { labels, keys: new Map() }]));
  }

  get size(): number {
    return this.#objects.size;
  }

  get(key: string): T | undefined {
    return this.#objects.get(key);
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys();
  }

  values(): IterableIterator<T> {
    return this.#objects.values();
  }

  keysBy(index: string, label: string): ReadonlySet<string> {
    return this.#indexes.get(index)?.keys.get(label) ?? none;
  }

  /** Puts an object in, in place of the one with the same key. */
  set(object: T): void {
    const key = keyOf(object.metadata);
    this.delete(key);
    this.#objects.set(key, object);
    for (const { labels, keys } of this.#indexes.values()) {
      for (const label of labels(object)) {
        const under = keys.get(label);
        if (under === undefined) keys.set(label, new Set([key]));
        else under.add(key);
      }
    }
  }

  /** Takes an object out; what is not there is no error. */
  delete(key: string): void {
    const object = this.#objects.get(key);
    if (object === undefined) return;
    this.#objects.delete(key);
    for (const { labels, keys } of this.#indexes.values()) {
      for (const label of labels(object)) {
        const under = keys.get(label);
        under?.delete(key);
        if (under?.size === 0) keys.delete(label);
      }
    }
  }
}

const none: ReadonlySet<string> = new Set();
