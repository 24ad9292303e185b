import { entryHash } from '#state/digest.ts';
import type { EncodedEntry, EntryKey } from '#state/entry.ts';
import type { Ack, Delta, Full, Nack, RejectedEntry } from '#state/messages.ts';
import { type AppliedEntry, type AppliedState, type DecodeEntry, readEntry, type StateChange } from './applied-state.ts';

/** What becomes of a message that brings state. */
export type Acceptance =
  /** Nothing changes and the stream is of no use: its operator must start again from our Hello. */
  | { readonly kind: 'refused'; readonly reason: string }
  /** The change is applied, then answered. With a Nack it is the removals alone. */
  | { readonly kind: 'accepted'; readonly change: StateChange; readonly answer: Ack | Nack };

/**
 * Whether and how a message of an operator changes what this node runs. The highest epoch is obeyed, whoever sends it; versions
 * are of one epoch, so that the first message of a new one is a Full.
 */
export function accept(state: AppliedState, message: Full | Delta, decode: DecodeEntry): Acceptance {
  if (message.epoch < state.epoch) {
    return { kind: 'refused', reason: `epoch ${message.epoch} is over: this speaker obeys epoch ${state.epoch}` };
  }
  const version = message.epoch === state.epoch ? state.version : 0;
  // Left over from a stream that was replaced: its removals may name what has come back since.
  if (message.version <= version) {
    return { kind: 'refused', reason: `version ${message.version} is old: this speaker runs version ${version} of epoch ${message.epoch}` };
  }
  return message.kind === 'full' ? acceptFull(state, message, decode) : acceptDelta(state, message, version, decode);
}

function acceptFull(state: AppliedState, full: Full, decode: DecodeEntry): Acceptance {
  const staying = new Set([...full.keep, ...full.entries.map(({ key }) => key)]);
  const removed = [...state.keys()].filter((key) => !staying.has(key));
  const set = changedEntries(state, full.entries, removed, decode);
  // A Full says everything: when its sum is wrong, it is not known what to keep, and absence from it is no removal.
  if (digestAfter(state, removed, set) !== full.digest) {
    return { kind: 'refused', reason: digestDiffers(full.version) };
  }
  return accepted(state, { epoch: full.epoch, version: full.version, removed, set });
}

function acceptDelta(state: AppliedState, delta: Delta, version: number, decode: DecodeEntry): Acceptance {
  const removed = [...new Set(delta.removals)].filter((key) => state.get(key) !== undefined);
  const nack = (message: string): Acceptance => ({
    kind: 'accepted',
    change: { epoch: delta.epoch, version, removed, set: [] },
    answer: { kind: 'nack', epoch: delta.epoch, version: delta.version, keys: delta.upserts.map(({ key }) => key), message },
  });
  if (delta.baseVersion !== version) {
    return nack(`it changes version ${delta.baseVersion}, and this speaker runs version ${version}`);
  }
  const set = changedEntries(state, delta.upserts, removed, decode);
  if (digestAfter(state, removed, set) !== delta.digest) {
    return nack(digestDiffers(delta.version));
  }
  return accepted(state, { epoch: delta.epoch, version: delta.version, removed, set });
}

/** Without the digest: this is logged, and whoever read it could try out passwords that the entries may have. */
const digestDiffers = (version: number): string => `version ${version} does not have the digest that it names`;

/** The entries that differ from what was sent before, read; of entries that stand twice in a message, the last. */
function changedEntries(
  state: AppliedState,
  sent: readonly EncodedEntry[],
  removed: readonly EntryKey[],
  decode: DecodeEntry,
): readonly AppliedEntry[] {
  const gone = new Set(removed);
  const changed = new Map<EntryKey, AppliedEntry>();
  for (const encoded of sent) {
    const before = gone.has(encoded.key) ? undefined : state.get(encoded.key);
    const hash = entryHash(encoded);
    if (hash === before?.hash) changed.delete(encoded.key);
    else changed.set(encoded.key, readEntry(encoded, hash, decode, before?.running));
  }
  return [...changed.values()];
}

function digestAfter(state: AppliedState, removed: readonly EntryKey[], set: readonly AppliedEntry[]): string {
  const digest = state.digest;
  const leaving = new Set([...removed, ...set.map(({ sent }) => sent.key)]);
  for (const key of leaving) {
    const before = state.get(key);
    if (before !== undefined) digest.remove(before.hash);
  }
  for (const { hash } of set) digest.add(hash);
  return digest.toString();
}

function accepted(state: AppliedState, change: StateChange): Acceptance {
  const rejected = new Map<EntryKey, RejectedEntry>(state.rejected);
  for (const key of change.removed) rejected.delete(key);
  for (const { sent, rejection } of change.set) {
    if (rejection === undefined) rejected.delete(sent.key);
    else rejected.set(sent.key, rejection);
  }
  const answer: Ack = { kind: 'ack', epoch: change.epoch, version: change.version, rejected: [...rejected.values()] };
  return { kind: 'accepted', change, answer };
}
