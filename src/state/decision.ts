import type { Cause, Evidence } from './evidence.ts';
import type { ReasonCode } from './reasons.ts';

/** One place: a route on a node. Floors, permits and grants are per place. */
export type Place = {
  /** Canonical prefix text. */
  readonly prefix: string;
  readonly node: string;
};

/** Map key of a place: `<prefix>@<node>`. */
export const placeKey = (place: Place): string => `${place.prefix}@${place.node}`;

/**
 * The record of one difference between what was proposed and what is announced: every log line, event, condition and answer
 * to "why is this route (not) announced here?" is written from it and from nothing else.
 */
export type Decision = {
  readonly place: Place;
  /** The peers that the difference is about, ascending. */
  readonly peers: readonly string[];
  /** `namespace/name` of the Service. */
  readonly service: string;
  /** What happens now. `hold`: the place stays as it is although the proposal differs. */
  readonly outcome: 'announce' | 'update' | 'withdraw' | 'hold';
  readonly cause: Cause;
  /** The rule that decided: a guard's name where one held, else `Admitted`. */
  readonly rule: string;
  /** Why the proposal wants it so, or why it is held. */
  readonly reason: ReasonCode;
  readonly evidence: readonly Evidence[];
  /** The numbers that the rule looked at, for a person to check it. */
  readonly inputs: Readonly<Record<string, number | string | boolean>>;
  /** Since when this is so, monotonic milliseconds of the deciding process. */
  readonly sinceMs: number;
  /** When time alone will change it, monotonic milliseconds; absent where only an event can. */
  readonly untilMs?: number;
  /** What would change it, a sentence for a person. Empty where the proposal was followed. */
  readonly exit: string;
  /** Term of the leader that decided. */
  readonly epoch: number;
};
