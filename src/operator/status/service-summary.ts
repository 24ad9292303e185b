import type { AnycastServiceStatus } from '#api/anycast-service.ts';
import { observingConfig } from '#decide/observing.ts';
import type { PlaceProposal } from '#decide/proposal.ts';
import type { Place } from '#state/decision.ts';
import { type ReasonCode, reasons } from '#state/reasons.ts';
import type { ServiceOutcome } from '../pipeline/pipeline.ts';
import { isFalse, isTrue, type WantedCondition } from './conditions.ts';
import type { StatusFacts } from './facts.ts';
import { fencedBy, fenceMessage } from './fence.ts';
import { addressObstacles, type Obstacle } from './obstacles.ts';

type AddressStatus = NonNullable<AnycastServiceStatus['addresses']>[number];

/** What is so with one Service, as conditions and counts say it. */
export type ServiceSummary = {
  readonly addresses: readonly AddressStatus[];
  readonly announcedNodes: number;
  readonly candidateNodes: number;
  readonly conditions: readonly WantedCondition[];
};

/** Sums up what was decided about a Service and what routers acknowledged. */
export function summarise(facts: StatusFacts, outcome: ServiceOutcome): ServiceSummary {
  const { intent, proposal } = outcome;
  const announcedNodes = new Set<string>();
  const candidateNodes = new Set<string>();
  const addresses = intent.addresses.map(({ address, prefix, standings }): AddressStatus => {
    const nodes = standings.map((standing) => standing.place.node);
    const announced = nodes.filter((node) => (facts.ledger().route({ prefix, node })?.announced.length ?? 0) > 0);
    for (const node of nodes) candidateNodes.add(node);
    for (const node of announced) announcedNodes.add(node);
    return { address, prefix, announcedNodes: announced.length, candidateNodes: nodes.length };
  });
  const obstacles = [
    ...fenceObstacles(facts, outcome),
    ...addressObstacles(facts, outcome),
    ...proposal.places.flatMap((place) => placeObstacles(facts, outcome, place, announcedNodes.size)),
  ];
  return {
    addresses,
    announcedNodes: announcedNodes.size,
    candidateNodes: candidateNodes.size,
    conditions: isObserved(facts, outcome) && obstacles.length === 0 ? observing(outcome) : conditionsFor(announcedNodes.size, obstacles),
  };
}

const isObserved = ({ observer: { view } }: StatusFacts, { intent }: ServiceOutcome): boolean =>
  observingConfig(view) !== undefined ||
  (intent.refinement !== undefined && view.get('AnycastService', intent.refinement)?.isObserved === true);

/** What is observed is as it should be when nothing is announced: tools that wait for Ready need not wait for ever. */
function observing({ intent }: ServiceOutcome): WantedCondition[] {
  const standings = intent.addresses.flatMap((address) => address.standings);
  const nodes = new Set(standings.filter(({ reason }) => reason === 'ObserveOnly').map(({ place }) => place.node));
  const message = `would be announced from ${nodes.size} ${nodes.size === 1 ? 'node' : 'nodes'}`;
  return [isFalse('Announced', 'Observing', message), isTrue('Ready', 'Observing', message)];
}

function conditionsFor(announcedNodes: number, obstacles: readonly Obstacle[]): WantedCondition[] {
  const main = obstacles.find((obstacle) => obstacle.needsPerson) ?? obstacles[0];
  const announced =
    announcedNodes > 0
      ? isTrue('Announced', 'Announced', `routers have a route from ${announcedNodes} ${announcedNodes === 1 ? 'node' : 'nodes'}`)
      : isFalse('Announced', main?.reason ?? 'NoEndpoint', main?.message ?? 'no endpoint is there');
  if (main === undefined)
    return [announced, announcedNodes > 0 ? isTrue('Ready', 'Announced') : isFalse('Ready', 'NoEndpoint', 'no endpoint is there')];
  const progress = main.needsPerson ? isTrue('Stalled', main.reason, main.message) : isTrue('Reconciling', main.reason, main.message);
  return [announced, isFalse('Ready', main.reason, main.message), progress];
}

/** A Service that is being deleted, and waits for speakers that are away: its AnycastService says so. */
function fenceObstacles(facts: StatusFacts, { intent: { service } }: ServiceOutcome): Obstacle[] {
  if (facts.observer.raw('Service', service)?.metadata.deletionTimestamp === undefined) return [];
  const nodes = fencedBy(facts, 'Service', service);
  return nodes.length === 0 ? [] : [{ reason: 'AwaitingFence', message: fenceMessage(nodes), needsPerson: false }];
}

/**
 * What keeps one place from being as it should: a rule, a missing advertisement, or the way to the router. That one of several
 * routers is down is said by its AnycastPeer: not all Services have failed with it, and no rollout shall wait for it.
 */
function placeObstacles(
  facts: StatusFacts,
  outcome: ServiceOutcome,
  { standing, exports }: PlaceProposal,
  announcedNodes: number,
): Obstacle[] {
  const { place } = standing;
  const held = outcome.decisions.find(
    (item) => item.outcome === 'hold' && item.place.node === place.node && item.place.prefix === place.prefix,
  );
  if (held !== undefined) return [obstacle(place, held.reason, `${reasons[held.reason].says}; ${held.exit}`)];
  if (standing.wanted === 'no' && standing.reason === 'NotSelected')
    return announcedNodes > 0 ? [] : [obstacle(place, 'NotSelected', reasons.NotSelected.says, true)];
  const announced = facts.ledger().route(place)?.announced ?? [];
  if (standing.reason === 'ObserveOnly' && announced.length > 0)
    return [obstacle(place, 'ObserveOnly', 'is announced still, and is being withdrawn: the mode is Observe')];
  if (standing.wanted !== 'yes') return [];
  return exports
    .filter((item) => !announced.includes(item.peer))
    .flatMap((item) => {
      const reason =
        facts.speakers.reasonOf(place, item.peer) ?? (facts.speakers.get(place.node) === undefined ? 'SpeakerNotHeard' : 'WaitingForAck');
      const isCovered = reason === 'SessionDown' && announced.length > 0;
      return isCovered ? [] : [obstacle(place, reason, `${reasons[reason].says} (peer ${item.peer})`)];
    });
}

const obstacle = (place: Place, reason: ReasonCode, says: string, needsPerson = false): Obstacle => ({
  reason,
  message: `${place.prefix} on ${place.node}: ${says}`,
  needsPerson,
});
