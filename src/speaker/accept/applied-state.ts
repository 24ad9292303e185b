/**
 * accept — from what operators send to the state that this node runs.
 *
 * Pure: {@link accept} looks at a message and says what changes, {@link AppliedState} is the one place where changes are applied.
 * Promised: a lower epoch changes nothing; removals always apply; an entry that this node can't run keeps its last good form;
 * what does not fit is answered, never guessed. May not happen here: I/O, and any thought about routers.
 */
import type { Result } from '#runtime/result.ts';
import { Digest } from '#state/digest.ts';
import type { EncodedEntry, Entry, EntryHash, EntryKey } from '#state/entry.ts';
import type { RejectedEntry } from '#state/messages.ts';

/** An entry that can run: read, and as it was sent (for the disk). */
export type RunningEntry = { readonly entry: Entry; readonly encoded: EncodedEntry };

/** One entry as it stands on this node. */
export type AppliedEntry = {
  /** As last sent: what the digest counts and Hello names. */
  readonly sent: EncodedEntry;
  /** Hash of `sent`, see digest.ts. */
  readonly hash: string;
  /** What runs: `sent`, or its last good form where `sent` was rejected; absent when no form of it was ever good. */
  readonly running?: RunningEntry;
  /** Why `sent` can't run here; absent when it runs. */
  readonly rejection?: RejectedEntry;
};

/** What a message changes. */
export type StateChange = {
  readonly epoch: number;
  readonly version: number;
  /** Keys that are there and go; a key that is also in `set` comes back without its last good form. */
  readonly removed: readonly EntryKey[];
  readonly set: readonly AppliedEntry[];
};

/** What this node was told, and by which term: entries by key, version, epoch, digest. */
export class AppliedState {
  readonly #entries = new Map<EntryKey, AppliedEntry>();
  readonly #rejected = new Map<EntryKey, RejectedEntry>();
  readonly #digest = new Digest();
  #epoch = 0;
  #version = 0;

  /** Highest term obeyed so far; 0 before the first. */
  get epoch(): number {
    return this.#epoch;
  }

  /** Version of the applied state in that term; 0 when it is of an earlier one. */
  get version(): number {
    return this.#version;
  }

  /** A copy, to try a change on. */
  get digest(): Digest {
    return this.#digest.copy();
  }

  /** The entries that can't run in the form last sent. */
  get rejected(): ReadonlyMap<EntryKey, RejectedEntry> {
    return this.#rejected;
  }

  get(key: EntryKey): AppliedEntry | undefined {
    return this.#entries.get(key);
  }

  entries(): Iterable<AppliedEntry> {
    return this.#entries.values();
  }

  keys(): Iterable<EntryKey> {
    return this.#entries.keys();
  }

  /** What Hello says is applied. */
  hashes(): EntryHash[] {
    return Array.from(this.#entries.values(), ({ sent, hash }) => ({ key: sent.key, hash }));
  }

  /** A higher epoch was heard: from now on it is the one that is obeyed, whatever becomes of its message. */
  hear(epoch: number): void {
    if (epoch <= this.#epoch) return;
    this.#epoch = epoch;
    this.#version = 0;
  }

  /** Applies a change in time proportional to the change. */
  apply(change: StateChange): void {
    this.#epoch = change.epoch;
    this.#version = change.version;
    for (const key of change.removed) this.#remove(key);
    for (const entry of change.set) {
      this.#remove(entry.sent.key);
      this.#entries.set(entry.sent.key, entry);
      this.#digest.add(entry.hash);
      if (entry.rejection !== undefined) this.#rejected.set(entry.sent.key, entry.rejection);
    }
  }

  #remove(key: EntryKey): void {
    const entry = this.#entries.get(key);
    if (entry === undefined) return;
    this.#entries.delete(key);
    this.#rejected.delete(key);
    this.#digest.remove(entry.hash);
  }
}

/** Reads and checks the bytes of an entry: rpc's `decodeEntry`. */
export type DecodeEntry = (encoded: EncodedEntry) => Result<Entry, RejectedEntry>;

/** Reads an entry that was sent and has this hash; `lastGood` runs where the new form can't. */
export function readEntry(sent: EncodedEntry, hash: string, decode: DecodeEntry, lastGood: RunningEntry | undefined): AppliedEntry {
  const decoded = decode(sent);
  if (decoded.ok) return { sent, hash, running: { entry: decoded.value, encoded: sent } };
  return { sent, hash, rejection: decoded.error, ...(lastGood && { running: lastGood }) };
}
