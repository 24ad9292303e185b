import type { Condition } from '#api/conditions.ts';
import { addressOfPrefix, holderOf, mayHave } from '#decide/address.ts';
import type { Kind } from '#decide/view.ts';
import { isFalse, isTrue, type WantedCondition } from './conditions.ts';
import type { StatusFacts } from './facts.ts';
import { isRestedOn, nodesWithPeer } from './rests.ts';

/** What says who may have an address. */
export type AddressFacts = Pick<StatusFacts, 'ledger' | 'speakerObjects'> & { readonly observer: Pick<StatusFacts['observer'], 'view'> };

/**
 * Nodes that keep a deletion from its end: their speakers are away, and have what rests on the object, or may have it because
 * they were not heard in this term. Ascending; empty where whoever it waits for is there.
 */
export function fencedBy(facts: StatusFacts, kind: Kind, key: string): string[] {
  const nodes = new Set(unheard(facts));
  for (const node of nodesWith(facts, kind, key)) if (!facts.ledger().live(node)) nodes.add(node);
  return [...nodes].sort();
}

/**
 * Nodes that keep an address from a newcomer, ascending: its removal was ordered there, and the speaker is away; or the speaker was
 * not heard in this term, and may announce the address for a Service that had it.
 */
export function addressFencedBy(facts: AddressFacts, prefix: string): string[] {
  const ledger = facts.ledger();
  const routes = [...ledger.routesAt(prefix)];
  const removed = routes.filter((route) => route.order === undefined).map((route) => route.place.node);
  if (routes.length > 0) return removed.filter((node) => !ledger.live(node)).sort();
  return isGivenUp(facts, prefix) ? unheard(facts) : [];
}

/** Whether the address is kept for a Service that had it, and may have it no more. */
function isGivenUp({ observer: { view }, ledger }: AddressFacts, prefix: string): boolean {
  const address = addressOfPrefix(prefix);
  const holder = holderOf(view, ledger(), address);
  const service = holder !== undefined && 'service' in holder ? view.service(holder.service) : undefined;
  return service !== undefined && !mayHave(view, service, address);
}

/** Nodes whose speakers were here and were not heard in this term. Ascending. */
const unheard = ({ ledger, speakerObjects }: AddressFacts): string[] =>
  [...speakerObjects.store.keys()].filter((node) => !ledger().heard(node)).sort();

/** Who is waited for, and both ways out. */
export function fenceMessage(nodes: readonly string[]): string {
  const named = nodes.slice(0, namedNodes).join(', ');
  const more = nodes.length > namedNodes ? ` and ${nodes.length - namedNodes} more` : '';
  return `the speakers of these nodes are away and may still announce: ${named}${more}. It goes on when they are back; of a node that is gone for good, delete the Node and the AnycastSpeaker`;
}

/**
 * What an object that is being deleted, and keeps our finalizer, says of that: whom it waits for. Undefined where there is
 * nothing to say: speakers that are there answer in a moment.
 */
export function endingConditions(
  facts: StatusFacts,
  kind: Kind,
  key: string,
  before: readonly Condition[] | undefined,
): readonly WantedCondition[] | undefined {
  if (!isRestedOn(facts, kind, key)) return undefined;
  const accepted = isTrue('Accepted', 'Accepted');
  const nodes = fencedBy(facts, kind, key);
  if (nodes.length > 0) {
    const message = fenceMessage(nodes);
    return [accepted, isFalse('Ready', 'AwaitingFence', message), isTrue('AwaitingFence', 'AwaitingFence', message)];
  }
  const saidSo = before?.some(({ type }) => type === 'AwaitingFence') === true;
  return saidSo ? [accepted, isFalse('Ready', 'Deleting', 'no speaker that it waits for is away: it goes with the last route')] : undefined;
}

/** Nodes that a message names. */
const namedNodes = 10;

function nodesWith(facts: StatusFacts, kind: Kind, key: string): Iterable<string> {
  switch (kind) {
    case 'AnycastService':
      return nodesOfService(facts, facts.observer.view.get('AnycastService', key)?.service ?? '');
    case 'Service':
      return nodesOfService(facts, key);
    case 'AnycastPeer':
      return [...nodesWithPeer(facts, key), ...facts.outcomes.nodesWithUnwanted()];
    case 'AnycastPool':
    case 'AnycastAdvertisement':
    case 'AnycastConfig':
      return facts.outcomes.nodesWithUnwanted();
    case 'AnycastHold':
    case 'EndpointSlice':
    case 'Namespace':
    case 'Node':
      return [];
  }
}

const nodesOfService = ({ ledger }: StatusFacts, service: string): string[] =>
  [...ledger().routesOf(service)].map((route) => route.place.node);
