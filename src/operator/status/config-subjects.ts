import type { Condition } from '#api/conditions.ts';
import { observingConfig } from '#decide/observing.ts';
import { refOf } from '#kube/resource.ts';
import { sameValue } from '#runtime/same-value.ts';
import { limits } from '../limits.ts';
import { rewindMessage } from '../observe/rewinds.ts';
import { resourceTypes } from '../resource-types.ts';
import { conditionsOf, type Details, isFalse, isTrue, type WantedCondition } from './conditions.ts';
import type { StatusFacts } from './facts.ts';
import { endingConditions } from './fence.ts';
import { finalizerWrite } from './finalizer.ts';
import { keepsFinalizer } from './keeps-finalizer.ts';
import { peerDetails } from './peer-details.ts';
import type { Subject } from './status-writer.ts';

type ConfigKind = 'AnycastPool' | 'AnycastAdvertisement' | 'AnycastPeer' | 'AnycastConfig';

/** Pools, advertisements, peers and the configuration: accepted or not, in force or not, and their finalizers. */
export function configSubjects(facts: StatusFacts): Readonly<Record<ConfigKind, Subject>> {
  const inForce = isTrue('Ready', 'InForce');
  return {
    AnycastPool: subject(facts, 'AnycastPool', (name) => ({ ready: inForce, fields: { assigned: facts.outcomes.assigned(name) } })),
    AnycastAdvertisement: subject(facts, 'AnycastAdvertisement', (name) => {
      // Where several advertisements set one attribute differently, the younger says so.
      const note = facts.outcomes.noteAbout('AnycastAdvertisement', name);
      return { ready: note === undefined ? inForce : isFalse('Ready', note.reason, note.message) };
    }),
    AnycastPeer: subject(facts, 'AnycastPeer', (name) => peerDetails(facts, name)),
    AnycastConfig: subject(facts, 'AnycastConfig', () => {
      const { rewind, view } = facts.observer;
      const observing = isTrue('Ready', 'Observing', 'the mode is Observe: no session is opened');
      return {
        ready: observingConfig(view) === undefined ? inForce : observing,
        more: rewind === undefined ? [] : [isTrue('InputRewound', 'InputRewound', rewindMessage(rewind))],
      };
    }),
  };
}

type Description = { readonly wanted: readonly WantedCondition[]; readonly fields: Readonly<Record<string, unknown>> };

function subject(facts: StatusFacts, kind: ConfigKind, details: (name: string) => Details): Subject {
  return {
    intervalMs: limits.statusIntervalMs,
    next(name) {
      const object = facts.observer.raw(kind, name);
      if (object === undefined) return undefined;
      const { metadata } = object;
      const isDeleting = metadata.deletionTimestamp !== undefined;
      const finalizer = finalizerWrite(resourceTypes[kind], metadata, !isDeleting || keepsFinalizer(facts, kind, name));
      if (finalizer !== undefined || !facts.canTell()) return finalizer;
      const before = (object.status ?? {}) as { readonly conditions?: readonly Condition[] };
      const generation = metadata.generation ?? 0;
      const described = isDeleting ? ending(name, before.conditions) : describe(name);
      if (described === undefined) return undefined;
      const { wanted, fields } = described;
      const conditions = conditionsOf(before.conditions, wanted, generation, facts.clock.wallMs());
      const status = { observedGeneration: generation, conditions, ...fields };
      if (sameValue(before, { ...before, ...status })) return undefined;
      const patch = { metadata: { resourceVersion: metadata.resourceVersion }, status };
      return { type: resourceTypes[kind], ref: refOf(name), subresource: 'status', patch };
    },
  };

  function ending(name: string, before: readonly Condition[] | undefined): Description | undefined {
    const wanted = endingConditions(facts, kind, name, before);
    return wanted && { wanted, fields: {} };
  }

  function describe(name: string): Description {
    const problem = facts.observer.problem(kind, name);
    if (problem !== undefined) {
      const message = `${problem.message}. What was accepted before stays in force`;
      const { more = [] } = details(name);
      return { wanted: [isFalse('Accepted', 'Invalid', message), isFalse('Ready', 'Invalid', message), ...more], fields: {} };
    }
    const { ready, more = [], fields = {} } = details(name);
    return { wanted: [isTrue('Accepted', 'Accepted'), ready, ...more], fields };
  }
}
