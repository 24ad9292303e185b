import { withdrawFinalizer } from '#api/names.ts';
import { observingConfig } from '#decide/observing.ts';
import { refOf } from '#kube/resource.ts';
import { limits } from '../limits.ts';
import { resourceTypes } from '../resource-types.ts';
import { everySpeakerHeard, type StatusFacts } from './facts.ts';
import { finalizerWrite } from './finalizer.ts';
import { keepsFinalizer } from './keeps-finalizer.ts';
import { hasRoutes } from './rests.ts';
import type { Subject } from './status-writer.ts';

/**
 * Services: the finalizer on those that are ours, and the addresses in their status. kube-proxy programs an address only when it
 * is in the status, so it is written before the first announcement and cleared after the last withdrawal.
 */
export function serviceSubject(facts: StatusFacts): Subject {
  return {
    // Another controller that claims the status answers each of our writes: that must not become a storm.
    intervalMs: limits.serviceStatusIntervalMs,
    goesFirst: true,
    next(key) {
      const service = facts.observer.raw('Service', key);
      const outcome = facts.outcomes.service(key);
      if (service === undefined || outcome === undefined) return undefined;
      const { metadata } = service;
      const { ownership, desiredIngress } = outcome.intent;
      // What is only observed is left as it is.
      const isOurs = ownership === 'own' && observingConfig(facts.observer.view) === undefined;
      const isNeeded = metadata.deletionTimestamp === undefined && (isOurs || hasRoutes(facts, key));
      const isKept = metadata.finalizers?.includes(withdrawFinalizer) === true && keepsFinalizer(facts, 'Service', key);
      // The finalizer comes first: an address that is announced has an object whose deletion will be seen.
      const finalizer = finalizerWrite(resourceTypes.Service, metadata, isNeeded || isKept);
      if (finalizer !== undefined) return finalizer;
      const ingress = (service.status.loadBalancer?.ingress ?? []).flatMap((entry) => entry.ip ?? []);
      if (desiredIngress === undefined) return undefined;
      const next = [...desiredIngress, ...perhapsAnnounced(facts, ingress, desiredIngress)];
      if (same(ingress, next)) return undefined;
      const patch = {
        metadata: { resourceVersion: metadata.resourceVersion },
        status: { loadBalancer: { ingress: next.map((ip) => ({ ip, ipMode: 'VIP' })) } },
      };
      return { type: resourceTypes.Service, ref: refOf(key), subresource: 'status', patch };
    },
  };
}

/** Addresses that are not wanted and stay: a speaker that was not heard in this term may announce them, and the status says whose they are. */
function perhapsAnnounced(facts: StatusFacts, ingress: readonly string[], desired: readonly string[]): string[] {
  const lost = ingress.filter((address) => !desired.includes(address));
  return lost.length === 0 || everySpeakerHeard(facts) ? [] : lost;
}

const same = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((item, index) => item === b[index]);
