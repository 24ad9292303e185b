/**
 * govern — what may change now: one admission function over a table cause × guard.
 *
 * A guard is one file, one question, one reason. All have this signature; none calls another; none knows the table. A guard may
 * only hold: what it lets pass is for the next one to judge.
 */
import type { Place } from '#state/decision.ts';
import type { Cause, Evidence } from '#state/evidence.ts';
import type { Feature } from '#state/features.ts';
import type { ReasonCode } from '#state/reasons.ts';
import type { Doubt } from '../intent.ts';
import type { HoldRecord, Ledger } from '../ledger.ts';
import type { RemovalGuardSettings } from '../view.ts';

/** One difference between what is proposed and what is held: may it be followed? */
export type Question = {
  readonly cause: Cause;
  readonly node: string;
  readonly evidence: readonly Evidence[];
  readonly doubts: readonly Doubt[];
  /** The place that would come up as a whole; absent where nothing does, or where the place has the route already. */
  readonly comesUp?: Place;
  /** Features that the speaker must have, see state/features.ts. Default: none. */
  readonly needs?: readonly Feature[];
  /** What configuration takes away here; absent where it is no more than one of several places. */
  readonly takes?: Taking;
  /** The hold in force on this very difference. */
  readonly before?: HoldRecord;
};

/**
 * What configuration takes away. `prefix`: the last of a prefix. `peer`: what one router hears, or is to be told, of a route that
 * stays elsewhere. `session`: a session with a router.
 */
export type Taking =
  | {
      readonly what: 'prefix';
      readonly prefix: string;
      /** All prefixes that the same decision takes away. */
      readonly together: ReadonlySet<string>;
      /** Configuration wants it elsewhere, where no router has it yet. Default: it does not. */
      readonly isComing?: boolean;
    }
  | { readonly what: 'peer' }
  | {
      readonly what: 'session';
      /** The session shall end, or lose a family, to which so many routes are still to be told. Absent: it is made anew as it was. */
      readonly routes?: number;
      /** The peer with which it is made anew; absent where it ends. */
      readonly anew?: string;
    };

/** What guards may look at beside the question. */
export type GuardFacts = {
  readonly ledger: Ledger;
  /** Monotonic milliseconds. */
  readonly nowMs: number;
  readonly removalGuard: RemovalGuardSettings;
  /** Whether nothing that stays would be left of the pool of these prefixes. Costs a walk over all prefixes at worst. */
  emptiesPool(prefixes: ReadonlySet<string>): boolean;
  /** Other places of the same route that can be counted on (governor.md: Counted). Costs a walk over them. */
  countedElsewhere(place: Place): number;
};

/** A hold says its reason, the numbers it looked at, and its exit. */
export type Hold = {
  readonly reason: ReasonCode;
  readonly inputs: Readonly<Record<string, number | string | boolean>>;
  /** When time alone ends it, monotonic milliseconds. */
  readonly untilMs?: number;
  /** What would end it, a sentence for a person. */
  readonly exit: string;
};

/** Undefined: passes. */
export type Guard = (question: Question, facts: GuardFacts) => Hold | undefined;

/** Doubts of one reason. */
export type DoubtOf<R extends Doubt['reason']> = Extract<Doubt, { readonly reason: R }>;

/** The hold that doubts of one reason cause, named after the first of them; undefined where there is none. */
export function holdForDoubt<R extends Doubt['reason']>(
  question: Question,
  reason: R,
  exit: (doubt: DoubtOf<R>) => string,
): Hold | undefined {
  const doubts = question.doubts.filter((doubt): doubt is DoubtOf<R> => doubt.reason === reason);
  const [doubt] = doubts;
  if (doubt === undefined) return undefined;
  const object = 'object' in doubt ? { object: doubt.object } : {};
  return { reason, inputs: { kind: doubt.kind, ...object, doubts: doubts.length }, exit: exit(doubt) };
}
