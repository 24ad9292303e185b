import { type Entry, type EntryHash, entryKey, type RouteEntry } from '#state/entry.ts';
import { allFeatures } from '#state/features.ts';
import type { Hello } from '#state/messages.ts';
import type { RouteTruth } from '#state/truth.ts';
import { compile } from '../compile.ts';
import { compileNode } from '../compile-node.ts';
import type { GovernContext, Governed, GovernedNode } from '../decided.ts';
import { govern } from '../govern/govern.ts';
import { governNode } from '../govern/govern-node.ts';
import { intend } from '../intend.ts';
import type { Intent } from '../intent.ts';
import type { Order } from '../ledger.ts';
import { LedgerStore } from '../ledger-store.ts';
import type { Proposal } from '../proposal.ts';
import { removalContext } from '../removal-context.ts';
import type { RemovalGuardSettings } from '../view.ts';
import { aNode, anAdvertisement, aPeer, aPool, aService, noRemovalGuard } from './builders.ts';
import { Cluster } from './cluster.ts';

/** The hash of an entry, for tests: its content. */
export const hashOf = (entry: Entry): string => JSON.stringify(entry);

/** What was decided about a Service, where only the orders matter. */
export const governedOf = (service: string, ...orders: readonly Order[]): Governed => ({
  service,
  epoch: 7,
  removals: { grace: [], held: [], removed: [], kept: [] },
  decisions: [],
  orders,
});

/** A cluster, a leader, and speakers that do at once what they are told. */
export class World {
  readonly cluster: Cluster;
  ledger = new LedgerStore();
  nowMs = 0;
  removalGuard: RemovalGuardSettings = noRemovalGuard;
  /** What each speaker runs, by node and entry key. */
  readonly speakers = new Map<string, Map<string, Entry>>();
  /** When what a speaker's routers have of a route changed, by node and prefix. */
  readonly #changedMs = new Map<string, number>();
  /** What speakers that say Hello from now on can run. */
  features: readonly string[] = allFeatures;

  constructor(cluster: Cluster, nodes: readonly string[] = ['n1', 'n2']) {
    this.cluster = cluster;
    for (const node of nodes) this.hello(node);
  }

  /** A speaker that has what it was told says Hello. */
  hello(node: string): string[] {
    const entries = this.speakers.get(node) ?? new Map<string, Entry>();
    this.speakers.set(node, entries);
    return this.ledger.applyHello({ ...helloOf(node, [...entries.values()], this.#truths(node)), features: this.features }, this.nowMs);
  }

  /** Another leader takes over, and all speakers say Hello to it. */
  changeLeader(): void {
    this.ledger = new LedgerStore();
    for (const node of this.speakers.keys()) this.hello(node);
  }

  #context(): GovernContext {
    const { nowMs, removalGuard } = this;
    return { nowMs, epoch: 7, hashOf, ...removalContext(this.cluster, this.ledger), removalGuard };
  }

  /** Decides a Service, and lets the speakers follow. */
  decide(service = 'dns/edge'): { intent: Intent; proposal: Proposal; governed: Governed } {
    const intent = intend(this.cluster, this.ledger, service, this.nowMs);
    const proposal = compile(this.cluster, this.ledger, intent);
    const governed = govern(proposal, this.ledger, this.#context());
    this.ledger.apply(governed, this.nowMs);
    this.#follow(governed.orders);
    return { intent, proposal, governed };
  }

  /** Writes the status of a Service as it shall be. */
  writeStatus(service: string): void {
    const object = this.cluster.service(service);
    const { desiredIngress } = intend(this.cluster, this.ledger, service, this.nowMs);
    if (object !== undefined && desiredIngress !== undefined) this.cluster.put({ ...object, ingress: desiredIngress });
  }

  /** Decides the sessions of a node, and lets its speaker follow. */
  decideNode(node = 'n1'): GovernedNode {
    const governed = governNode(compileNode(this.cluster, this.ledger, node), this.ledger, this.#context());
    this.ledger.applyNode(governed, this.nowMs);
    this.#follow(governed.orders);
    return governed;
  }

  /** Decides all Services. */
  decideAll(): void {
    for (const service of this.cluster.services().sort()) this.decide(service);
  }

  /** The route that a node's speaker runs. */
  route(node = 'n1', prefix = '192.0.2.53/32'): RouteEntry | undefined {
    return this.speakers.get(node)?.get(`route/${prefix}`) as RouteEntry | undefined;
  }

  /** Everything that speakers announce, as one comparable list. */
  announced(): string[] {
    const places = [...this.speakers].flatMap(([node, entries]) =>
      [...entries.values()].map((entry) => `${node} ${JSON.stringify(entry)}`),
    );
    return places.filter((text) => text.includes('"kind":"route"')).sort();
  }

  #follow(orders: Governed['orders']): void {
    const nodes = new Set<string>();
    for (const order of orders) {
      const entries = this.speakers.get(order.node);
      const key = order.kind === 'set' ? entryKey(order.entry) : order.key;
      if (entries === undefined) continue;
      if (!key.startsWith('route/') || entries.has(key) !== (order.kind === 'set')) this.#changedMs.set(`${order.node} ${key}`, this.nowMs);
      if (order.kind === 'set') entries.set(key, order.entry);
      else entries.delete(key);
      nodes.add(order.node);
      const prefix = key.slice('route/'.length);
      const truth = this.#truths(order.node).find((item) => item.prefix === prefix) ?? { prefix, peers: [], ageMs: 0 };
      if (key.startsWith('route/')) this.ledger.applyReport(order.node, { routes: [truth] }, this.nowMs);
    }
    for (const node of nodes) this.ledger.applySettled(node);
  }

  #truths(node: string): RouteTruth[] {
    const routes = [...(this.speakers.get(node)?.values() ?? [])].filter((entry) => entry.kind === 'route');
    return routes.map((entry) => truthOf(entry, this.nowMs - (this.#changedMs.get(`${node} ${entryKey(entry)}`) ?? 0)));
  }
}

/** What a speaker says of an entry that all of its peers have. */
export function truthOf(entry: RouteEntry, ageMs = 0): RouteTruth {
  const peers = entry.exports.flatMap((item) => item.peers).sort();
  return { prefix: entry.prefix, peers: peers.map((peer) => ({ peer, announced: true, reason: 'Announced' })), ageMs };
}

/** The Hello of a speaker. */
export function helloOf(node: string, entries: readonly Entry[], routes: readonly RouteTruth[]): Hello {
  const hashes = entries.map((entry): EntryHash => ({ key: entryKey(entry), hash: hashOf(entry) }));
  return {
    kind: 'hello',
    protocol: 1,
    features: [],
    node,
    instance: `${node}-1`,
    bootId: 'boot-1',
    software: 'test',
    epoch: 1,
    version: 1,
    digest: '0000000000000000',
    entries: hashes,
    routes,
    sessions: [],
    permits: [],
  };
}

/** A pool, an advertisement of everything, a router for all nodes, two nodes, and the Service `dns/edge`: no endpoints yet. */
export const aCluster = (): Cluster => new Cluster(aPool(), anAdvertisement(), aPeer(), aNode('n1'), aNode('n2'), aService());
