import { afterAll, beforeAll, expect, it } from 'vitest';
import type { ApiFault } from '../support/api-fault-proxy.ts';
import { Scope } from '../support/scope.ts';
import { FaultSite, type Lasting } from './support/fault-site.ts';

const scope = new Scope();
let faults: FaultSite;
beforeAll(async () => {
  faults = await FaultSite.start(scope);
});
afterAll(async () => {
  faults?.report('api-server');
  await scope.close();
});

const minute: Lasting = { shortS: 2, fullS: 60 };
const onTheWay: readonly (readonly [string, ApiFault, Lasting])[] = [
  ['connections to the API server are refused', { kind: 'refuse' }, minute],
  ['the API server stands still', { kind: 'hang' }, minute],
  ['every request is answered with 500', { kind: 'answer', status: 500 }, minute],
  ['every request is answered with 403', { kind: 'answer', status: 403 }, minute],
  ['every watch is answered with 410', { kind: 'gone' }, minute],
  ['lists come without objects', { kind: 'emptyLists' }, minute],
  ['lists come with half of their objects', { kind: 'halfLists' }, minute],
  ['lists come as half a text', { kind: 'cutLists' }, minute],
  ['watches end every second', { kind: 'cutWatches', everyMs: 1_000 }, minute],
  // Longer than a watch may be silent until its evidence is stale.
  ['watches are silently dead', { kind: 'silentWatches' }, { shortS: 2, fullS: 180 }],
  ['every answer is 2 s late', { kind: 'delay', ms: 2_000 }, minute],
];

it.each(onTheWay)(
  '%s: routers hear of nothing',
  async (name, fault, lasting) => {
    await faults.during(
      name,
      lasting,
      async () => {
        for (const proxy of faults.proxies) proxy.break(fault);
        // Past the proxies: something that silence keeps from a watch, also in a short run.
        await faults.site.client.patch(faults.dns.reference, { metadata: { annotations: { 'example.org/fault': name } } });
      },
      () => {
        for (const proxy of faults.proxies) proxy.mend();
      },
    );
    for (const proxy of faults.proxies) expect(proxy.met, 'requests that met the fault').toBeGreaterThan(0);
  },
  300_000,
);

it('the API server is stopped while pods are healthy: routers hear of nothing', async () => {
  const { plane } = faults.site;
  await faults.during(
    'the API server is stopped',
    { shortS: 3, fullS: 600 },
    () => plane.apiServer().stop(0),
    () => plane.startApiServer(),
  );
}, 800_000);

it('etcd is restored from a backup: routers hear of nothing, and operators that are started anew decide', async () => {
  const { site } = faults;
  const backup = await site.plane.backUp();
  // So much happens after the backup that the restored server is behind for good.
  for (let count = 0; count < 300; count++) {
    await site.client.apply({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'later', namespace: 'edge' },
      data: { count: `${count}` },
    });
  }
  const position = async () =>
    Number((await site.client.request<{ metadata: { resourceVersion: string } }>('GET', '/api/v1/namespaces')).metadata.resourceVersion);
  const wasAt = await position();
  await faults.during(
    'etcd is restored: resourceVersions go back',
    { shortS: 12, fullS: 60 },
    () => site.plane.restore(backup),
    async () => {
      expect(await position()).toBeLessThan(wasAt);
      for (const replica of [0, 1]) {
        await site.replica(replica).stop();
        await site.startOperator(replica);
      }
      await site.untilConnected();
    },
  );
  expect(await faults.leader()).toBeGreaterThanOrEqual(0);
}, 300_000);
