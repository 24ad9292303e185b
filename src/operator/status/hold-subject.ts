import { holdHash } from '#api/anycast-hold.ts';
import type { Condition } from '#api/conditions.ts';
import { apiVersion } from '#api/names.ts';
import type { HeldRemoval } from '#decide/removals.ts';
import { refOf } from '#kube/resource.ts';
import { sameValue } from '#runtime/same-value.ts';
import { limits } from '../limits.ts';
import { resourceTypes } from '../resource-types.ts';
import { conditionsOf, isFalse, isTrue, type WantedCondition } from './conditions.ts';
import { everySpeakerHeard, type StatusFacts } from './facts.ts';
import type { Subject } from './status-writer.ts';

const type = resourceTypes.AnycastHold;

/**
 * AnycastHolds: one for each batch of removals that the governor holds. Once a person decided, the list stays as he read it, so
 * that the next leader finds what was approved; the object goes when nothing of the batch is left.
 */
export function holdSubject(facts: StatusFacts): Subject {
  return {
    intervalMs: limits.statusIntervalMs,
    next(name) {
      const object = facts.observer.raw('AnycastHold', name);
      const removals = waiting(facts, name);
      if (object === undefined)
        return removals.length === 0 ? undefined : { type, create: { apiVersion, kind: type.kind, metadata: { name }, spec: {} } };
      const { resourceVersion = '', generation = 0 } = object.metadata;
      if (removals.length === 0) return isOver(facts) ? { type, ref: refOf(name), delete: { resourceVersion } } : undefined;
      const before = (object.status ?? {}) as { readonly conditions?: readonly Condition[] };
      const seen = facts.observer.view.get('AnycastHold', name);
      const isDecided = seen !== undefined && (seen.isApproved || seen.isReleased);
      const list = isDecided ? undefined : listOf(removals);
      const wanted = list === undefined ? decided(seen?.isApproved === true, removals.length) : undecided(name, list);
      const conditions = conditionsOf(before.conditions, wanted, generation, facts.clock.wallMs());
      const status = { observedGeneration: generation, conditions, ...list };
      if (sameValue(before, { ...before, ...status })) return undefined;
      return { type, ref: refOf(name), subresource: 'status', patch: { metadata: { resourceVersion }, status } };
    },
  };
}

/** What of a batch waits still: of what another leader held nothing is left where no speaker has it. */
function waiting(facts: StatusFacts, name: string): readonly HeldRemoval[] {
  const ledger = facts.ledger();
  const isThere = ({ prefix }: HeldRemoval): boolean => ledger.routesAt(prefix)[Symbol.iterator]().next().done !== true;
  const removals = ledger.removals.batch(name);
  return isOver(facts) ? removals.filter(isThere) : removals;
}

/** Before all speakers are heard, and everything is decided, any of them may have what is listed. */
const isOver = (facts: StatusFacts): boolean => facts.canTell() && everySpeakerHeard(facts) && !facts.pending();

function listOf(removals: readonly HeldRemoval[]) {
  const sorted = [...removals].sort((a, b) => (a.prefix < b.prefix ? -1 : 1));
  return { hash: holdHash(sorted.map(({ prefix }) => prefix)), prefixes: sorted.length, removals: sorted };
}

function decided(isApproved: boolean, left: number): readonly WantedCondition[] {
  if (isApproved)
    return [
      isTrue('Approved', 'Approved'),
      isFalse('Ready', 'Removing', `${left} ${left === 1 ? 'prefix is' : 'prefixes are'} being withdrawn`),
    ];
  const message = `${left} ${left === 1 ? 'prefix waits' : 'prefixes wait'} for their objects to be made anew; to withdraw them instead, set spec.approvedHash to the same hash`;
  return [isFalse('Approved', 'Restoring', message), isFalse('Ready', 'Restoring', message)];
}

function undecided(name: string, { hash, removals }: ReturnType<typeof listOf>): readonly WantedCondition[] {
  const services = new Set(removals.map(({ service }) => service)).size;
  const what = `${removals.length} ${removals.length === 1 ? 'prefix' : 'prefixes'} of ${services} ${services === 1 ? 'Service' : 'Services'}`;
  const message = `${what} would be withdrawn everywhere, and stay${removals.length === 1 ? 's' : ''}. If that is meant: kubectl patch anycasthold ${name} --type=merge --patch '{"spec":{"approvedHash":"${hash}"}}'. If not, undo what took them away; deleted Services go on being served, and to make them anew set restoredHash in the same way first`;
  return [isFalse('Approved', 'AwaitingApproval', message), isFalse('Ready', 'AwaitingApproval', message)];
}
