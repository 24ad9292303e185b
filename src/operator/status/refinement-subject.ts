import type { AnycastServiceStatus } from '#api/anycast-service.ts';
import { refOf } from '#kube/resource.ts';
import { sameValue } from '#runtime/same-value.ts';
import type { CustomObject } from '../custom-object.ts';
import { limits } from '../limits.ts';
import type { ServiceOutcome } from '../pipeline/pipeline.ts';
import { resourceTypes } from '../resource-types.ts';
import { conditionsOf, isFalse, isTrue, type WantedCondition } from './conditions.ts';
import type { StatusFacts } from './facts.ts';
import { endingConditions } from './fence.ts';
import { finalizerWrite } from './finalizer.ts';
import { keepsFinalizer } from './keeps-finalizer.ts';
import { whyNotOurs } from './obstacles.ts';
import type { ConditionReason } from './reasons.ts';
import { type ServiceSummary, summarise } from './service-summary.ts';
import type { Subject, Write } from './status-writer.ts';

/** AnycastServices: what their Service announces, and why not all of it. */
export function refinementSubject(facts: StatusFacts): Subject {
  return {
    intervalMs: limits.statusIntervalMs,
    next(key) {
      const object = facts.observer.raw('AnycastService', key);
      if (object === undefined) return undefined;
      const { metadata } = object;
      const isDeleting = metadata.deletionTimestamp !== undefined;
      const finalizer = finalizerWrite(resourceTypes.AnycastService, metadata, !isDeleting || keepsFinalizer(facts, 'AnycastService', key));
      if (finalizer !== undefined || !facts.canTell()) return finalizer;
      if (isDeleting) return ending(key, object);
      const service = facts.observer.view.get('AnycastService', key)?.service;
      const outcome = service === undefined ? undefined : facts.outcomes.service(service);
      // A Service that is there and not decided yet will be: nothing can be said of it before.
      if (service !== undefined && outcome === undefined && facts.observer.view.service(service) !== undefined) return undefined;
      const before = (object.status ?? {}) as Partial<AnycastServiceStatus>;
      const status = statusOf(key, outcome, metadata.generation ?? 0, before);
      if (sameValue(before, status)) return undefined;
      const patch = { metadata: { resourceVersion: metadata.resourceVersion }, status: nulled(before, status) };
      return { type: resourceTypes.AnycastService, ref: refOf(key), subresource: 'status', patch };
    },
  };

  /** One that is being deleted says whom it waits for, and keeps the rest of its status. */
  function ending(key: string, { metadata, status }: CustomObject): Write | undefined {
    const before = (status ?? {}) as Partial<AnycastServiceStatus>;
    const wanted = endingConditions(facts, 'AnycastService', key, before.conditions);
    if (wanted === undefined) return undefined;
    const generation = metadata.generation ?? 0;
    const conditions = conditionsOf(before.conditions, wanted, generation, facts.clock.wallMs());
    if (sameValue(before.conditions, conditions)) return undefined;
    const patch = { metadata: { resourceVersion: metadata.resourceVersion }, status: { conditions } };
    return { type: resourceTypes.AnycastService, ref: refOf(key), subresource: 'status', patch };
  }

  function statusOf(
    key: string,
    outcome: ServiceOutcome | undefined,
    generation: number,
    before: Partial<AnycastServiceStatus>,
  ): AnycastServiceStatus {
    const problem = facts.observer.problem('AnycastService', key);
    const summary = outcome === undefined ? undefined : summarise(facts, outcome);
    const wanted = conditionsFor(facts, key, problem?.message, outcome, summary);
    return {
      observedGeneration: generation,
      conditions: [...conditionsOf(before.conditions, wanted, generation, facts.clock.wallMs())],
      ...(summary !== undefined && {
        addresses: [...summary.addresses],
        addressSummary: summary.addresses.map(({ address }) => address).join(','),
        announcedNodes: summary.announcedNodes,
        candidateNodes: summary.candidateNodes,
        announced: `${summary.announcedNodes}/${summary.candidateNodes}`,
      }),
    };
  }
}

function conditionsFor(
  facts: StatusFacts,
  key: string,
  problem: string | undefined,
  outcome: ServiceOutcome | undefined,
  summary: ServiceSummary | undefined,
): WantedCondition[] {
  if (problem !== undefined) return refused('Invalid', problem);
  if (outcome === undefined || summary === undefined)
    return [
      isTrue('Accepted', 'Accepted'),
      ...unresolved('ServiceNotFound', 'the Service is not there: create it, or correct spec.serviceRef.name'),
    ];
  if (outcome.intent.conflicts.includes(key)) {
    return refused(
      'Conflict',
      `AnycastService ${outcome.intent.refinement ?? '?'} is older and refines the same Service: delete one of the two`,
    );
  }
  const notOurs = whyNotOurs(facts, outcome.intent);
  if (notOurs !== undefined) return [isTrue('Accepted', 'Accepted'), ...unresolved('NotOurs', notOurs)];
  return [isTrue('Accepted', 'Accepted'), isTrue('ResolvedRefs', 'Resolved'), ...summary.conditions];
}

const unresolved = (reason: ConditionReason, message: string): WantedCondition[] => [
  isFalse('ResolvedRefs', reason, message),
  isFalse('Announced', reason, message),
  isFalse('Ready', reason, message),
  isTrue('Stalled', reason, message),
];

const refused = (reason: ConditionReason, message: string): WantedCondition[] => [
  isFalse('Accepted', reason, message),
  isFalse('Ready', reason, message),
  isTrue('Stalled', reason, message),
];

/** A merge patch that makes `before` into `after`: fields that go are null. */
function nulled(before: object, after: object): Record<string, unknown> {
  const gone = Object.keys(before).filter((field) => !Object.hasOwn(after, field));
  return { ...after, ...Object.fromEntries(gone.map((field) => [field, null])) };
}
