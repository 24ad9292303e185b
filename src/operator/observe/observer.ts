/**
 * observe — from watches to a read-only view, and to the keys that have to be decided again.
 *
 * Kubernetes' shapes become decide's shapes here and nowhere else. Absence is never taken for deletion: only a DELETED event or a
 * deletionTimestamp is a tombstone; what a list leaves out is missing, and stays as it was until its absence is confirmed. An object that can't be read keeps
 * its last good form, and its problem is kept for its condition.
 */
import { acceptRewindAnnotation } from '#api/names.ts';
import type { FieldError } from '#api/parse.ts';
import type { Kind, ObservedObject, Presence } from '#decide/view.ts';
import { isFresh, type ObjectChange, type ObjectSource } from '#kube/object-source.ts';
import type { Logger } from '#obs/logger.ts';
import type { Clock, Timer } from '#runtime/clock.ts';
import type { Result } from '#runtime/result.ts';
import { limits } from '../limits.ts';
import type { PasswordProblem, PasswordSecret } from '../password-secret.ts';
import { Absences, type LookUp } from './absences.ts';
import { mapObject, type SourceObjects } from './map-object.ts';
import { passwordIn, type Secrets, withPassword } from './passwords.ts';
import { type Rewind, type RewindKind, Rewinds } from './rewinds.ts';
import { unreadForm } from './unread-form.ts';
import { type Affected, ViewStore } from './view-store.ts';

/** One source per kind. */
export type Sources = { readonly [K in Kind]: ObjectSource<SourceObjects[K]> };

export type ObserverOptions = {
  readonly sources: Sources;
  /** Passwords of sessions. Nothing else waits for them: who can't read them decides all the same. */
  readonly secrets: Secrets;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Something changed that has to be decided; `atMs` is when it was received, monotonic. */
  readonly onAffected: (affected: Affected, atMs: number) => void;
  /** An object is new, changed or gone: what is written about it may have to change. */
  readonly onObject: (kind: Kind, key: string) => void;
  /** Asks the API server for an object by its name. */
  readonly lookUp: LookUp;
  /** Everything is listed and heard of, after it was not. */
  readonly onFresh: () => void;
};

const everything: Affected = { services: 'all', nodes: 'all' };

/** Watches all kinds. */
export class Observer {
  readonly view: ViewStore;
  /** All kinds that are watched. */
  readonly kinds: readonly Kind[];
  readonly #options: ObserverOptions;
  /** Why objects can't be read, by `Kind key`. */
  readonly #problems = new Map<string, FieldError>();
  /** Objects with a tombstone, oldest first: forgotten when there are too many. */
  readonly #tombstones = new Map<string, { readonly kind: Kind; readonly key: string }>();
  /** Kinds that were not fresh when they were asked for: what was decided then has to be decided again when they are. */
  readonly #doubted: Set<Kind>;
  readonly #absences: Absences;
  readonly #rewinds: Rewinds;
  #freshnessTimer: Timer | undefined;

