import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { Scope } from '../support/scope.ts';
import type { Reference } from './client.ts';
import { freeAddresses, type NodeName, peerOf, refinementOf, Site, type SiteService } from './support/main-job.ts';

const scope = new Scope();
afterAll(() => scope.close());

let site: Site;

beforeAll(async () => {
  site = await Site.start(scope);
});

/** A Service with a ready pod on each of the nodes, and its routes on the routers. */
async function routedService(name: string, nodes: readonly NodeName[] = ['n1', 'n2']): Promise<SiteService> {
  const service = await site.createService(name);
  await site.runPods(service, nodes);
  await site.untilRouted(service, nodes);
  return service;
}

/** A Service's own addresses in place of others. */
const withAddresses = ({ name }: SiteService, addresses: SiteService['addresses']) => ({
  name,
  prefixes: { ipv4: `${addresses.ipv4}/32`, ipv6: `${addresses.ipv6}/128` },
});

describe('a Service', () => {
  it('is withdrawn when it is deleted, is gone only then, and leaves the others alone', async () => {
    const [stays, goes] = [await routedService('stays'), await routedService('goes')];
    const before = site.routers.updates();
    await site.client.delete(goes.reference);
    await site.untilRouted(goes, []);
    await site.untilGone(goes.reference);
    await site.untilRouted(stays, ['n1', 'n2']);
    // From each of two nodes, one UPDATE per family.
    await site.untilUpdates(before, 4);
  });

  it('moves to the address that it asks for instead', async () => {
    const moving = await routedService('moving');
    const [old, next] = [moving, withAddresses(moving, freeAddresses())];
    const asked = Object.values(next.prefixes).map((prefix) => prefix.split('/')[0]);
    await site.client.patch(moving.reference, { metadata: { annotations: { 'anycast-operator.io/addresses': asked.join(',') } } });
    await site.untilRouted(next, ['n1', 'n2']);
    await site.untilRouted(old, []);
  });
});

describe('an AnycastService', () => {
  it('gives its Service the addresses, changes them, and takes them away with itself', async () => {
    const service = await site.createService('refined', { withoutAddresses: true });
    await site.runPods(service, ['n1', 'n2']);
    const refinement = refinementOf(service, { addresses: Object.values(service.addresses), announceDelayMs: 0 });
    await site.client.create(refinement);
    await site.untilRouted(service, ['n1', 'n2']);
    await site.untilCondition(refinement, 'Ready', { status: 'True' });

    await site.client.patch(refinement, { spec: { addresses: [service.addresses.ipv6] } });
    await site.untilRouted(service, { ipv4: [], ipv6: ['n1', 'n2'] });

    await site.client.delete(refinement);
    await site.untilRouted(service, []);
    await site.untilGone(refinement);
  });

  it('says where its addresses are announced', async () => {
    const service = await routedService('told', ['n1', 'n3']);
    const refinement = refinementOf(service, {});
    await site.client.create(refinement);
    await site.untilCondition(refinement, 'Ready', { status: 'True' });
    await site.setReady(service, 'n3', false);
    const told = await eventually(
      'it says that one of two nodes announces',
      async () => (await site.client.get<Reference & { readonly status?: { readonly announced?: string } }>(refinement)).status?.announced,
      (announced) => announced === '1/2',
    );
    expect(told).toBe('1/2');
    await site.untilRouted(service, ['n1']);
  });
});

describe('an AnycastPeer', () => {
  it('loses its routes when it is deleted, gets them when it is there again, and leaves the other router alone', async () => {
    const service = await routedService('peered');
    const peer = peerOf(site, 'bird', 'ipv4');
    const { ipv4 } = service.prefixes;
    const fromFrr = site.routers.updates().frr;

    await site.client.delete(peer);
    await site.untilGone(peer);
    const without = await eventually(
      `BIRD has lost ${ipv4}`,
      async () => (await site.routers.routes())[ipv4],
      (routes) => routes?.bird.length === 0,
    );
    expect(without?.frr).toEqual(['n1', 'n2']);

    await site.client.create(peer);
    await site.untilRouted(service, ['n1', 'n2']);
    expect(site.routers.updates().frr).toBe(fromFrr);
  });
});

describe('a node', () => {
  const exclude = 'node.kubernetes.io/exclude-from-external-load-balancers';
  const node = (name: NodeName): Reference => ({ apiVersion: 'v1', kind: 'Node', metadata: { name } });

  it('announces nothing while it is excluded from load balancers', async () => {
    const service = await routedService('excluded');
    await site.client.patch(node('n2'), { metadata: { labels: { [exclude]: '' } } });
    await site.untilRouted(service, ['n1']);
    await site.client.patch(node('n2'), { metadata: { labels: { [exclude]: null } } });
    await site.untilRouted(service, ['n1', 'n2']);
  });

  it('loses its routes when it is deleted, and no other node does', async () => {
    const service = await routedService('deleted-node', ['n1', 'n2', 'n3']);
    await site.kubelet('n3').remove();
    await site.untilRouted(service, ['n1', 'n2']);
  });
});
