import type { Kind } from '#decide/view.ts';
import { peerKey } from '#state/entry.ts';
import { everySpeakerHeard, type StatusFacts } from './facts.ts';

/**
 * Whether something still rests on an object that is being deleted, or was: routes that it may be the reason for, or a speaker
 * that was not heard in this term and may have such routes. Until nothing does, the object keeps its finalizer, and its
 * tombstone is remembered.
 */
export function isRestedOn(facts: StatusFacts, kind: Kind, key: string): boolean {
  switch (kind) {
    case 'AnycastHold':
    case 'EndpointSlice':
    case 'Namespace':
      return false;
    case 'Node':
      return (
        facts.speakers.get(key) !== undefined || facts.speakerObjects.store.get(key) !== undefined || facts.ledger().announcedOn(key) > 0
      );
    case 'Service':
      return hasRoutes(facts, key) || !everySpeakerHeard(facts);
    case 'AnycastService':
      return serviceRests(facts, key);
    case 'AnycastPeer':
      return nodesWithPeer(facts, key).length > 0 || configRests(facts);
    case 'AnycastPool':
    case 'AnycastAdvertisement':
    case 'AnycastConfig':
      return configRests(facts);
  }
}

/** Whether any speaker has, or awaits the end of, a route of the Service. */
export const hasRoutes = ({ ledger }: StatusFacts, service: string): boolean =>
  ledger().routesOf(service)[Symbol.iterator]().next().done !== true;

/** A Service of our class goes on under the policy of the class; a foreign one loses its routes first. */
function serviceRests(facts: StatusFacts, key: string): boolean {
  const service = facts.observer.view.get('AnycastService', key)?.service;
  if (service === undefined || facts.outcomes.service(service)?.intent.ownership === 'own') return false;
  return hasRoutes(facts, service) || !everySpeakerHeard(facts);
}

/** A route that is unwanted because of this very change is known as such when the change is decided. */
const configRests = (facts: StatusFacts): boolean => facts.pending() || facts.outcomes.someRouteIsUnwanted || !everySpeakerHeard(facts);

/** Nodes whose speakers have the peer, or routes that name it: these come before the session that waits for a Secret. */
export const nodesWithPeer = ({ deliveries, ledger }: StatusFacts, name: string): string[] =>
  [...deliveries.nodes()].filter((node) => deliveries.peek(node)?.isGone(peerKey(name)) === false || ledger().routesTold(node, name) > 0);
