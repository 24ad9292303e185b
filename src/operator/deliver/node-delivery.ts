/**
 * deliver — from decisions to what each speaker runs: entries, versions, acknowledgements.
 *
 * One {@link NodeDelivery} per node, which outlives streams. At most one state message is outstanding; what changes meanwhile is
 * coalesced by key, so that a slow speaker costs memory proportional to its entries and nothing else. Removals travel in
 * front of upserts in each message. What a speaker has and this leader has not seen (orphans) is kept until a decision removes it.
 */
import { Digest, entryHash } from '#state/digest.ts';
import type { EncodedEntry, EntryHash, EntryKey } from '#state/entry.ts';
import type { Hello, OperatorMessage, RejectedEntry } from '#state/messages.ts';

/** Sends one message down a speaker's stream. */
export type Send = (message: OperatorMessage) => void;

type Desired = { readonly encoded: EncodedEntry; readonly hash: string };

/** What one node shall run, and how far its speaker has got. */
export class NodeDelivery {
  readonly #epoch: () => number | undefined;
  readonly #desired = new Map<EntryKey, Desired>();
  /** Orphans: on the speaker by its own word, unknown to this leader. */
  readonly #orphans = new Map<EntryKey, string>();
  readonly #digest = new Digest();
  /** Keys that changed since the last message that was sent. */
  #changed = new Set<EntryKey>();
  /** Keys in the outstanding message: changed again, should the stream end before the acknowledgement. */
  #inFlight = new Set<EntryKey>();
  /** What the speaker said it has, until the Full that answers its Hello is sent. */
  #helloEntries: readonly EntryHash[] | undefined;
  #send: Send | undefined;
  #version = 0;
  #outstanding: number | undefined;
  #rejected: readonly RejectedEntry[] = [];
  #applied: { readonly epoch: number; readonly version: number } | undefined;

  /** `epoch` gives the term of this leader, which may rise while the node stays; undefined: it leads no more, and nothing is sent. */
  constructor(epoch: () => number | undefined) {
    this.#epoch = epoch;
  }

  /** Whether a speaker is connected and said Hello. */
  get connected(): boolean {
    return this.#send !== undefined;
  }

  /** What the speaker last acknowledged; undefined before it did. */
  get applied(): { readonly epoch: number; readonly version: number } | undefined {
    return this.#applied;
  }

  /** Whether the speaker has acknowledged everything that was decided. */
  get settled(): boolean {
    return this.connected && this.#outstanding === undefined && this.#changed.size === 0 && this.#helloEntries === undefined;
  }

  /** Entries that the speaker refused in its last Ack. */
  get rejected(): readonly RejectedEntry[] {
    return this.#rejected;
  }

  /** Whether the speaker shall have, or keeps, an entry of this key. */
  has(key: EntryKey): boolean {
    return this.#desired.has(key) || this.#orphans.has(key);
  }

  /** Whether the speaker surely has no entry of this key: none is wanted, none is kept, and a removal is acknowledged. */
  isGone(key: EntryKey): boolean {
    return !this.has(key) && !this.#changed.has(key) && !this.#inFlight.has(key);
  }

  /** Sets an entry. Nothing is sent before {@link flush}; setting what is set already is nothing. `hash`: that of the entry. */
  set(encoded: EncodedEntry, hash = entryHash(encoded)): void {
    const { key } = encoded;
    const before = this.#desired.get(key)?.hash;
    if (before === hash) return;
    if (before === undefined) this.remove(key);
    else this.#digest.remove(before);
    this.#desired.set(key, { encoded, hash });
    this.#digest.add(hash);
    this.#changed.add(key);
  }

  /** Removes an entry, an orphan too. */
  remove(key: EntryKey): void {
    const hash = this.#desired.get(key)?.hash ?? this.#orphans.get(key);
    if (hash === undefined) return;
    this.#desired.delete(key);
    this.#orphans.delete(key);
    this.#digest.remove(hash);
    this.#changed.add(key);
  }

  /**
   * A speaker connected. What it has beyond what is desired, and was not removed by this leader, becomes an orphan. The next
   * {@link flush} answers with a Full.
   */
  connect(hello: Hello, send: Send): void {
    this.#send = send;
    this.#takeBackInFlight();
    this.#rejected = [];
    this.#helloEntries = hello.entries;
    for (const hash of this.#orphans.values()) this.#digest.remove(hash);
    this.#orphans.clear();
    for (const { key, hash } of hello.entries) {
      if (this.#desired.has(key) || this.#changed.has(key)) continue;
      this.#orphans.set(key, hash);
      this.#digest.add(hash);
    }
    // Versions go up within a term, also where this leader starts anew and the speaker is ahead.
    if (hello.epoch === this.#epoch()) this.#version = Math.max(this.#version, hello.version);
  }

  /** The stream ended. What was removed stays marked, so that the entry is no orphan when the speaker comes back. */
  disconnect(): void {
    this.#send = undefined;
    this.#takeBackInFlight();
    this.#helloEntries = undefined;
  }

  /** Sends what changed, unless a message is outstanding, or the term is over. */
  flush(): void {
    const epoch = this.#epoch();
    if (epoch === undefined || this.#send === undefined || this.#outstanding !== undefined) return;
    if (this.#helloEntries !== undefined) this.#sendFull(epoch, this.#helloEntries);
    else if (this.#changed.size > 0) this.#sendDelta(epoch);
  }

  /** The speaker applied a version; what waited goes out. */
  onAck(version: number, rejected: readonly RejectedEntry[]): void {
    if (version !== this.#outstanding) return;
    this.#outstanding = undefined;
    this.#inFlight.clear();
    this.#rejected = rejected;
    const epoch = this.#epoch();
    if (epoch !== undefined) this.#applied = { epoch, version };
    this.flush();
  }

  /** The speaker could not apply a version: it gets everything, since what it has is not known any more. */
  onNack(version: number): void {
    if (version !== this.#outstanding) return;
    this.#takeBackInFlight();
    this.#helloEntries = [];
    this.flush();
  }

  #sendFull(epoch: number, helloEntries: readonly EntryHash[]): void {
    const has = new Map(helloEntries.map(({ key, hash }) => [key, hash]));
    const entries: EncodedEntry[] = [];
    const keep: EntryKey[] = [...this.#orphans.keys()];
    for (const { encoded, hash } of this.#desired.values()) {
      if (has.get(encoded.key) === hash) keep.push(encoded.key);
      else entries.push(encoded);
    }
    this.#helloEntries = undefined;
    this.#sendState({ kind: 'full', epoch, version: this.#version + 1, entries, keep, digest: this.#digest.toString() });
  }

  #sendDelta(epoch: number): void {
    const removals: EntryKey[] = [];
    const upserts: EncodedEntry[] = [];
    for (const key of this.#changed) {
      const desired = this.#desired.get(key);
      if (desired === undefined) removals.push(key);
      else upserts.push(desired.encoded);
    }
    this.#sendState({
      kind: 'delta',
      epoch,
      baseVersion: this.#version,
      version: this.#version + 1,
      removals,
      upserts,
      digest: this.#digest.toString(),
    });
  }

  #sendState(message: Extract<OperatorMessage, { version: number }>): void {
    this.#version = message.version;
    this.#outstanding = message.version;
    this.#inFlight = this.#changed;
    this.#changed = new Set();
    this.#send?.(message);
  }

  /** Whether the outstanding message was applied is not known: its keys count as changed again. */
  #takeBackInFlight(): void {
    this.#outstanding = undefined;
    for (const key of this.#inFlight) this.#changed.add(key);
    this.#inFlight.clear();
  }
}
