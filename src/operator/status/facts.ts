import type { LedgerStore } from '#decide/ledger-store.ts';
import type { Clock } from '#runtime/clock.ts';
import type { Deliveries } from '../deliver/deliveries.ts';
import type { Observer } from '../observe/observer.ts';
import type { NodeOutcome, ServiceOutcome } from '../pipeline/pipeline.ts';
import type { Speakers } from '../speakers.ts';

/** Where the texts of a status come from: what was observed, decided, and what speakers report. Read-only. */
export type StatusFacts = {
  readonly observer: Observer;
  readonly speakers: Speakers;
  readonly deliveries: Deliveries;
  readonly ledger: () => LedgerStore;
  /** What was last decided about a Service in this term. */
  readonly service: (key: string) => ServiceOutcome | undefined;
  readonly services: () => Iterable<ServiceOutcome>;
  /** What was last decided about a node in this term. */
  readonly node: (name: string) => NodeOutcome | undefined;
  readonly clock: Clock;
};

/**
 * Whether some router has a route that is not wanted there any more: held back, or on its way. While that is so, nothing that
 * may be the reason for it lets go of its finalizer.
 */
export function someRouteIsUnwanted(facts: StatusFacts): boolean {
  for (const outcome of facts.services()) if (hasUnwantedRoute(facts, outcome)) return true;
  return false;
}

function hasUnwantedRoute(facts: StatusFacts, { intent, proposal }: ServiceOutcome): boolean {
  const wanted = new Map(
    proposal.places.map(({ standing, exports }) => [
      `${standing.place.prefix}@${standing.place.node}`,
      new Set(standing.wanted === 'no' && standing.cause !== 'soft' ? [] : exports.map((item) => item.peer)),
    ]),
  );
  for (const { place, announced } of facts.ledger().routesOf(intent.service)) {
    const peers = wanted.get(`${place.prefix}@${place.node}`);
    if (announced.some((peer) => peers?.has(peer) !== true)) return true;
  }
  return false;
}
