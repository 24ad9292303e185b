import { resourceTypes } from '../resource-types.ts';
import type { StatusFacts } from './facts.ts';
import { finalizerWrites } from './finalizer.ts';
import type { Subject, Write } from './status-writer.ts';

/**
 * Services: the finalizer on those that are ours, and the addresses in their status. kube-proxy programs an address only when it
 * is in the status, so it is written before the first announcement and cleared after the last withdrawal.
 */
export function serviceSubject(facts: StatusFacts): Subject {
  return {
    intervalMs: 0,
    writes(key) {
      const service = facts.observer.raw('Service', key);
      const outcome = facts.service(key);
      if (service === undefined || outcome === undefined) return [];
      const { intent } = outcome;
      const isDeleting = service.metadata.deletionTimestamp !== undefined;
      const hasRoutes = facts.ledger().routesOf(key)[Symbol.iterator]().next().done !== true;
      const keepsFinalizer = (intent.ownership === 'own' && !isDeleting) || hasRoutes;
      const ingress = (service.status.loadBalancer?.ingress ?? []).flatMap((entry) => entry.ip ?? []);
      const status =
        intent.desiredIngress === undefined || same(ingress, intent.desiredIngress) ? [] : [ingressWrite(key, intent.desiredIngress)];
      // The finalizer comes first: an address that is announced has an object whose deletion will be seen.
      return [...finalizerWrites(resourceTypes.Service, service.metadata, keepsFinalizer), ...status];
    },
  };

  function ingressWrite(key: string, addresses: readonly string[]): Write {
    const [namespace = '', name = ''] = key.split('/');
    const ingress = addresses.map((ip) => ({ ip, ipMode: 'VIP' }));
    return {
      type: resourceTypes.Service,
      ref: { namespace, name },
      subresource: 'status',
      patch: { status: { loadBalancer: { ingress } } },
    };
  }
}

const same = (a: readonly string[], b: readonly string[]): boolean => a.length === b.length && a.every((item, index) => item === b[index]);