  constructor(options: ObserverOptions) {
    this.#options = options;
    const { clock, logger, lookUp, secrets, sources } = options;
    const sourceOf = (kind: RewindKind) => (kind === 'Secret' ? secrets.source : sources[kind]);
    this.#absences = new Absences({
      clock,
      logger,
      lookUp,
      relist: (kind) => sources[kind].relist(),
      count: (kind) => sources[kind].store.size,
      clusterUid: () => sources.Namespace.store.get('kube-system')?.metadata.uid,
      onGone: (kind, key) => this.#gone(kind, key),
    });
    this.#rewinds = new Rewinds({
      logger,
      rewound: () => ([...this.kinds, 'Secret'] as const).filter((kind) => sourceOf(kind).freshness.rewound),
      accept: (kind) => sourceOf(kind).acceptRewind(),
      // Not by the view: AnycastConfig itself may be of a kind that went back.
      accepted: () => sources.AnycastConfig.store.get('default')?.metadata.annotations?.[acceptRewindAnnotation],
      onChange: () => this.#rewindChanged(),
    });
    this.kinds = Object.keys(options.sources) as Kind[];
    this.#doubted = new Set(this.kinds);
    this.view = new ViewStore((kind) => {
      const fresh = this.#isFresh(kind);
      if (!fresh) this.#doubted.add(kind);
      return fresh;
    });
  }

  /** Starts watching. */
  start(): void {
    for (const kind of this.kinds) this.#startKind(kind);
    this.#options.secrets.source.start((change) => this.#secretChanged(change));
    this.#checkFreshness();
  }

  /** Ends all watches. */
  async stop(): Promise<void> {
    this.#freshnessTimer?.cancel();
    this.#absences.stop();
    const { sources, secrets } = this.#options;
    await Promise.all([secrets.source.stop(), ...this.kinds.map((kind) => sources[kind].stop())]);
  }

  /** Whether all kinds were listed completely at least once. */
  get complete(): boolean {
    return this.kinds.every((kind) => this.#options.sources[kind].freshness.listedCompletely);
  }

  /** Kinds that went back in time, until a person confirms it; undefined while none did. */
  get rewind(): Rewind | undefined {
    return this.#rewinds.current;
  }

  /** What is not heard of, a sentence per kind. */
  failures(): string[] {
    return this.kinds.flatMap((kind) => {
      const { failure, rewound, listedCompletely } = this.#options.sources[kind].freshness;
      if (failure !== undefined) return [`${kind}: ${failure}`];
      if (rewound) return [`${kind}: the API server went back in time; nothing is decided from it`];
      return listedCompletely ? [] : [`${kind}: not listed yet`];
    });
  }

  /** The object as it was last received; undefined while it is not there. */
  raw<K extends Kind>(kind: K, key: string): SourceObjects[K] | undefined {
    return this.#options.sources[kind].store.get(key);
  }

  /** Keys of all objects of a kind that are there. */
  keys(kind: Kind): Iterable<string> {
    return this.#options.sources[kind].store.keys();
  }

  /** Why an object can't be read; undefined when it can. */
  problem(kind: Kind, key: string): FieldError | undefined {
    return this.#problems.get(`${kind} ${key}`);
  }

  /** The password in a Secret as it is now, or why there is none. */
  password(secret: string): Result<string, PasswordProblem> {
    return passwordIn(this.#options.secrets, secret);
  }

  /** Drops what is remembered of a deleted object: nothing rests on it any more. */
  forget(kind: Kind, key: string): void {
    this.#tombstones.delete(`${kind} ${key}`);
    const affected = this.view.forget(kind, key);
    if (affected.services.length > 0) this.#options.onAffected(affected, this.#options.clock.nowMs());
  }

  #startKind<K extends Kind>(kind: K): void {
    const source: ObjectSource<SourceObjects[K]> = this.#options.sources[kind];
    source.start((change) => this.#changed(kind, change));
  }

  #changed<K extends Kind>(kind: K, change: ObjectChange<SourceObjects[K]>): void {
    if (change.kind === 'listed') {
      this.#rewinds.listed(kind, change.resourceVersion);
      if (!this.#options.sources[kind].freshness.rewound) this.#absences.listed(kind);
      this.#checkFreshness();
      return;
    }
    if (change.kind !== 'vanished') this.#absences.settled(kind, change.key);
    else if (goesUnseen.has(kind)) this.#absences.vanished(kind, change.key);
    const presence = presenceAfter[change.kind];
    const wallMs = this.#options.clock.wallMs();
    const mapped = mapObject(kind, change.object, presence, { view: this.view, nowMs: change.atMs, wallMs });
    this.#noteProblem(kind, change.key, mapped, presence);
    const before = this.view.get(kind, change.key);
    if (!mapped.ok) this.#take(unreadForm(kind, change.object.metadata, before, presence), change.atMs);
    // What is none of ours any more, such as a slice that lost its label, has said so itself.
    else this.#take(mapped.value ?? (before && { ...before, presence: 'deleted' }), change.atMs);
    this.#options.onObject(kind, change.key);
    if (kind === 'AnycastConfig') this.#rewinds.look();
  }

  #secretChanged(change: ObjectChange<PasswordSecret>): void {
    if (change.kind === 'listed') this.#rewinds.listed('Secret', change.resourceVersion);
    this.#readPasswords(change.atMs);
  }

  #readPasswords(atMs: number): void {
    for (const peer of [...this.view.peers()].filter(({ passwordSecret }) => passwordSecret !== undefined)) {
      this.#take(peer, atMs);
      this.#options.onObject('AnycastPeer', peer.key);
    }
  }

  #rewindChanged(): void {
    this.#readPasswords(this.#options.clock.nowMs());
    this.#options.onObject('AnycastConfig', 'default');
    this.#checkFreshness();
  }

  /** What vanished is gone, by evidence: its last form gets the tombstone. */
  #gone(kind: Kind, key: string): void {
    const object = this.view.get(kind, key);
    this.#take(object && { ...object, presence: 'deleted' }, this.#options.clock.nowMs());
    this.#options.onObject(kind, key);
  }

  #take(taken: ObservedObject | undefined, atMs: number): void {
    if (taken === undefined) return;
    const isPeer = taken.kind === 'AnycastPeer';
    const object = isPeer ? withPassword(this.#options.secrets, taken, this.view.peer(taken.key)) : taken;
    this.#options.onAffected(this.view.put(object), atMs);
    // Whatever was deleted of these says nothing any more; of the others the tombstone is evidence.
    if (object.presence === 'deleted' && saysNothingWhenDeleted.has(object.kind)) this.view.forget(object.kind, object.key);
    else this.#noteTombstone(object);
  }

  #isFresh(kind: Kind): boolean {
    return isFresh(this.#options.sources[kind].freshness, this.#options.clock.nowMs());
  }

  #noteProblem(kind: Kind, key: string, mapped: Result<unknown, FieldError>, presence: Presence): void {
    const name = `${kind} ${key}`;
    if (mapped.ok || presence !== 'present') {
      this.#problems.delete(name);
    } else if (this.#problems.get(name)?.message !== mapped.error.message) {
      this.#problems.set(name, mapped.error);
      this.#options.logger.warn({ event: 'object-refused', kind, object: key, field: mapped.error.field }, mapped.error.message);
    }
  }

  #noteTombstone({ kind, key, presence }: ObservedObject): void {
    const name = `${kind} ${key}`;
    this.#tombstones.delete(name);
    if (presence !== 'deleted') return;
    this.#tombstones.set(name, { kind, key });
    const [oldest] = this.#tombstones.values();
    if (oldest !== undefined && this.#tombstones.size > limits.tombstones) this.forget(oldest.kind, oldest.key);
  }

  /** Doubts about stale kinds end when they are fresh again, which no event tells: looked at every second. */
  #checkFreshness(): void {
    const regained = [...this.#doubted].filter((kind) => this.#isFresh(kind));
    for (const kind of regained) this.#doubted.delete(kind);
    if (regained.length > 0) {
      if (this.#doubted.size === 0) this.#options.onFresh();
      this.#options.onAffected(everything, this.#options.clock.nowMs());
    }
    this.#freshnessTimer?.cancel();
    this.#freshnessTimer = this.#options.clock.after(limits.freshnessCheckMs, () => this.#checkFreshness());
  }
}

/**
 * Kinds whose objects can be deleted without our seeing it. The others carry our finalizer: that one of them went unseen means
 * that something is wrong, and nothing but a DELETED event is believed.
 */
const goesUnseen: ReadonlySet<Kind> = new Set(['EndpointSlice', 'Node', 'Namespace']);

/** Kinds whose objects are only evidence while they are there. */
const saysNothingWhenDeleted: ReadonlySet<Kind> = new Set(['EndpointSlice', 'Namespace', 'AnycastHold']);

const presenceAfter: Readonly<Record<Exclude<ObjectChange<never>['kind'], 'listed'>, Presence>> = {
  upserted: 'present',
  deleted: 'deleted',
  vanished: 'missing',
};
