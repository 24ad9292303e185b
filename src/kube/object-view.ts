import { describeError, type Logger } from '#obs/logger.ts';
import type { Clock } from '#runtime/clock.ts';
import type { Freshness, ObjectChange } from './object-source.ts';
import { isOlder, type KubeObject, keyOfRaw, type RawObject } from './resource.ts';
import { type Indexer, type ReadonlyStore, Store } from './store.ts';

/** One object of a list, read while its page was in hand. */
export type Listed<T> = {
  readonly key: string;
  /** Absent: it is unchanged, or can't be read; in both cases what is known of it stays. */
  readonly changed?: T;
};

/** Keeps of an object what is used. Total: fields that are missing or wrong are left out, not thrown about. */
export type Projection<T> = (object: RawObject) => T;

/**
 * What a source knows, and how it tells: lists and events in, changes out. The rules of the port live here, so that the
 * reflector and the source in memory can't differ in them.
 */
export class ObjectView<T extends KubeObject> {
  /** Who is told; undefined before the start and after the end. */
  onChange: ((change: ObjectChange<T>) => void) | undefined;
  /** Why nothing is heard; undefined while all is well. */
  failure: string | undefined = 'not listed yet';
  readonly #project: Projection<T>;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #store: Store<T>;
  #position = '';
  /** The newest position ever seen. */
  #highest = '';
  #lastContactMs: number | undefined;
  #listedCompletely = false;
  #rewound = false;

  constructor(options: {
    readonly project: Projection<T>;
    readonly clock: Clock;
    readonly logger: Logger;
    readonly indexers: Readonly<Record<string, Indexer<T>>>;
  }) {
    this.#project = options.project;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#store = new Store(options.indexers);
  }

  get store(): ReadonlyStore<T> {
    return this.#store;
  }

  /** The resource version up to which everything has been seen. */
  get position(): string {
    return this.#position;
  }

  get freshness(): Freshness {
    return {
      lastContactMs: this.#lastContactMs,
      listedCompletely: this.#listedCompletely,
      rewound: this.#rewound,
      failure: this.failure,
    };
  }

  /** Reads one object of a list that is on its way; nothing is known of it before {@link replace}. */
  readonly read = (raw: RawObject): Listed<T> => {
    const key = keyOfRaw(raw);
    if (this.#store.get(key)?.metadata.resourceVersion === raw.metadata.resourceVersion) return { key };
    const changed = this.#projected(key, raw);
    return { key, ...(changed !== undefined && { changed }) };
  };

  /** A complete list. What is not in it has vanished, which is no deletion. */
  replace(items: readonly Listed<T>[], resourceVersion: string): void {
    const atMs = this.#contact();
    // Known before the first change of the list is told: what a restored backup says must not be believed.
    this.#rewound ||= isOlder(resourceVersion, this.#highest);
    this.#position = resourceVersion;
    this.#raise(resourceVersion);
    for (const { key, changed } of items) if (changed !== undefined) this.#put(key, changed, atMs);
    const there = new Set(items.map(({ key }) => key));
    for (const key of [...this.#store.keys()].filter((known) => !there.has(known))) {
      const object = this.#store.get(key);
      this.#store.delete(key);
      if (object !== undefined) this.#tell({ kind: 'vanished', key, object, atMs });
    }
    this.#listedCompletely = true;
    this.#tell({ kind: 'listed', resourceVersion, rewound: this.#rewound, atMs });
  }

  /** An event ADDED or MODIFIED. */
  upsert(object: RawObject): void {
    const atMs = this.#advance(object);
    const key = keyOfRaw(object);
    const projected = this.#projected(key, object);
    if (projected !== undefined) this.#put(key, projected, atMs);
  }

  /** An event DELETED: the tombstone. */
  remove(object: RawObject): void {
    const atMs = this.#advance(object);
    const key = keyOfRaw(object);
    const last = this.#projected(key, object) ?? this.#store.get(key);
    this.#store.delete(key);
    if (last !== undefined) this.#tell({ kind: 'deleted', key, object: last, atMs });
  }

  /** Nothing happened up to this position. */
  bookmark(object: RawObject): void {
    this.#advance(object);
  }

  acceptRewind(): void {
    this.#rewound = false;
    this.#highest = this.#position;
  }

  #put(key: string, object: T, atMs: number): void {
    this.#store.set(object);
    this.#tell({ kind: 'upserted', key, object, atMs });
  }

  #projected(key: string, raw: RawObject): T | undefined {
    try {
      return this.#project(raw);
    } catch (error) {
      this.#logger.error({ event: 'kube-object-unreadable', object: key, error: describeError(error) }, 'its last good form stays');
      return undefined;
    }
  }

  /** A consumer that throws at one object must not cost the others theirs. */
  #tell(change: ObjectChange<T>): void {
    try {
      this.onChange?.(change);
    } catch (error) {
      const object = change.kind === 'listed' ? '' : change.key;
      this.#logger.error({ event: 'kube-handler-failed', change: change.kind, object, error: describeError(error) });
    }
  }

  #advance(object: RawObject): number {
    const position = object.metadata.resourceVersion ?? this.#position;
    this.#position = position;
    this.#raise(position);
    return this.#contact();
  }

  #raise(position: string): void {
    if (this.#highest === '' || isOlder(this.#highest, position)) this.#highest = position;
  }

  #contact(): number {
    this.failure = undefined;
    this.#lastContactMs = this.#clock.nowMs();
    return this.#lastContactMs;
  }
}
