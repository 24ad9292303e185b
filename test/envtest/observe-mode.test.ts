import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withdrawFinalizer } from '#api/names.ts';
import { Scope } from '../support/scope.ts';
import type { Reference } from './client.ts';
import { ourObject, peerOf, refinementOf, Site, type SiteService } from './support/main-job.ts';

const scope = new Scope();
afterAll(() => scope.close());

let site: Site;
let service: SiteService;

beforeAll(async () => {
  site = await Site.start(scope, { config: { mode: 'Observe' } });
  service = await site.createService('tried');
  await site.runPods(service, ['n1', 'n2']);
  await site.client.create(refinementOf(service, {}));
});

const observing = { status: 'True', reason: 'Observing' };
const config = ourObject('AnycastConfig', 'default', {});
const speaker = (name: string): Reference => ourObject('AnycastSpeaker', name, {});
const peers = () =>
  (['frr', 'bird'] as const).flatMap((router) => (['ipv4', 'ipv6'] as const).map((family) => peerOf(site, router, family)));

type StoredService = Reference & {
  readonly metadata: { readonly finalizers?: readonly string[] };
  readonly status: { readonly loadBalancer: { readonly ingress?: readonly { readonly ip: string }[] } };
};

const stored = () => site.client.get<StoredService>(service.reference);

// One story, in order: tried, taken into use, and only observed again.
describe('an AnycastConfig in mode Observe', () => {
  it('says what would be announced, while nobody ever connects to a router and the Service is left alone', async () => {
    await site.untilCondition(refinementOf(service, {}), 'Ready', { ...observing, message: 'would be announced from 2 nodes' });
    const message = 'no session is opened: the mode is Observe; 3 nodes would have one';
    for (const peer of peers()) await site.untilCondition(peer, 'Ready', { status: 'True', reason: 'ObserveOnly', message });
    await site.untilCondition(speaker('n1'), 'Ready', { status: 'True', reason: 'ObserveOnly' });
    const { metadata, status } = await stored();
    expect([metadata.finalizers, status.loadBalancer.ingress]).toEqual([undefined, undefined]);
    expect(site.routers.connections()).toEqual({ frr: 0, bird: 0 });
  });

  it('connects and announces when the mode is Announce', async () => {
    await site.client.patch(config, { spec: { mode: 'Announce' } });
    await site.untilRouted(service, ['n1', 'n2']);
    for (const peer of peers()) await site.untilCondition(peer, 'Ready', { status: 'True', reason: 'Established' });
    expect((await stored()).metadata.finalizers).toEqual([withdrawFinalizer]);
    const { frr, bird } = site.routers.connections();
    expect(Math.min(frr, bird)).toBeGreaterThanOrEqual(6);
  });

  it('takes everything back when the mode is Observe again, and connects no more', async () => {
    await site.client.patch(config, { spec: { mode: 'Observe' } });
    await site.untilRouted(service, []);
    for (const peer of peers()) await site.untilCondition(peer, 'Ready', { status: 'True', reason: 'ObserveOnly' });
    const before = site.routers.connections();
    await site.setReady(service, 'n2', false);
    await site.untilCondition(refinementOf(service, {}), 'Ready', { ...observing, message: 'would be announced from 1 node' });
    expect(site.routers.connections()).toEqual(before);
    expect((await stored()).status.loadBalancer.ingress?.map(({ ip }) => ip)).toEqual(Object.values(service.addresses));
  });
});
