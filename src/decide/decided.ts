import type { Decision } from '#state/decision.ts';
import type { Entry } from '#state/entry.ts';
import type { Cause, Evidence } from '#state/evidence.ts';
import type { ReasonCode } from '#state/reasons.ts';
import type { Order } from './ledger.ts';
import type { SessionEffect } from './proposal.ts';
import type { RemovalChanges } from './removals.ts';
import type { RemovalGuardSettings } from './view.ts';

/** What decisions need beside the facts. */
export type GovernContext = {
  /** Monotonic milliseconds. */
  readonly nowMs: number;
  /** Term of this leader. */
  readonly epoch: number;
  /** Hash of an entry as it would travel (state/digest.ts): tells whether a speaker has it already, whoever sent it. */
  readonly hashOf: (entry: Entry) => string;
  readonly removalGuard: RemovalGuardSettings;
  /** Whether nothing that stays would be left of the pool of these prefixes, which go together. */
  readonly emptiesPool: (prefixes: ReadonlySet<string>) => boolean;
};

/** What was decided about one Service: all of it is to be noted in the Ledger, orders are to be delivered, decisions told. */
export type Governed = {
  readonly service: string;
  /** Term of the leader that decided. */
  readonly epoch: number;
  /** What this means for prefixes as a whole. */
  readonly removals: RemovalChanges;
  /** One for each difference. A hold that goes on keeps its `sinceMs`; it is new where that is now. */
  readonly decisions: readonly Decision[];
  /** At most one for each place. An order without a decision confirms what the speaker has. */
  readonly orders: readonly Order[];
  /** When to decide again though nothing changed, monotonic milliseconds; absent: only an event can matter. */
  readonly wakeAtMs?: number;
};

/** The record of one difference in how a node takes part, the counterpart of {@link Decision} for sessions. */
export type SessionDecision = {
  readonly node: string;
  /** Name of the peer; absent: the node itself, which concerns all of its sessions. */
  readonly peer?: string;
  readonly outcome: 'open' | 'change' | 'close' | 'hold';
  /** What the change does, or would do, to sessions that are up. */
  readonly effect: SessionEffect;
  readonly cause: Cause;
  readonly rule: string;
  readonly reason: ReasonCode;
  readonly evidence: readonly Evidence[];
  readonly inputs: Readonly<Record<string, number | string | boolean>>;
  /** Monotonic milliseconds. */
  readonly sinceMs: number;
  readonly untilMs?: number;
  readonly exit: string;
  readonly epoch: number;
};

/** What was decided about how one node takes part. */
export type GovernedNode = {
  readonly node: string;
  readonly decisions: readonly SessionDecision[];
  readonly orders: readonly Order[];
  readonly wakeAtMs?: number;
};
