import type { Condition } from '#api/conditions.ts';
import { observingConfig } from '#decide/observing.ts';
import { refOf } from '#kube/resource.ts';
import { sameValue } from '#runtime/same-value.ts';
import { peerKey } from '#state/entry.ts';
import { limits } from '../limits.ts';
import { rewindMessage } from '../observe/rewinds.ts';
import { resourceTypes } from '../resource-types.ts';
import { conditionsOf, isFalse, isTrue, type WantedCondition } from './conditions.ts';
import type { StatusFacts } from './facts.ts';
import { endingConditions } from './fence.ts';
import { finalizerWrite } from './finalizer.ts';
import { lackOf } from './lacks.ts';
import { isRestedOn } from './rests.ts';
import type { Subject } from './status-writer.ts';

type ConfigKind = 'AnycastPool' | 'AnycastAdvertisement' | 'AnycastPeer' | 'AnycastConfig';

/** What a kind says beyond Accepted: whether it is Ready, conditions of its own, and its own fields. */
type Details = {
  readonly ready: WantedCondition;
  readonly more?: readonly WantedCondition[];
  readonly fields?: Readonly<Record<string, unknown>>;
};

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
      const finalizer = finalizerWrite(resourceTypes[kind], metadata, !isDeleting || isRestedOn(facts, kind, name));
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
    const wanted = isRestedOn(facts, kind, name) ? endingConditions(facts, kind, name, before) : undefined;
    return wanted && { wanted: [isTrue('Accepted', 'Accepted'), ...wanted], fields: {} };
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

function peerDetails(facts: StatusFacts, name: string): Details {
  const wanted = [...facts.outcomes.nodesOf(name)].sort();
  const lacking = wanted.flatMap((node) => lackOf(facts, node, name) ?? []);
  const down = wanted.filter((node) => facts.speakers.get(node)?.sessions.get(name)?.state !== 'Established');
  const sessions = `${wanted.length - down.length}/${wanted.length}`;
  if (observingConfig(facts.observer.view) !== undefined) return { ready: observedPeer(facts, name, wanted), fields: { sessions } };
  const [lack] = lacking;
  if (lack !== undefined) return { ready: isFalse('Ready', 'FeatureMissing', `${lack}${andMore(lacking.length)}`), fields: { sessions } };
  const [first] = down;
  if (first === undefined) return { ready: isTrue('Ready', wanted.length === 0 ? 'NoNodeSelected' : 'Established'), fields: { sessions } };
  const session = facts.speakers.get(first)?.sessions.get(name);
  const rejected = facts.deliveries.peek(first)?.rejected.find((entry) => entry.key === peerKey(name));
  const why =
    rejected?.message ??
    (session === undefined ? 'its speaker is not connected' : session.lastError || `the session is in state ${session.state}`);
  return {
    ready: isFalse('Ready', rejected === undefined ? 'SessionDown' : 'EntryRejected', `${first}: ${why}${andMore(down.length)}`),
    fields: { sessions },
  };
}

const andMore = (nodes: number): string => (nodes > 1 ? ` (and ${nodes - 1} more)` : '');

/** What is observed is as it should be when there is no session. */
function observedPeer({ deliveries }: StatusFacts, name: string, nodes: readonly string[]): WantedCondition {
  const [closing] = nodes.filter((node) => deliveries.peek(node)?.isGone(peerKey(name)) === false);
  if (closing !== undefined)
    return isFalse('Ready', 'ObserveOnly', `${closing}: its speaker has not closed the session yet: the mode is Observe`);
  return isTrue(
    'Ready',
    'ObserveOnly',
    `no session is opened: the mode is Observe; ${nodes.length} ${nodes.length === 1 ? 'node' : 'nodes'} would have one`,
  );
}
