import type { EncodedEntry, EntryHash, EntryKey } from './entry.ts';
import type { Evidence } from './evidence.ts';
import type { RouteTruth, SessionTruth } from './truth.ts';

/** Version of the speaker protocol. Neighbouring versions work together. */
export const protocolVersion = 1;

/** First message of a speaker on every stream: who it is, what it runs, what its routers have. */
export type Hello = {
  readonly kind: 'hello';
  readonly protocol: number;
  /** Names of entry features that this speaker can run beyond protocol 1. */
  readonly features: readonly string[];
  readonly node: string;
  /** Random per process: two live instances for one node are a fault. */
  readonly instance: string;
  /** The kernel's boot id: kept verdicts are valid only within one boot. */
  readonly bootId: string;
  /** Build of the speaker, for people. */
  readonly software: string;
  /** Highest term obeyed so far; 0 before the first. */
  readonly epoch: number;
  /** Version of the applied state in that term; 0 when there is none. */
  readonly version: number;
  /** Digest of the applied entries, see digest.ts. */
  readonly digest: string;
  /** What is applied, by hash: the operator sends only what differs, and can name what shall stay without knowing its bytes. */
  readonly entries: readonly EntryHash[];
  /** Routes of entries, those that routers still have, and those withdrawn of late: with no entry, announced to nobody. */
  readonly routes: readonly RouteTruth[];
  readonly sessions: readonly SessionTruth[];
  /** Prefixes for which this speaker holds a permit. */
  readonly permits: readonly string[];
};

/** An entry that this node can't run. Its last good form stays in force. */
export type RejectedEntry = {
  readonly key: EntryKey;
  /** Says field, value and what to do. */
  readonly message: string;
};

/** State up to `version` is applied and its removals are on their way to the routers. */
export type Ack = { readonly kind: 'ack'; readonly epoch: number; readonly version: number; readonly rejected: readonly RejectedEntry[] };

/** A Delta did not fit what the speaker has, or its digest differed: the operator answers with a Full. */
export type Nack = {
  readonly kind: 'nack';
  readonly epoch: number;
  readonly version: number;
  readonly keys: readonly EntryKey[];
  readonly message: string;
};

/** What changed at the routers: transitions at once, the rest at most once a second. A route that left its last router is told once more, announced to nobody. */
export type Report = { readonly kind: 'report'; readonly routes: readonly RouteTruth[]; readonly sessions: readonly SessionTruth[] };

/** May this place withdraw on hard evidence? Answered by AskAnswer with the same id. */
export type Ask = { readonly kind: 'ask'; readonly id: number; readonly prefix: string; readonly evidence: Evidence };

/** The named permits are no longer held: written to disk first. */
export type RevokeAck = { readonly kind: 'revokeAck'; readonly prefixes: readonly string[] };

/** The speaker was told to stop and asks what its routes shall do. Answered by LeaveAnswer. */
export type Leave = { readonly kind: 'leave' };

export type SpeakerMessage = Hello | Ack | Nack | Report | Ask | RevokeAck | Leave;

/**
 * The whole state of a node: exactly `entries`, and of what the speaker has, `keep`. What is in neither is removed. Kept are
 * entries that are equal on both sides, and orphans: routes whose objects a new leader has not seen, which absence alone must not remove.
 */
export type Full = {
  readonly kind: 'full';
  readonly epoch: number;
  readonly version: number;
  readonly entries: readonly EncodedEntry[];
  readonly keep: readonly EntryKey[];
  /** Digest of all entries after the change, kept ones included. */
  readonly digest: string;
};

/** A change from `baseVersion` to `version`. Removals apply first, and also where an upsert can't. */
export type Delta = {
  readonly kind: 'delta';
  readonly epoch: number;
  readonly baseVersion: number;
  readonly version: number;
  readonly removals: readonly EntryKey[];
  readonly upserts: readonly EncodedEntry[];
  /** Digest of all entries after the change. */
  readonly digest: string;
};

/** Standing rights to withdraw these prefixes on hard evidence without asking. */
export type Permit = { readonly kind: 'permit'; readonly epoch: number; readonly prefixes: readonly string[] };

/** Ends permits; outstanding until acknowledged. */
export type Revoke = { readonly kind: 'revoke'; readonly epoch: number; readonly prefixes: readonly string[] };

export type AskAnswer = {
  readonly kind: 'askAnswer';
  readonly epoch: number;
  readonly id: number;
  readonly granted: boolean;
  readonly rule: string;
};

/** What a leaving speaker's routes do. `withdraw`: take them back first. `restart`: close quietly, they come back. `stay`: announce until the grace period ends. */
export type LeaveAnswer = { readonly kind: 'leaveAnswer'; readonly epoch: number; readonly action: 'withdraw' | 'restart' | 'stay' };

export type OperatorMessage = Full | Delta | Permit | Revoke | AskAnswer | LeaveAnswer;
