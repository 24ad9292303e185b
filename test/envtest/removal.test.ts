import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { Scope } from '../support/scope.ts';
import type { KubeObject, Reference } from './client.ts';
import { home, ourObject, peerOf, refinementOf, Site, type SiteService } from './support/main-job.ts';

const scope = new Scope();
afterAll(() => scope.close());

let site: Site;
/** Nine Services with two prefixes each: so many that two of them may go within an hour. */
const services: SiteService[] = [];

beforeAll(async () => {
  site = await Site.start(scope, { config: { removalGuard: {} } });
  for (let number = 1; number <= 9; number++) {
    const service = await site.createService(`s${number}`);
    services.push(service);
    await site.runPods(service, ['n1', 'n2']);
  }
  for (const service of services) await site.untilRouted(service, ['n1', 'n2']);
});

const serviceAt = (index: number): SiteService => services[index] as SiteService;
const quiet = { frr: 0, bird: 0 };
const holdsPath = '/apis/anycast-operator.io/v1alpha1/anycastholds';

type Hold = Reference & {
  readonly status?: { readonly hash?: string; readonly prefixes?: number; readonly conditions?: readonly { readonly message: string }[] };
};

/** Waits for as many AnycastHolds as said, each with what it lists. */
const holds = (count: number, prefixes?: number): Promise<readonly Hold[]> =>
  eventually(
    `there are ${count} AnycastHolds${prefixes === undefined ? '' : ` of ${prefixes} prefixes`}`,
    async () => (await site.client.request<{ readonly items: readonly Hold[] }>('GET', holdsPath)).items,
    (items) =>
      items.length === count &&
      items.every(({ status }) => status?.hash !== undefined && (prefixes ?? status.prefixes) === status.prefixes),
    { withinMs: 20_000 },
  );

async function answer(hold: Hold | undefined, field: 'approvedHash' | 'restoredHash'): Promise<void> {
  const patch = { spec: { [field]: hold?.status?.hash } };
  await site.client.request('PATCH', `${holdsPath}/${hold?.metadata.name}`, patch, 'application/merge-patch+json');
}

/** An object without what the API server wrote into it: as its manifest was. */
function manifest({ apiVersion, kind, metadata, ...rest }: KubeObject): KubeObject {
  const { name, namespace, labels, annotations } = metadata;
  const { status: _, ...content } = rest;
  const meta = { name, ...(namespace && { namespace }), ...(labels && { labels }), ...(annotations && { annotations }) };
  const spec = content['spec'] as { readonly clusterIP?: string };
  const { clusterIP: __, clusterIPs: ___, ...asked } = spec as Record<string, unknown>;
  return { apiVersion, kind, metadata: meta, spec: asked };
}

/** Deletes everything, and makes it anew as soon as it is gone, as a tool does that prunes and applies. */
async function replaceAll(references: readonly Reference[]): Promise<void> {
  const manifests: KubeObject[] = [];
  for (const reference of references) manifests.push(manifest(await site.client.get<KubeObject>(reference)));
  for (const reference of references) await site.client.delete(reference);
  for (const reference of references) await site.untilGone(reference);
  for (const object of manifests) await site.client.create(object);
}

// One story, in order.
describe('what is deleted and made anew within a second', () => {
  it('was never gone for any router: a Service with its AnycastService, the pool, the advertisement, all peers', async () => {
    const refinement = refinementOf(serviceAt(0), { addresses: Object.values(serviceAt(0).addresses) });
    await site.client.create(refinement);
    await site.untilCondition(refinement, 'Ready', { status: 'True' });
    const before = site.routers.updates();
    const sessions = site.routers.connections();
    const peers = (['frr', 'bird'] as const).flatMap((router) => (['ipv4', 'ipv6'] as const).map((family) => peerOf(site, router, family)));
    const startMs = performance.now();
    await replaceAll([
      serviceAt(0).reference,
      refinement,
      ourObject('AnycastPool', 'edge', {}),
      ourObject('AnycastAdvertisement', 'edge', {}),
      ...peers,
    ]);
    const tookMs = performance.now() - startMs;
    await site.untilCondition(refinement, 'Ready', { status: 'True' });
    for (const peer of peers) await site.untilCondition(peer, 'Ready', { status: 'True', reason: 'Established' });
    for (const service of services) await site.untilRouted(service, ['n1', 'n2']);
    expect(tookMs).toBeLessThan(4_000);
    expect(site.updatesSince(before)).toEqual(quiet);
    expect(site.routers.connections()).toEqual(sessions);
    await holds(0);
  });
});

describe('more than may go at once', () => {
  it('stays announced and served, and follows its pods', async () => {
    for (const { reference } of services.slice(1)) await site.client.delete(reference);
    const [hold] = await holds(1, 12);
    expect(hold?.status?.conditions?.[0]?.message).toContain(`kubectl patch anycasthold ${hold?.metadata.name}`);
    for (const service of services.slice(1, 3)) await site.untilRouted(service, []);
    for (const service of services.slice(3)) await site.untilRouted(service, ['n1', 'n2']);
    expect(await site.client.find(serviceAt(8).reference)).toBeDefined();
    await site.setReady(serviceAt(8), 'n1', false);
    await site.untilRouted(serviceAt(8), ['n2']);
    await site.setReady(serviceAt(8), 'n1', true);
    await site.untilRouted(serviceAt(8), ['n1', 'n2']);
  });

  it('outlives the operator, with what it lists', async () => {
    const [before] = await holds(1);
    const updates = site.routers.updates();
    await site.operator.stop();
    await site.startOperator();
    await site.untilConnected();
    const [after] = await holds(1, 12);
    expect(after?.status?.hash).toBe(before?.status?.hash);
    expect(site.updatesSince(updates)).toEqual(quiet);
  });

  it('is made anew where a person says so, and was never gone', async () => {
    const updates = site.routers.updates();
    const manifests: KubeObject[] = [];
    for (const { reference } of services.slice(3, 6)) manifests.push(manifest(await site.client.get<KubeObject>(reference)));
    await answer((await holds(1))[0], 'restoredHash');
    for (const { reference } of services.slice(3)) await site.untilGone(reference);
    for (const object of manifests) await site.client.create(object);
    for (const service of services.slice(3)) await site.untilRouted(service, ['n1', 'n2']);
    expect(site.updatesSince(updates)).toEqual(quiet);
  });

  it('goes when a person approves what is left, and the hold with it', async () => {
    await answer((await holds(1))[0], 'approvedHash');
    for (const service of services.slice(6)) await site.untilRouted(service, []);
    for (const service of services.slice(3, 6)) await site.untilRouted(service, ['n1', 'n2']);
    await holds(0);
  });
});

describe('a namespace that is deleted', () => {
  it('goes with its pods, whatever is held', async () => {
    const left = services.slice(3, 6);
    const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: home } };
    await site.client.delete(namespace);
    for (const service of services) for (const node of ['n1', 'n2'] as const) await site.finishPod(service, node);
    for (const service of left) await site.untilRouted(service, []);
    // The namespace controller looks again after some time.
    await site.untilGone(namespace, 60_000);
    await holds(0);
  });
});
