import { Scope } from '../test/support/scope.ts';
import type { Bench } from './run.ts';
import { Fabric } from './support/fabric.ts';
import { failOneByOne } from './support/fail-one-by-one.ts';
import { inParallel, makeService, readyService } from './support/objects.ts';
import { withdrawalStages } from './support/withdrawal-stages.ts';

const speakers = 3;

/**
 * From the watch event at the operator to the withdrawal at the router, one readiness change at a time, on a real API server.
 * Each place fails once: a place that fails again within ten minutes would have to wait before it comes back (hold-down).
 */
export const bench: Bench = async (options, say) => {
  const samples = Number(options['samples'] ?? 1_000);
  const services = Math.ceil(samples / speakers);
  const scope = new Scope();
  try {
    say(`starting etcd, kube-apiserver, the operator and ${speakers} speakers`);
    const fabric = await Fabric.start(scope, { speakers });
    say(`making ${services} Services with endpoints on ${speakers} nodes`);
    await inParallel(services, (service) => makeService(fabric.client, readyService(service, fabric.nodes)));
    await fabric.untilRoutes(services * speakers);
    say(`failing one endpoint after the other, ${samples} times`);
    const withdrawals = await failOneByOne(fabric, samples);
    return { params: { samples, services, speakers }, results: withdrawalStages(fabric, withdrawals) };
  } finally {
    await scope.close();
  }
};
