import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tcpAbilities } from '#linux/tcp-abilities.ts';
import { eventually } from '../support/eventually.ts';
import { Scope } from '../support/scope.ts';
import type { KubeObject, Reference } from './client.ts';
import { system } from './support/anycast-processes.ts';
import { freeAddresses, type NodeName, ourObject, peerOf, refinementOf, Site, type SiteService } from './support/main-job.ts';
import { asn } from './support/routers.ts';

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

describe('an address', () => {
  it('goes to the Service that waits for it when its holder is deleted', async () => {
    const holder = await routedService('holder', ['n1']);
    const waiting = await site.createService('waiting', { addresses: holder.addresses });
    await site.runPods(waiting, ['n2']);
    await site.client.create(refinementOf(waiting, {}));
    await site.untilCondition(refinementOf(waiting, {}), 'Ready', { status: 'False', reason: 'AddressInUse' });
    await site.untilRouted(holder, ['n1']);

    await site.client.delete(holder.reference);
    await site.untilRouted(waiting, ['n2']);
    await site.untilGone(holder.reference);
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

describe('an AnycastPeer that is edited', () => {
  it('keeps its session and its routes when only the time between attempts changes', async () => {
    const service = await routedService('retried');
    const before = site.routers.updates();
    const peer = peerOf(site, 'frr', 'ipv4');
    await site.client.patch(peer, { spec: { connectRetrySeconds: 7 } });
    // What is decided next comes after whatever that change did.
    await site.setReady(service, 'n2', false);
    await site.untilRouted(service, ['n1']);
    await site.untilUpdates(before, 2);
  });

  // Where the kernel has TCP-AO, the session would begin anew, and the router would not sign.
  it.skipIf(tcpAbilities().ao)('keeps its session when it asks what no kernel here can do, and says which node lacks what', async () => {
    const service = await routedService('unsigned');
    const before = site.routers.updates();
    const name = 'no-such-kernel';
    await site.client.create({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace: system.namespace },
      type: 'kubernetes.io/basic-auth',
      stringData: { password: 'secret' },
    });
    const peer = peerOf(site, 'frr', 'ipv4');
    await site.client.patch(peer, { spec: { passwordSecret: name, tcpAO: { keyID: 1, receiveKeyID: 1 } } });
    const { message } = await site.untilCondition(peer, 'Ready', { status: 'False', reason: 'FeatureMissing' });
    expect(message).toMatch(/^n1: the speaker can not run tcp-ao for frr-ipv4, and goes on with what it has\. .* \(and 2 more\)$/);
    // What is decided next comes after whatever that change did.
    await site.setReady(service, 'n2', false);
    await site.untilRouted(service, ['n1']);
    await site.untilUpdates(before, 2);
    await site.client.patch(peer, { spec: { passwordSecret: null, tcpAO: null } });
    await site.untilCondition(peer, 'Ready', { status: 'True', reason: 'Established' });
  });

  it('loses its session while its AS is wrong, says so, and has its routes back when it is right', async () => {
    const service = await routedService('mistaken');
    const peer = peerOf(site, 'frr', 'ipv6');
    const { ipv6 } = service.prefixes;
    await site.client.patch(peer, { spec: { peerASN: 65000 } });
    const { message } = await site.untilCondition(peer, 'Ready', { status: 'False', reason: 'SessionDown' });
    expect(message).toMatch(/^n1: /);
    const routes = await eventually(
      `FRR has lost ${ipv6}`,
      async () => (await site.routers.routes())[ipv6],
      (seen) => seen?.frr.length === 0,
    );
    expect(routes?.bird).toEqual(['n1', 'n2']);

    await site.client.patch(peer, { spec: { peerASN: asn.frr } });
    await site.untilRouted(service, ['n1', 'n2']);
  });
});

describe('an AnycastAdvertisement', () => {
  it('gives routes their communities, without taking them away', async () => {
    const service = await routedService('coloured', ['n1']);
    const advertisement: Reference = {
      apiVersion: 'anycast-operator.io/v1alpha1',
      kind: 'AnycastAdvertisement',
      metadata: { name: 'edge' },
    };
    const sessions = () => Promise.all(['n1_ipv4', 'n1_ipv6'].map((name) => site.routers.bird.session(name)));
    const withdrawals = async () => (await sessions()).map(({ withdrawsReceived }) => withdrawsReceived);
    const before = await withdrawals();
    await site.client.patch(advertisement, { spec: { attributes: { communities: ['64512:53'] } } });
    for (const prefix of Object.values(service.prefixes)) {
      await eventually(
        `both routers see the community of ${prefix}`,
        () => site.routers.communities(prefix, 'n1'),
        ({ frr, bird }) => frr === '64512:53' && bird === '(64512,53)',
      );
    }
    expect(await withdrawals()).toEqual(before);
  });

  it('withdraws what it does not select any more', async () => {
    const service = await routedService('selected');
    const narrow: KubeObject = ourObject('AnycastAdvertisement', 'edge', {
      nodeSelector: { matchLabels: { 'kubernetes.io/hostname': 'n1' } },
    });
    await site.client.patch(narrow, { spec: narrow['spec'] as object });
    await site.untilRouted(service, ['n1']);
    await site.client.patch(narrow, { spec: { nodeSelector: null } });
    await site.untilRouted(service, ['n1', 'n2']);
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
