import { byAge, doubtsAbout, seen } from './facts.ts';
import type { Intent, Refused } from './intent.ts';
import { asksForLabels, selects } from './selector.ts';
import { hasTombstone, type ObservedRefinement, type ObservedService, type View } from './view.ts';

/** What is ours of a Service, and who refines it. */
export type Claim = {
  readonly service: ObservedService;
  readonly ownership: Intent['ownership'];
  /** The AnycastService in force: the oldest that is not being deleted. */
  readonly refinement?: ObservedRefinement;
  /** The younger ones, oldest first. */
  readonly conflicts: readonly ObservedRefinement[];
  /** AnycastServices with a tombstone. */
  readonly deleted: readonly ObservedRefinement[];
};

/** Reads who a Service belongs to. */
export function claimOf(view: View, service: ObservedService): Claim {
  const refinements = [...view.refinementsOf(service.key)].sort(byAge);
  const [refinement, ...conflicts] = refinements.filter((object) => !hasTombstone(object));
  return {
    service,
    ownership: ownershipOf(view, service, refinement !== undefined),
    ...(refinement !== undefined && { refinement }),
    conflicts,
    deleted: refinements.filter(hasTombstone),
  };
}

/**
 * Addresses that a Service asks for: those of its AnycastService, else its own. Where another controller assigns them, what
 * that controller wrote: we announce nothing that is not in it, but what is asked for may be less.
 */
export function requestedAddresses(claim: Claim): readonly string[] {
  const refined = claim.refinement?.addresses ?? [];
  if (claim.ownership === 'none') return [];
  if (refined.length > 0) return refined;
  return claim.ownership === 'own' ? claim.service.addresses : claim.service.ingress;
}

function ownershipOf(view: View, service: ObservedService, isRefined: boolean): Intent['ownership'] {
  if (!service.isLoadBalancer) return 'none';
  if (service.class === 'ours' || (service.class === 'none' && isClaimed(view, service))) return 'own';
  return isRefined ? 'foreign' : 'none';
}

function isClaimed(view: View, service: ObservedService): boolean {
  const config = view.config();
  if (config === undefined || hasTombstone(config)) return false;
  return config.claims.some(
    (claim) => selectsNamespace(view, claim.namespaceSelector, service.namespace) && selects(claim.serviceSelector, service.labels),
  );
}

/** A namespace that was never seen has no labels that a selector could ask for. */
export function selectsNamespace(view: View, selector: Parameters<typeof selects>[0], name: string): boolean {
  const namespace = view.namespace(name);
  return namespace === undefined ? !asksForLabels(selector) : selects(selector, namespace.labels);
}

/** Why nothing of a Service is announced, whatever its addresses: it is gone, or no business of ours. Undefined: it is ours to announce. */
export function dismissalOf(view: View, claim: Claim): Refused | undefined {
  const { service, ownership } = claim;
  if (hasTombstone(service)) return { cause: 'removal', reason: 'ServiceDeleted', evidence: [seen(service, 'deleted')], doubts: [] };
  if (ownership !== 'none') return undefined;
  if (!service.isLoadBalancer) {
    const doubts = doubtsAbout(view, 'Service', service.key, service);
    return { cause: 'narrowing', reason: 'NotOurs', evidence: [seen(service, 'spec.type is not LoadBalancer')], doubts };
  }
  const [deleted] = claim.deleted;
  if (deleted !== undefined) return { cause: 'removal', reason: 'ServiceDeleted', evidence: [seen(deleted, 'deleted')], doubts: [] };
  // A foreign class was ours by an AnycastService only: that none is seen is no evidence that it is gone.
  const config = view.config();
  const claimEnded = service.class === 'none' && config !== undefined;
  return {
    cause: 'narrowing',
    reason: 'NotOurs',
    evidence: claimEnded ? [seen(config, `does not claim ${service.key}`)] : [],
    doubts: [
      ...doubtsAbout(view, 'AnycastConfig', 'default', config),
      ...doubtsAbout(view, 'Namespace', service.namespace, view.namespace(service.namespace)),
    ],
  };
}
