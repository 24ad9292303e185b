import type { Condition } from '#api/conditions.ts';
import { limits } from '#api/limits.ts';
import { withConditions } from '#kube/conditions.ts';
import { timestamp } from '#kube/times.ts';
import type { ConditionReason } from './reasons.ts';

/** A condition as it shall be; when it became so is found by comparing with what was. */
export type WantedCondition = Pick<Condition, 'type' | 'status' | 'message'> & { readonly reason: ConditionReason };

/** What a kind says beyond Accepted: whether it is Ready, conditions of its own, and its own fields. */
export type Details = {
  readonly ready: WantedCondition;
  readonly more?: readonly WantedCondition[];
  readonly fields?: Readonly<Record<string, unknown>>;
};

/** The conditions to write, in the wanted order; what is longer than the API takes is cut. */
export function conditionsOf(
  before: readonly Condition[] | undefined,
  wanted: readonly WantedCondition[],
  generation: number,
  wallMs: number,
): readonly Condition[] {
  const complete = wanted.map((condition) => ({
    ...condition,
    message: condition.message.slice(0, limits.sentenceLength),
    observedGeneration: generation,
  }));
  return withConditions(before ?? [], complete, timestamp(wallMs));
}

/** A condition that is true. */
export const isTrue = (type: string, reason: ConditionReason, message = ''): WantedCondition => ({ type, status: 'True', reason, message });

/** A condition that is false. */
export const isFalse = (type: string, reason: ConditionReason, message: string): WantedCondition => ({
  type,
  status: 'False',
  reason,
  message,
});
