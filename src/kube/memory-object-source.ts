import type { Logger } from '#obs/logger.ts';
import type { Clock, Timer } from '#runtime/clock.ts';
import { limits } from './limits.ts';
import type { Freshness, ObjectChange, ObjectSource } from './object-source.ts';
import { ObjectView, type Projection } from './object-view.ts';
import { type KubeObject, keyOfRaw, type RawObject } from './resource.ts';
import type { Indexer, ReadonlyStore } from './store.ts';

type MemoryEvent = { readonly type: 'upsert' | 'delete'; readonly object: RawObject };

/** The objects of one kind without an API server: what sources in memory list and watch. */
export class MemoryObjects {
  readonly #objects = new Map<string, RawObject>();
  readonly #watchers = new Set<() => void>();
  #events: MemoryEvent[] = [];
  /** Number of events forgotten: the position of the first one kept. */
  #forgotten = 0;
  #revision = 1;

  /** Creates or replaces an object; uid and resourceVersion are filled in. */
  put(object: RawObject): RawObject {
    const key = keyOfRaw(object);
    const uid = this.#objects.get(key)?.metadata.uid ?? object.metadata.uid ?? `uid-${this.#revision}`;
    const stored = { ...object, metadata: { ...object.metadata, uid, resourceVersion: String(++this.#revision) } };
    this.#objects.set(key, stored);
    this.#record({ type: 'upsert', object: stored });
    return stored;
  }

  /** Deletes an object; what is not there is no error. */
  delete(key: string): void {
    const object = this.#objects.get(key);
    if (object === undefined) return;
    this.#objects.delete(key);
    this.#record({ type: 'delete', object: { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.#revision) } } });
  }

  get(key: string): RawObject | undefined {
    return this.#objects.get(key);
  }

  /** Forgets what happened: who has not heard it yet must list. */
  compact(): void {
    this.#forgotten += this.#events.length;
    this.#events = [];
  }

  /** Goes back to what {@link list} once said, as a restored backup does: who watches must list. */
  restore({ items, resourceVersion }: Pick<ReturnType<MemoryObjects['list']>, 'items' | 'resourceVersion'>): void {
    this.#objects.clear();
    for (const object of items) this.#objects.set(keyOfRaw(object), object);
    this.#revision = Number(resourceVersion);
    this.compact();
    this.#forgotten++;
    for (const wake of [...this.#watchers]) wake();
  }

  /** All objects, their resource version, and the position from which events go on. */
  list(): { readonly items: readonly RawObject[]; readonly resourceVersion: string; readonly position: number } {
    return { items: [...this.#objects.values()], resourceVersion: String(this.#revision), position: this.#forgotten + this.#events.length };
  }

  /** Events from a position on; undefined when they are forgotten. */
  since(position: number): readonly MemoryEvent[] | undefined {
    return position < this.#forgotten ? undefined : this.#events.slice(position - this.#forgotten);
  }

  /** Calls `wake` after each change; returns how to stop that. */
  watch(wake: () => void): () => void {
    this.#watchers.add(wake);
    return () => this.#watchers.delete(wake);
  }

  #record(event: MemoryEvent): void {
    this.#events.push(event);
    // Dropped in halves, so that a change costs the same on average.
    if (this.#events.length > 2 * limits.memoryHistory) {
      this.#forgotten += limits.memoryHistory;
      this.#events = this.#events.slice(limits.memoryHistory);
    }
    for (const wake of [...this.#watchers]) wake();
  }
}

/** An object source without connections, for virtual time: what was put arrives in the next turn of the clock. */
export class MemoryObjectSource<T extends KubeObject> implements ObjectSource<T> {
  readonly #objects: MemoryObjects;
  readonly #clock: Clock;
  readonly #view: ObjectView<T>;
  /** Where it is in the events; undefined: it must list. */
  #position: number | undefined;
  #unwatch: () => void = () => undefined;
  #scheduled = false;
  #running = false;
  #reachable = true;
  #bookmarks: Timer | undefined;

  constructor(options: {
    readonly objects: MemoryObjects;
    readonly project: Projection<T>;
    readonly indexers?: Readonly<Record<string, Indexer<T>>>;
    readonly clock: Clock;
    readonly logger: Logger;
  }) {
    this.#objects = options.objects;
    this.#clock = options.clock;
    this.#view = new ObjectView({
      project: options.project,
      clock: options.clock,
      logger: options.logger,
      indexers: options.indexers ?? {},
    });
  }

  get store(): ReadonlyStore<T> {
    return this.#view.store;
  }

  get freshness(): Freshness {
    return this.#view.freshness;
  }

  start(onChange: (change: ObjectChange<T>) => void): void {
    this.#view.onChange = onChange;
    this.#running = true;
    this.#unwatch = this.#objects.watch(() => this.#schedule());
    this.#schedule();
    this.#scheduleBookmark();
  }

  stop(): Promise<void> {
    this.#view.onChange = undefined;
    this.#running = false;
    this.#unwatch();
    this.#bookmarks?.cancel();
    return Promise.resolve();
  }

  relist(): void {
    this.#position = undefined;
    this.#schedule();
  }

  acceptRewind(): void {
    this.#view.acceptRewind();
  }

  /** Whether the API server answers. While it does not, nothing arrives; afterwards it goes on where it was. */
  setReachable(reachable: boolean): void {
    this.#reachable = reachable;
    this.#view.failure = reachable ? undefined : 'the API server does not answer';
    this.#schedule();
  }

  #schedule(): void {
    if (this.#scheduled || !this.#reachable || !this.#running) return;
    this.#scheduled = true;
    this.#clock.soon(() => {
      this.#scheduled = false;
      if (this.#running && this.#reachable) this.#catchUp();
    });
  }

  #catchUp(): void {
    const events = this.#position === undefined ? undefined : this.#objects.since(this.#position);
    if (events === undefined || this.#position === undefined) {
      const { items, resourceVersion, position } = this.#objects.list();
      this.#position = position;
      this.#view.replace(items.map(this.#view.read), resourceVersion);
      return;
    }
    for (const { type, object } of events) {
      // Counted first: the consumer may ask for a list, or change objects, while it is told.
      this.#position++;
      if (type === 'upsert') this.#view.upsert(object);
      else this.#view.remove(object);
      if (!this.#running || this.#position === undefined) return;
    }
  }

  #scheduleBookmark(): void {
    this.#bookmarks = this.#clock.after(limits.bookmarkIntervalMs, () => {
      if (this.#reachable && !this.#scheduled) this.#view.bookmark({ metadata: { resourceVersion: this.#view.position } });
      this.#scheduleBookmark();
    });
  }
}
