/**
 * kube — the client of the Kubernetes API: requests, list-and-watch, cache, work queue, lease, events.
 *
 * Generic over the object type: the table of kinds and the projection of each come from the rooms above. What this room
 * promises: events of one kind arrive in order and without delay; a connection that fails is opened again for ever; and
 * absence is never reported as deletion, whatever the API server leaves out. What the server refuses is a value. Nothing here
 * decides about routes, and no code of the consumer runs inside a stream's callback.
 */
import { limits } from './limits.ts';
import type { KubeObject } from './resource.ts';
import type { ReadonlyStore } from './store.ts';

/** What happened to one object, or to the view of all. `atMs`: when it was received, on the monotonic clock. */
export type ObjectChange<T> =
  /** It is new or changed. A new uid under the same key is another object: the one before it is gone. */
  | { readonly kind: 'upserted'; readonly key: string; readonly object: T; readonly atMs: number }
  /** A tombstone: the API server said that it was deleted. `object` is its last form. */
  | { readonly kind: 'deleted'; readonly key: string; readonly object: T; readonly atMs: number }
  /**
   * It was there, and a complete list did not have it. This is no tombstone: the consumer confirms by other means
   * before it believes. `object` is its last form; should it be back, it is upserted.
   */
  | { readonly kind: 'vanished'; readonly key: string; readonly object: T; readonly atMs: number }
  /** A complete list has been reported: the changes before this one, together with the store, are all there is. */
  | {
      readonly kind: 'listed';
      readonly resourceVersion: string;
      /** The list is older than something seen before: a restored or foreign cluster. */
      readonly rewound: boolean;
      readonly atMs: number;
    };

/** How far the source can be believed; see {@link isFresh}. */
export type Freshness = {
  /** When a complete list, an event or a bookmark last came, on the monotonic clock; undefined before the first. */
  readonly lastContactMs: number | undefined;
  /** Whether a list was read to its end since the start. */
  readonly listedCompletely: boolean;
  /**
   * Whether a list was older than something seen before. True from before the first change of that list until
   * {@link ObjectSource.acceptRewind}: what such a list says is not to be acted on.
   */
  readonly rewound: boolean;
  /** Why nothing is heard, as a sentence; undefined while the watch is open. */
  readonly failure: string | undefined;
};

/**
 * Objects of one kind, listed and watched: the port between Kubernetes and everything above it. The real one is `Reflector`,
 * the one in memory `MemoryObjectSource`; both pass the same contract tests.
 */
export type ObjectSource<T extends KubeObject> = {
  /** Starts, once. Changes arrive in order, one at a time, never within this call and none after `stop`. */
  start(onChange: (change: ObjectChange<T>) => void): void;
  /** Ends for good; resolves when nothing is open any more. */
  stop(): Promise<void>;
  /** What is known, as of the change that is being reported. What vanished is not in it. */
  readonly store: ReadonlyStore<T>;
  readonly freshness: Freshness;
  /** Lists again as soon as possible, for a second look at what vanished; a `listed` follows. */
  relist(): void;
  /** A person confirmed that the cluster was restored: what is seen now is believed. */
  acceptRewind(): void;
};

/** Whether a source may decide: listed completely, heard within two bookmark intervals, never gone backwards. */
export function isFresh(freshness: Freshness, nowMs: number): boolean {
  const { lastContactMs, listedCompletely, rewound } = freshness;
  return listedCompletely && !rewound && lastContactMs !== undefined && nowMs - lastContactMs <= 2 * limits.bookmarkIntervalMs;
}
