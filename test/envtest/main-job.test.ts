import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { Scope } from '../support/scope.ts';
import type { KubeObject, Reference } from './client.ts';
import { home, Site, type SiteService } from './support/main-job.ts';

const scope = new Scope();
afterAll(() => scope.close());

let site: Site;

// Each endpoint has a slice of its own: what is said of a Service is spread over several, always.
beforeAll(async () => {
  site = await Site.start(scope, { controllerFlags: ['--max-endpoints-per-slice=1'] });
});

/** How many slices of each family a Service has. */
async function slicesOf(service: SiteService): Promise<Record<string, number>> {
  type Slice = Reference & { readonly addressType: string };
  const label = `kubernetes.io/service-name=${service.name}`;
  const slices = await site.client.list<Slice>('discovery.k8s.io/v1', 'EndpointSlice', home, label);
  return Object.fromEntries(
    Object.entries(Object.groupBy(slices, ({ addressType }) => addressType)).map(([type, of]) => [type, of?.length ?? 0]),
  );
}

/** A slice as somebody else than Kubernetes' own controller would write it. */
const sliceBy = (service: SiteService, name: string, addressType: 'IPv4' | 'IPv6', ready: boolean): KubeObject => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: `${service.name}-${name}`, namespace: home, labels: { 'kubernetes.io/service-name': service.name } },
  addressType,
  endpoints: [{ addresses: [addressType === 'IPv4' ? '10.1.9.9' : 'fd00:10:9::9'], nodeName: 'n1', conditions: { ready } }],
  ports: [{ name: 'web', port: 8080 }],
});

describe('readiness of pods', () => {
  it('brings a route of each family to each router from each node with a ready pod, and takes it away where the pod is not ready', async () => {
    const dns = await site.createService('dns');
    await site.untilRouted(dns, []);

    await site.runPods(dns);
    await site.untilRouted(dns, ['n1', 'n2', 'n3']);
    expect(await slicesOf(dns)).toEqual({ IPv4: 3, IPv6: 3 });

    const before = site.routers.updates();
    await site.setReady(dns, 'n2', false);
    await site.untilRouted(dns, ['n1', 'n3']);
    await site.untilUpdates(before, 2);

    await site.setReady(dns, 'n2', true);
    await site.untilRouted(dns, ['n1', 'n2', 'n3']);
    await site.untilUpdates(before, 4);
  });

  it('announces nothing while no pod is ready, and withdraws everywhere when none is any more', async () => {
    const web = await site.createService('web');
    await site.runPods(web, ['n1', 'n3']);
    await site.untilRouted(web, ['n1', 'n3']);

    await site.setReady(web, 'n1', false);
    await site.setReady(web, 'n3', false);
    await site.untilRouted(web, []);
  });

  it('writes the addresses into the status of the Service, which kube-proxy waits for', async () => {
    const registry = await site.createService('registry');
    type Service = Reference & { readonly status: { readonly loadBalancer: { readonly ingress?: readonly { readonly ip: string }[] } } };
    const written = await eventually(
      'the status has both addresses',
      async () => (await site.client.get<Service>(registry.reference)).status.loadBalancer.ingress ?? [],
      (ingress) => ingress.length === 2,
    );
    expect(written.map(({ ip }) => ip)).toEqual(Object.values(registry.addresses));
  });
});

describe('a pod that ends', () => {
  it('keeps its route, marked for graceful shutdown, while it serves, and loses it when it has ended', async () => {
    const cdn = await site.createService('cdn');
    await site.runPods(cdn, ['n1', 'n2']);
    await site.untilRouted(cdn, ['n1', 'n2']);

    await site.deletePod(cdn, 'n1');
    for (const prefix of Object.values(cdn.prefixes)) {
      await eventually(
        `both routers see ${prefix} of n1 leaving`,
        () => site.routers.communities(prefix, 'n1'),
        ({ frr, bird }) => /graceful-?shutdown/i.test(frr) && bird.includes('(65535,0)'),
      );
      expect(await site.routers.communities(prefix, 'n2')).toEqual({ frr: '', bird: '' });
    }
    await site.untilRouted(cdn, ['n1', 'n2']);

    await site.finishPod(cdn, 'n1');
    await site.untilRouted(cdn, ['n2']);
  });
});

describe('families', () => {
  it('are judged each by its own endpoints', async () => {
    const api = await site.createService('api', { withoutSelector: true });
    await site.client.create(sliceBy(api, 'ipv4', 'IPv4', true));
    await site.client.create(sliceBy(api, 'ipv6', 'IPv6', false));
    await site.untilRouted(api, { ipv4: ['n1'], ipv6: [] });

    await site.client.apply(sliceBy(api, 'ipv6', 'IPv6', true));
    await site.untilRouted(api, ['n1']);

    const before = site.routers.updates();
    await site.client.apply(sliceBy(api, 'ipv4', 'IPv4', false));
    await site.untilRouted(api, { ipv4: [], ipv6: ['n1'] });
    await site.untilUpdates(before, 1);
  });

  it('look at all slices: one ready endpoint in any of them is enough', async () => {
    const edge = await site.createService('several', { withoutSelector: true });
    await site.client.create(sliceBy(edge, 'one', 'IPv4', true));
    await site.client.create(sliceBy(edge, 'two', 'IPv4', true));
    await site.untilRouted(edge, { ipv4: ['n1'], ipv6: [] });

    const before = site.routers.updates();
    await site.client.apply(sliceBy(edge, 'one', 'IPv4', false));
    await site.client.delete(sliceBy(edge, 'one', 'IPv4', false));
    await site.client.apply(sliceBy(edge, 'two', 'IPv4', false));
    await site.untilRouted(edge, []);
    // The slices that changed before the last one changed nothing.
    await site.untilUpdates(before, 1);
  });
});
