import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { type Namespace, routesTo } from '../support/netns.ts';
import type { RunningProcess } from '../support/processes.ts';
import { Scope } from '../support/scope.ts';
import { startKubeProxy } from './kube-proxy.ts';
import { type NodeName, nodeNames, refinementOf, Site, type SiteService } from './support/main-job.ts';
import type { Orders, Tally } from './support/open-connections.ts';

/** How many connections are opened; `make connections` opens 100,000. */
const count = Number(process.env['ANYCAST_CONNECTIONS'] ?? 8_000);
const perSecond = 500;
/** Addresses of clients per family: a router spreads them over the nodes. */
const clients = 32;

const scope = new Scope();
afterAll(() => scope.close());

let site: Site;
let client: Namespace;
let web: SiteService;
const sources: string[] = [];
const proxies = new Map<NodeName, RunningProcess>();

async function startProxy(node: NodeName): Promise<void> {
  proxies.set(node, await startKubeProxy(scope, site.network, site.namespace(node), site.plane.access, node));
}

beforeAll(async () => {
  site = await Site.start(scope);
  const router = site.routers.namespaces.frr;
  client = await site.network.addBehind(router, 'client');
  const [ipv4, ipv6] = [client.ipv4.replace(/\d+$/, ''), client.ipv6.replace(/[0-9a-f]+$/, '')];
  for (let host = 100; host < 100 + clients; host++) sources.push(`${ipv4}${host}`, `${ipv6}${host}`);
  await client.ip(
    sources.map((source) => `address add ${source}/${source.includes(':') ? '64' : '24'} dev eth0 ${source.includes(':') ? 'nodad' : ''}`),
  );
  web = await site.createService('web');
  await site.client.create(refinementOf(web, { dataPlaneGate: 'HealthCheckNodePort' }));
  for (const node of nodeNames) {
    await site.namespace(node).ip(routesTo(site.network.outside, router));
    await site.serve(web, node);
  }
});

/** Clients that open connections, until all are opened. */
function openConnections(options: Pick<Orders, 'count' | 'fromFirstGreeting'>): RunningProcess {
  const orders: Orders = { targets: Object.values(web.addresses), port: 80, sources, perSecond, ...options };
  const program = join(import.meta.dirname, 'support/open-connections.ts');
  return client.start(scope, 'clients', [process.execPath, program, JSON.stringify(orders)]);
}

/** How the connections ended. */
async function tallyOf(load: RunningProcess): Promise<Tally> {
  expect(await load.waitForEnd(60_000)).toBe(0);
  return JSON.parse(load.stdout().trim()) as Tally;
}

/** The pod of a node is replaced in order: it serves until nobody is sent to it any more. */
async function replacePod(node: NodeName): Promise<void> {
  await site.deletePod(web, node);
  await eventually(
    `routers have ${node} for graceful shutdown`,
    () => site.routers.communities(web.prefixes.ipv4, node),
    ({ frr }) => /graceful-shutdown/.test(frr),
  );
  await site.finishPod(web, node);
  await site.untilRouted(
    web,
    nodeNames.filter((other) => other !== node),
  );
  await site.runPods(web, [node]);
  // From its second withdrawal on a place waits before it comes back: 10 s, then twice as long each time.
  await site.untilRouted(web, nodeNames, { withinMs: 200_000 });
}

/** A node leaves in order, comes back without its kube-proxy's rules, and joins. */
async function replaceNode(node: NodeName): Promise<void> {
  await site.speakers.get(node)?.stop();
  await site.untilRouted(
    web,
    nodeNames.filter((other) => other !== node),
  );
  await proxies.get(node)?.stop();
  await site.namespace(node).run(['nft', 'flush', 'ruleset']);
  site.speakers.set(node, await site.startSpeaker(node));
  await startProxy(node);
  await site.untilRouted(web, nodeNames);
}

describe('new connections of clients behind a router', () => {
  it('are all answered from the first announcement on, when everything starts at once', async () => {
    const load = openConnections({ count: 2_000, fromFirstGreeting: true });
    await Promise.all([...nodeNames.map(startProxy), site.runPods(web)]);
    await site.untilRouted(web, nodeNames);
    const tally = await tallyOf(load);
    expect(tally, JSON.stringify(tally)).toMatchObject({ opened: 2_000, refused: 0, timedOut: 0 });
    expect(Object.keys(tally.greeted).sort()).toEqual([...nodeNames]);
  });

  it('are never refused while pods and nodes come and go in order', { timeout: 600_000 }, async () => {
    const changes = nodeNames.flatMap((node) => [() => replacePod(node), () => replaceNode(node)]);
    const load = openConnections({ count });
    let made = 0;
    for (; load.ended() === undefined; made++) await changes[made % changes.length]?.();
    const tally = await tallyOf(load);
    console.log(JSON.stringify({ name: 'connections', made, ...tally }));
    expect(made).toBeGreaterThan(1);
    expect(tally).toMatchObject({ opened: count, refused: 0, timedOut: 0 });
  });
});
