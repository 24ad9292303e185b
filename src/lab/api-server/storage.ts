import { keyOfRaw, type RawObject, typeName } from '#kube/resource.ts';
import type { LabKind } from './kinds.ts';
import { limits } from './limits.ts';
import { expired } from './refusal.ts';

/** One change as watches see it. `before` tells a watch with a selector whether the object was selected. */
export type StoredEvent = {
  readonly kind: LabKind;
  readonly revision: number;
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: RawObject;
  readonly before: RawObject | undefined;
};

/** All objects at one time, to go back to: what a restored backup does. */
export type Snapshot = { readonly revision: number; readonly objects: ReadonlyMap<string, ReadonlyMap<string, RawObject>> };

/**
 * Objects with one revision counter over all kinds and a window of history, as etcd keeps them. Objects are never changed in
 * place. Knows nothing of HTTP or of the API's rules.
 */
export class Storage {
  #revision = 1;
  #objects = new Map<string, Map<string, RawObject>>();
  #history: StoredEvent[] = [];
  /** Changes up to this revision can't be looked back on. */
  #compactedTo = 1;
  readonly #listeners = new Set<(event: StoredEvent) => void>();

  get revision(): number {
    return this.#revision;
  }

  get(kind: LabKind, key: string): RawObject | undefined {
    return this.#objects.get(typeName(kind))?.get(key);
  }

  /** Objects of a kind, of one namespace or all, in the order of their keys. */
  list(kind: LabKind, namespace?: string): RawObject[] {
    const all = [...(this.#objects.get(typeName(kind)) ?? [])];
    return all
      .filter(([, object]) => namespace === undefined || object.metadata.namespace === namespace)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([, object]) => object);
  }

  /** Stores an object under a new revision, and returns it as stored. */
  put(kind: LabKind, object: RawObject): RawObject {
    const key = keyOfRaw(object);
    const ofKind = this.#ofKind(kind);
    const before = ofKind.get(key);
    const stored = this.#withRevision(object);
    ofKind.set(key, stored);
    this.#record({ kind, revision: this.#revision, type: before === undefined ? 'ADDED' : 'MODIFIED', object: stored, before });
    return stored;
  }

  /** Removes an object; its last form, returned, carries the revision of the removal. */
  remove(kind: LabKind, key: string): RawObject | undefined {
    const ofKind = this.#ofKind(kind);
    const before = ofKind.get(key);
    if (before === undefined) return undefined;
    ofKind.delete(key);
    const last = this.#withRevision(before);
    this.#record({ kind, revision: this.#revision, type: 'DELETED', object: last, before });
    return last;
  }

  /** Changes of a kind after a revision. Throws when they are no longer known. */
  since(kind: LabKind, revision: number): StoredEvent[] {
    if (revision < this.#compactedTo) throw expired(String(revision), this.#compactedTo);
    const name = typeName(kind);
    return this.#history.filter((event) => event.revision > revision && typeName(event.kind) === name);
  }

  /** Calls `listener` at each change, in order; returns how to stop that. */
  listen(listener: (event: StoredEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Forgets the history: watches that look back get 410. */
  compact(): void {
    this.#history = [];
    this.#compactedTo = this.#revision;
  }

  snapshot(): Snapshot {
    return { revision: this.#revision, objects: new Map([...this.#objects].map(([name, objects]) => [name, new Map(objects)])) };
  }

  /** Goes back to an earlier state without telling anybody, revision included. */
  restore(snapshot: Snapshot): void {
    this.#revision = snapshot.revision;
    this.#objects = new Map([...snapshot.objects].map(([name, objects]) => [name, new Map(objects)]));
    this.#history = [];
    this.#compactedTo = snapshot.revision;
  }

  #ofKind(kind: LabKind): Map<string, RawObject> {
    const name = typeName(kind);
    const known = this.#objects.get(name);
    if (known !== undefined) return known;
    const made = new Map<string, RawObject>();
    this.#objects.set(name, made);
    return made;
  }

  #withRevision(object: RawObject): RawObject {
    this.#revision++;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(this.#revision) } };
  }

  #record(event: StoredEvent): void {
    this.#history.push(event);
    // Dropped in halves, so that a change costs the same on average.
    if (this.#history.length > 2 * limits.history) {
      this.#history = this.#history.slice(-limits.history);
      this.#compactedTo = (this.#history[0]?.revision ?? this.#revision) - 1;
    }
    for (const listener of [...this.#listeners]) listener(event);
  }
}
