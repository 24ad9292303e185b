import { addressesAnnotation, loadBalancerClass } from '#api/names.ts';
import { reasons } from '#state/reasons.ts';
import type { ServiceOutcome } from '../pipeline/pipeline.ts';
import type { StatusFacts } from './facts.ts';
import { type AddressFacts, addressFencedBy, fenceMessage } from './fence.ts';
import type { ConditionReason } from './reasons.ts';

/** Why something that is wanted is not so: the reason, and whether a person has to act. */
export type Obstacle = { readonly reason: ConditionReason; readonly message: string; readonly needsPerson: boolean };

/** What obstacles of addresses are read from. */
export type ObstacleFacts = AddressFacts & { readonly observer: Pick<StatusFacts['observer'], 'view' | 'raw'> };

/** Why a Service as a whole is none that could be announced, a sentence; undefined: it is ours, or its AnycastService makes it so. */
export function whyNotOurs(
  { observer }: Pick<ObstacleFacts, 'observer'>,
  { service, ownership }: ServiceOutcome['intent'],
): string | undefined {
  const type = observer.raw('Service', service)?.spec.type ?? 'ClusterIP';
  const seen = observer.view.service(service);
  if (seen === undefined) return `Service ${service} is not there: create it, or correct spec.serviceRef.name`;
  const ours = `spec.loadBalancerClass: ${loadBalancerClass}`;
  if (ownership === 'none') return `Service ${service} is of type ${type}: give it spec.type: LoadBalancer and ${ours}`;
  // Without a class it is of whoever takes those: that shows in an address, which nobody wrote.
  if (ownership === 'own' || seen.class !== 'none' || seen.ingress.length > 0) return undefined;
  return `Service ${service} has no spec.loadBalancerClass, and no other controller gave it an address: let AnycastConfig default select it in spec.claim, or make it anew with ${ours}, which can not be added later`;
}

/** Why addresses of a Service are not announced anywhere, because of themselves. */
export function addressObstacles(facts: ObstacleFacts, { intent }: ServiceOutcome): Obstacle[] {
  const unreadable = unreadableAddresses(facts, intent);
  if (intent.addresses.length === 0 && intent.ownership !== 'none' && unreadable.length === 0)
    return [{ reason: 'NoAddress', message: `no address is asked for: ${howToAsk}`, needsPerson: true }];
  const refused = intent.addresses.flatMap(({ address, prefix, refusal }): Obstacle[] => {
    if (refusal === undefined) return [];
    const nodes = refusal.reason === 'AddressInUse' ? addressFencedBy(facts, prefix) : [];
    if (nodes.length > 0)
      return [{ reason: 'AwaitingFence', message: `${address} was another Service's: ${fenceMessage(nodes)}`, needsPerson: false }];
    return [{ reason: refusal.reason, message: refusal.message, needsPerson: refusal.reason !== 'AddressNotInStatus' }];
  });
  return [...unreadable, ...refused];
}

const howToAsk = `set spec.addresses of an AnycastService, or annotate the Service with ${addressesAnnotation}; addresses are never chosen for a Service`;

/** What stands where the Service asks for addresses, and is none; what its AnycastService asks for instead was checked by the API. */
function unreadableAddresses(
  { observer: { view } }: ObstacleFacts,
  { service, ownership, refinement }: ServiceOutcome['intent'],
): Obstacle[] {
  const asked = refinement === undefined ? [] : (view.get('AnycastService', refinement)?.addresses ?? []);
  if (ownership !== 'own' || asked.length > 0) return [];
  const texts = view.service(service)?.unreadableAddresses ?? [];
  return texts.map((text) => ({
    reason: 'AddressUnreadable',
    message: `Service ${service}: "${text}" is not an IP address: correct the annotation ${addressesAnnotation}, whose addresses are separated by commas`,
    needsPerson: true,
  }));
}

/**
 * The first thing that keeps a Service, or one of its addresses, from being announced from any node until a person acts. That
 * some nodes are not selected is ordinary: it counts where all are.
 */
export function obstacleForPerson(facts: ObstacleFacts, outcome: ServiceOutcome): Obstacle | undefined {
  const { intent, proposal } = outcome;
  const notOurs = intent.refinement === undefined ? undefined : whyNotOurs(facts, intent);
  if (notOurs !== undefined) return { reason: 'NotOurs', message: notOurs, needsPerson: true };
  const own = addressObstacles(facts, outcome).find((obstacle) => obstacle.needsPerson);
  if (own !== undefined) return own;
  const places = proposal.places.map(({ standing }) => standing);
  const isNowhereSelected = places.length > 0 && places.every(({ wanted, reason }) => wanted === 'no' && reason === 'NotSelected');
  if (!isNowhereSelected) return undefined;
  return { reason: 'NotSelected', message: `Service ${intent.service}: ${reasons.NotSelected.says}`, needsPerson: true };
}
