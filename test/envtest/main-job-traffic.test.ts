import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type Namespace, routesTo } from '../support/netns.ts';
import { Scope } from '../support/scope.ts';
import { startKubeProxy } from './kube-proxy.ts';
import { type NodeName, refinementOf, Site, type SiteService } from './support/main-job.ts';

const scope = new Scope();
afterAll(() => scope.close());

let site: Site;
let client: Namespace;
let web: SiteService;

beforeAll(async () => {
  site = await Site.start(scope);
  const router = site.routers.namespaces.frr;
  client = await site.network.addBehind(router, 'client');
  web = await site.createService('web');
  await site.client.create(refinementOf(web, { dataPlaneGate: 'HealthCheckNodePort' }));
  for (const node of ['n1', 'n2'] as const) {
    await site.namespace(node).ip(routesTo(site.network.outside, router));
    await site.serve(web, node);
  }
});

const kubeProxyOn = (node: NodeName) => startKubeProxy(scope, site.network, site.namespace(node), site.plane.access, node);

/** Which node's pod answers a client behind FRR, at the Service's address of each family. */
async function answers(): Promise<string[]> {
  const ask = (address: string) => client.run(['timeout', '2', 'bash', '-c', `exec 3<>/dev/tcp/${address}/80; cat <&3`]);
  return Promise.all(Object.values(web.addresses).map(ask));
}

describe('traffic of clients', () => {
  it('is drawn to a node only once kube-proxy forwards it there', async () => {
    await site.runPods(web, ['n1']);
    await site.untilCondition(refinementOf(web, {}), 'Ready', { status: 'False', reason: 'WaitingForDataPlane' });
    await site.untilRouted(web, []);

    await kubeProxyOn('n1');
    await site.untilRouted(web, ['n1']);
    expect(await eventually('its pod answers', answers)).toEqual(['n1', 'n1']);
  });

  it('moves to the node whose pod is ready', async () => {
    await kubeProxyOn('n2');
    await site.runPods(web, ['n2']);
    await site.untilRouted(web, ['n1', 'n2']);
    await site.setReady(web, 'n1', false);
    await site.untilRouted(web, ['n2']);
    expect(await eventually('the other pod answers', answers)).toEqual(['n2', 'n2']);
  });
});
