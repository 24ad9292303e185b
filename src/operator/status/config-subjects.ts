import type { Condition } from '#api/conditions.ts';
import { refOf } from '#kube/resource.ts';
import { containsPrefix, parsePrefix } from '#net/prefix.ts';
import { peerKey } from '#state/entry.ts';
import { limits } from '../limits.ts';
import { resourceTypes } from '../resource-types.ts';
import { conditionsOf, isFalse, isTrue, sameJson, type WantedCondition } from './conditions.ts';
import { type StatusFacts, someRouteIsUnwanted } from './facts.ts';
import { finalizerWrites } from './finalizer.ts';
import type { Subject } from './status-writer.ts';

type ConfigKind = 'AnycastPool' | 'AnycastAdvertisement' | 'AnycastPeer' | 'AnycastConfig';

/** What a kind says beyond Accepted: whether it is Ready, and its own fields. */
type Details = { readonly ready: WantedCondition; readonly fields?: Readonly<Record<string, unknown>> };

/** Whether an object of the kind must stay although it is being deleted, because routes still rest on it. */
type Holds = (name: string) => boolean;

/** Pools, advertisements, peers and the configuration: accepted or not, in force or not, and their finalizers. */
export function configSubjects(facts: StatusFacts): Readonly<Record<ConfigKind, Subject>> {
  const unwanted: Holds = () => someRouteIsUnwanted(facts);
  return {
    AnycastPool: subject(
      facts,
      'AnycastPool',
      (name) => ({ ready: isTrue('Ready', 'InForce'), fields: { assigned: assigned(facts, name) } }),
      unwanted,
    ),
    AnycastAdvertisement: subject(facts, 'AnycastAdvertisement', (name) => ({ ready: advertisementReady(facts, name) }), unwanted),
    AnycastPeer: subject(
      facts,
      'AnycastPeer',
      (name) => peerDetails(facts, name),
      (name) => peerIsInUse(facts, name) || someRouteIsUnwanted(facts),
    ),
    AnycastConfig: subject(facts, 'AnycastConfig', () => ({ ready: isTrue('Ready', 'InForce') }), unwanted),
  };
}

function subject(facts: StatusFacts, kind: ConfigKind, details: (name: string) => Details, holds: Holds): Subject {
  return {
    intervalMs: limits.statusIntervalMs,
    writes(name) {
      const object = facts.observer.raw(kind, name);
      if (object === undefined) return [];
      const { metadata } = object;
      if (metadata.deletionTimestamp !== undefined) return finalizerWrites(resourceTypes[kind], metadata, holds(name));
      const before = (object.status ?? {}) as { readonly conditions?: readonly Condition[] };
      const generation = metadata.generation ?? 0;
      const { wanted, fields } = describe(name);
      const status = {
        observedGeneration: generation,
        conditions: conditionsOf(before.conditions, wanted, generation, facts.clock.wallMs()),
        ...fields,
      };
      const patch = { metadata: { resourceVersion: metadata.resourceVersion }, status };
      return [
        ...finalizerWrites(resourceTypes[kind], metadata, true),
        ...(sameJson(before, { ...before, ...status })
          ? []
          : [{ type: resourceTypes[kind], ref: refOf(name), subresource: 'status' as const, patch }]),
      ];
    },
  };

  function describe(name: string): { wanted: WantedCondition[]; fields: Readonly<Record<string, unknown>> } {
    const problem = facts.observer.problem(kind, name);
    if (problem !== undefined) {
      const message = `${problem.message}. What was accepted before stays in force`;
      return { wanted: [isFalse('Accepted', 'Invalid', message), isFalse('Ready', 'Invalid', message)], fields: {} };
    }
    const { ready, fields = {} } = details(name);
    return { wanted: [isTrue('Accepted', 'Accepted'), ready], fields };
  }
}

/** Addresses of the pool that Services hold. */
function assigned(facts: StatusFacts, name: string): number {
  const pool = facts.observer.view.get('AnycastPool', name);
  if (pool === undefined) return 0;
  let count = 0;
  for (const { intent } of facts.services()) {
    count += intent.addresses.filter(({ pool: allowing, refusal, prefix }) => {
      const parsed = parsePrefix(prefix);
      return allowing === name && refusal === undefined && parsed.ok && pool.prefixes.some((outer) => containsPrefix(outer, parsed.value));
    }).length;
  }
  return count;
}

/** Where several advertisements set one attribute differently, the younger says so. */
function advertisementReady(facts: StatusFacts, name: string): WantedCondition {
  for (const { proposal } of facts.services()) {
    const note = proposal.notes.find((item) => item.kind === 'AnycastAdvertisement' && item.object === name);
    if (note !== undefined) return isFalse('Ready', note.reason, note.message);
  }
  return isTrue('Ready', 'InForce');
}

function peerDetails(facts: StatusFacts, name: string): Details {
  const wanted = [...facts.observer.view.nodes()]
    .map((node) => node.key)
    .filter((node) => facts.node(node)?.proposal.peers.some((peer) => peer.peer === name && peer.entry));
  const down = wanted.filter((node) => facts.speakers.get(node)?.sessions.get(name)?.state !== 'Established');
  const sessions = `${wanted.length - down.length}/${wanted.length}`;
  const [first] = down;
  if (first === undefined) return { ready: isTrue('Ready', wanted.length === 0 ? 'NoNodeSelected' : 'Established'), fields: { sessions } };
  const session = facts.speakers.get(first)?.sessions.get(name);
  const rejected = facts.deliveries.peek(first)?.rejected.find((entry) => entry.key === peerKey(name));
  const why =
    rejected?.message ??
    (session === undefined ? 'its speaker is not connected' : session.lastError || `the session is in state ${session.state}`);
  const others = down.length > 1 ? ` (and ${down.length - 1} more)` : '';
  return {
    ready: isFalse('Ready', rejected === undefined ? 'SessionDown' : 'EntryRejected', `${first}: ${why}${others}`),
    fields: { sessions },
  };
}

/** Whether some speaker still has the peer, or routes announced to it. */
function peerIsInUse(facts: StatusFacts, name: string): boolean {
  for (const node of facts.speakers.nodes()) {
    const delivery = facts.deliveries.peek(node);
    if (delivery === undefined || delivery.has(peerKey(name)) || !delivery.settled) return true;
  }
  return false;
}
