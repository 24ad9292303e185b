/**
 * test/envtest/support — a site to test the main job on: readiness decides what BGP announces.
 *
 *     etcd, kube-apiserver, kube-controller-manager     anycast operator      the machine's own namespace
 *     ══════════════╤══════════════╤══════════════╤═══════════╤═════════════╤══════════
 *        n1: speaker    n2: speaker    n3: speaker       frr (AS 64501)  bird (AS 64502)   a namespace each
 *
 * Everything is real but the kubelets and the pods: an API server of its own with the controllers that write EndpointSlices, our
 * own programs started as users start them, TLS and pod-bound tokens between them, and two routers that have one IPv4 and one
 * IPv6 session with each node. A test tells a story on it: {@link Site.createService}, {@link Site.runPods}, …, and asks the
 * routers what they have: {@link Site.untilRouted}.
 */
import { join } from 'node:path';
import { loadBalancerClass } from '#api/names.ts';
import { noRemovalGuard } from '#lab/virtual/objects.ts';
import { sameValue } from '#runtime/same-value.ts';
import { eventually } from '../../support/eventually.ts';
import { createNetwork, type Namespace, type Network } from '../../support/netns.ts';
import type { RunningProcess } from '../../support/processes.ts';
import type { Scope } from '../../support/scope.ts';
import { tempFolder } from '../../support/temp-folder.ts';
import type { KubeObject, Reference, TestClient } from '../client.ts';
import { type ControlPlane, type ControlPlaneOptions, startControlPlane } from '../control-plane.ts';
import { FakeKubelet, type FakePod } from '../fake-kubelet.ts';
import {
  audience,
  besides,
  type LogLine,
  logLines,
  type OperatorPlace,
  prepareOperator,
  startOperator,
  startSpeaker,
  system,
  untilReady,
} from './anycast-processes.ts';
import { asn, type RouterName, type Routers, routerNames, startRouters, type UpdateCounts } from './routers.ts';

const crds = join(import.meta.dirname, '../../../crds');
const ourApi = 'anycast-operator.io/v1alpha1';

/** Names of the nodes. */
export const nodeNames = ['n1', 'n2', 'n3'] as const;
export type NodeName = (typeof nodeNames)[number];

/** The namespace of the Services under test. */
export const home = 'edge';

/** One of both families. */
export type PerFamily<T> = { readonly ipv4: T; readonly ipv6: T };

/** A Service under test: its name, and the addresses that it asks for. */
export type SiteService = {
  readonly name: string;
  readonly reference: Reference;
  readonly addresses: PerFamily<string>;
  /** The routes that routers should have for them. */
  readonly prefixes: PerFamily<string>;
};

/** Differences between Services; what is left out is as {@link Site.createService} says. */
export type ServiceOptions = {
  /** Whether EndpointSlices come from pods (default) or from the test. */
  readonly withoutSelector?: boolean;
  /** Whether it asks for its addresses itself (default), or leaves that to an AnycastService. */
  readonly withoutAddresses?: boolean;
  /** The addresses of another Service, to compete for. Default: the next free ones. */
  readonly addresses?: PerFamily<string>;
};

/** The last byte of an address, for what no other test uses. */
let nextAddress = 1;

/** Two addresses of the site's pool that no Service has had. */
export function freeAddresses(): PerFamily<string> {
  const last = nextAddress++;
  return { ipv4: `192.0.2.${last}`, ipv6: `2001:db8:53::${last.toString(16)}` };
}

/** An object of ours that is not namespaced. */
export const ourObject = (kind: string, name: string, spec: object): KubeObject => ({
  apiVersion: ourApi,
  kind,
  metadata: { name },
  spec,
});

/** An AnycastService that refines a Service of the site. */
export const refinementOf = (service: SiteService, spec: object): KubeObject => ({
  apiVersion: ourApi,
  kind: 'AnycastService',
  metadata: { name: service.name, namespace: home },
  spec: { serviceRef: { name: service.name }, ...spec },
});

/** The AnycastPeer of a router in one family. */
export function peerOf(site: Pick<Site, 'routers'>, router: RouterName, family: 'ipv4' | 'ipv6'): KubeObject {
  const address = site.routers.namespaces[router][family];
  return ourObject('AnycastPeer', `${router}-${family}`, { address, localASN: asn.nodes, peerASN: asn[router], connectRetrySeconds: 1 });
}

/** Differences between sites. */
export type SiteOptions = ControlPlaneOptions & {
  /** Makes the kubeconfig of each replica, when all is there that it needs. Default: it is the administrator. */
  readonly operatorKubeconfig?: (plane: ControlPlane) => Promise<string>;
  /** Replicas of the operator. Default 1. */
  readonly replicas?: number;
  /** Makes the way from speakers to a replica, and returns what they dial, `address:port`. Default: straight there. */
  readonly wayTo?: (place: OperatorPlace) => Promise<string>;
  /** Variables of operators and speakers, beside our own environment. Default none. */
  readonly env?: Readonly<Record<string, string>>;
  /** Fields of AnycastConfig `default`. Unless they say otherwise everything may be withdrawn at once: {@link noRemovalGuard}. */
  readonly config?: object;
};

/** A running site. */
export class Site {
  readonly plane: ControlPlane;
  readonly client: TestClient;
  readonly network: Network;
  readonly routers: Routers;
  /** Where each replica of the operator listens: the same after a restart. */
  readonly places: readonly OperatorPlace[];
  readonly speakers = new Map<NodeName, RunningProcess>();
  readonly #scope: Scope;
  readonly #namespaces: ReadonlyMap<NodeName, Namespace>;
  readonly #kubelets = new Map<NodeName, FakeKubelet>();
  readonly #kubeconfigs: string[] = [];
  readonly #operators: RunningProcess[] = [];
  readonly #dialled: string[] = [];
  readonly #folders = new Map<NodeName, string>();
  readonly #env: Readonly<Record<string, string>>;

  private constructor(
    scope: Scope,
    plane: ControlPlane,
    network: Network,
    namespaces: ReadonlyMap<NodeName, Namespace>,
    routers: Routers,
    places: readonly OperatorPlace[],
    env: Readonly<Record<string, string>>,
  ) {
    this.#scope = scope;
    this.plane = plane;
    this.client = plane.client;
    this.network = network;
    this.#namespaces = namespaces;
    this.routers = routers;
    this.places = places;
    this.#env = env;
  }

  /** Starts everything; returns when each node has all of its sessions, or where none is to be, when that is said. It ends with the scope. */
  static async start(scope: Scope, options: SiteOptions = {}): Promise<Site> {
    const network = await createNetwork(scope);
    const namespaces = new Map<NodeName, Namespace>();
    for (const name of nodeNames) namespaces.set(name, await network.add(name));
    const [routers, plane] = await Promise.all([startRouters(scope, network, namespaces), startControlPlane(scope, options)]);
    const places = [await prepareOperator(scope, network)];
    for (const [first] = places; first !== undefined && places.length < (options.replicas ?? 1); ) places.push(await besides(first));
    const site = new Site(scope, plane, network, namespaces, routers, places, options.env ?? {});
    await site.#furnish(options.config);
    for (const [replica, place] of places.entries()) {
      site.#kubeconfigs.push((await options.operatorKubeconfig?.(plane)) ?? plane.access.kubeconfig);
      site.#dialled.push((await options.wayTo?.(place)) ?? place.grpc);
      await site.startOperator(replica);
    }
    for (const name of nodeNames) site.speakers.set(name, await site.startSpeaker(name));
    await site.untilConnected();
    await site.untilPeered();
    return site;
  }

  /** The operator that runs now; of several the first. */
  get operator(): RunningProcess {
    return this.replica(0);
  }

  /** Where the operator listens; of several the first. */
  get place(): OperatorPlace {
    return found(this.places[0], 'place for an operator');
  }

  /** A replica of the operator, as it runs now or ended last. */
  replica(index: number): RunningProcess {
    return found(this.#operators[index], `operator ${index} yet`);
  }

  /** The replica that leads now, by the logs of all; undefined while none does. */
  leader(): number | undefined {
    const leads = ({ event }: LogLine) => event === 'term-began' || event === 'term-ended';
    const index = this.#operators.findIndex((each) => each.ended() === undefined && logLines(each).findLast(leads)?.event === 'term-began');
    return index < 0 ? undefined : index;
  }

  /** Starts the operator, or another replica of it, anew after `operator.stop()`; returns when it is ready. */
  async startOperator(replica = 0): Promise<void> {
    const place = found(this.places[replica], `place for operator ${replica}`);
    const kubeconfig = found(this.#kubeconfigs[replica], `kubeconfig for operator ${replica}`);
    const operator = startOperator(this.#scope, place, kubeconfig, this.#env);
    this.#operators[replica] = operator;
    await untilReady(operator, place);
  }

  /** Starts the speaker of a node, with the token of its pod there. `folder`: where it keeps its state; default: a new one. */
  async startSpeaker(node: NodeName, folder?: string): Promise<RunningProcess> {
    const pod = { name: `speaker-${node}`, namespace: system.namespace };
    if ((await this.client.find({ apiVersion: 'v1', kind: 'Pod', metadata: pod })) === undefined) await this.#runSystemPod(node, pod.name);
    const token = await this.client.podToken(pod, system.account, audience);
    const folderToUse = folder ?? tempFolder(this.#scope, `speaker-${node}`);
    this.#folders.set(node, folderToUse);
    const options = { node, token, operators: this.#dialled, env: this.#env, folder: folderToUse };
    return startSpeaker(this.#scope, this.namespace(node), this.place, options);
  }

  /** Waits until the operator leads, and has heard the speakers of all nodes in this term. */
  async untilConnected(): Promise<void> {
    await eventually(
      'the operator leads and has heard all speakers',
      () => {
        for (const process of this.speakers.values()) process.mustRun();
        const leader = this.leader();
        const lines = leader === undefined ? [] : logLines(this.replica(leader));
        const term = lines.findLastIndex(({ event }) => event === 'leading');
        const heard = lines.slice(Math.max(term, 0)).filter(({ event }) => event === 'speaker-connected');
        return { leads: term >= 0, heard: [...new Set(heard.map(({ node }) => node))].sort(), last: lines.slice(-5) };
      },
      ({ leads, heard }) => leads && heard.length === nodeNames.length,
      { withinMs: 40_000 },
    );
  }

  /** Waits until each router has a session with each node in both families, as their AnycastPeers say. */
  async untilPeered(): Promise<void> {
    for (const router of routerNames) {
      for (const family of ['ipv4', 'ipv6'] as const) await this.untilCondition(peerOf(this, router, family), 'Ready', { status: 'True' });
    }
  }

  /** Where the speaker of a node keeps its state: for its restart. */
  speakerFolder(node: NodeName): string {
    return found(this.#folders.get(node), `folder of ${node}`);
  }

  namespace(node: NodeName): Namespace {
    return found(this.#namespaces.get(node), node);
  }

  kubelet(node: NodeName): FakeKubelet {
    return found(this.#kubelets.get(node), node);
  }

  /** Creates a dual-stack LoadBalancer Service of our class with externalTrafficPolicy Local. */
  async createService(name: string, options: ServiceOptions = {}): Promise<SiteService> {
    const addresses = options.addresses ?? freeAddresses();
    const reference: Reference = { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: home } };
    const asked = { 'anycast-operator.io/addresses': `${addresses.ipv4},${addresses.ipv6}` };
    await this.client.create({
      ...reference,
      metadata: { ...reference.metadata, ...(options.withoutAddresses ? {} : { annotations: asked }) },
      spec: {
        type: 'LoadBalancer',
        loadBalancerClass,
        ipFamilyPolicy: 'RequireDualStack',
        ipFamilies: ['IPv4', 'IPv6'],
        externalTrafficPolicy: 'Local',
        allocateLoadBalancerNodePorts: false,
        ...(options.withoutSelector ? {} : { selector: { app: name } }),
        ports: [{ name: 'web', port: 80, targetPort: 8080 }],
      },
    });
    return { name, reference, addresses, prefixes: { ipv4: `${addresses.ipv4}/32`, ipv6: `${addresses.ipv6}/128` } };
  }

  /** Runs a ready pod of the Service on each of the nodes. */
  async runPods(service: SiteService, nodes: readonly NodeName[] = nodeNames): Promise<void> {
    for (const node of nodes) await this.kubelet(node).run(podOf(service, node));
  }

  /** What the readiness probe of the Service's pod on a node says from now on. */
  setReady(service: SiteService, node: NodeName, ready: boolean): Promise<void> {
    return this.kubelet(node).setReady(podOf(service, node), ready);
  }

  /** Asks a pod to end: it serves on until {@link finishPod}. */
  async deletePod(service: SiteService, node: NodeName): Promise<void> {
    const { name, namespace } = podOf(service, node);
    await this.client.delete({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace } });
  }

  /** Puts a program behind the Service's pod on a node, which answers every connection with the node's name. */
  async serve(service: SiteService, node: NodeName): Promise<void> {
    const [ipv4, ipv6] = podOf(service, node).podIps;
    const namespace = this.namespace(node);
    await namespace.ip([`address add ${ipv4}/32 dev lo`, `address add ${ipv6}/128 dev lo nodad`]);
    // A client that is cut off resets its connection: that ends the connection, not the pod.
    const answer = `(c) => c.on('error', () => c.destroy()).end('${node}')`;
    const server = `require('net').createServer(${answer}).listen(8080, '::', () => console.log('serving'))`;
    await namespace.start(this.#scope, `pod of ${service.name} on ${node}`, [process.execPath, '-e', server]).waitForOutput(/serving/);
  }

  finishPod(service: SiteService, node: NodeName): Promise<void> {
    return this.kubelet(node).finish(podOf(service, node));
  }

  /** Waits until both routers have the Service's routes from exactly these nodes, in both families or in each as said. */
  async untilRouted(
    service: Pick<SiteService, 'name' | 'prefixes'>,
    nodes: readonly string[] | PerFamily<readonly string[]>,
    { withinMs = 20_000 }: { readonly withinMs?: number } = {},
  ): Promise<void> {
    const wanted = 'ipv4' in nodes ? nodes : { ipv4: nodes, ipv6: nodes };
    const { ipv4, ipv6 } = service.prefixes;
    const none = Object.fromEntries(routerNames.map((router) => [router, []]));
    const both = (from: readonly string[]) => Object.fromEntries(routerNames.map((router) => [router, [...from].sort()]));
    const expected = JSON.stringify([both(wanted.ipv4), both(wanted.ipv6)]);
    await eventually(
      `both routers have ${service.name} from ${JSON.stringify(wanted)}`,
      async () => {
        const routes = await this.routers.routes();
        return [routes[ipv4] ?? none, routes[ipv6] ?? none];
      },
      (seen) => JSON.stringify(seen) === expected,
      { withinMs, everyMs: 100 },
    );
  }

  /** UPDATEs from nodes since an earlier count. */
  updatesSince(before: UpdateCounts): UpdateCounts {
    const now = this.routers.updates();
    return { frr: now.frr - before.frr, bird: now.bird - before.bird };
  }

  /** Waits until routers have counted what they are said to have been sent since then; fails when it is more. */
  async untilUpdates(before: UpdateCounts, each: number): Promise<void> {
    await eventually(
      `each router was sent ${each} UPDATEs`,
      () => this.updatesSince(before),
      ({ frr, bird }) => frr === each && bird === each,
      { withinMs: 5_000 },
    );
  }

  /** Waits until a condition of an object is as said. */
  async untilCondition(reference: Reference, type: string, wanted: Partial<Condition> & Pick<Condition, 'status'>): Promise<Condition> {
    const { kind, metadata } = reference;
    const condition = await eventually(
      `${type} of ${kind} ${metadata.name} is ${JSON.stringify(wanted)}`,
      async () => (await this.client.get<WithConditions>(reference)).status?.conditions?.find((each) => each.type === type),
      (seen) => seen !== undefined && sameValue({ ...seen, ...wanted }, seen),
      { withinMs: 20_000, everyMs: 100 },
    );
    return found(condition, type);
  }

  /** Waits until an object is gone: what holds it has let go. */
  async untilGone(reference: Reference, withinMs?: number): Promise<void> {
    await eventually(
      `${reference.kind} ${reference.metadata.name} is gone`,
      () => this.client.find(reference),
      (object) => object === undefined,
      { ...(withinMs !== undefined && { withinMs }) },
    );
  }

  /** Nodes, definitions, who may use which addresses, and who is told. */
  async #furnish(config: object = {}): Promise<void> {
    for (const name of nodeNames) {
      // Long since Ready, or the operator would not yet believe what is said about their endpoints.
      const node = { name, addresses: this.namespace(name), readyForMs: 3_600_000 };
      this.#kubelets.set(name, await FakeKubelet.start(this.#scope, this.client, node));
    }
    await this.client.applyFiles(crds);
    for (const name of [home, system.namespace]) await this.client.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
    const account = { name: system.account, namespace: system.namespace };
    await this.client.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: account });
    await this.client.create(ourObject('AnycastConfig', 'default', { removalGuard: noRemovalGuard, ...config }));
    await this.client.create(ourObject('AnycastPool', 'edge', { addresses: ['192.0.2.0/24', '2001:db8:53::/64'] }));
    await this.client.create(ourObject('AnycastAdvertisement', 'edge', {}));
    for (const router of routerNames) {
      for (const family of ['ipv4', 'ipv6'] as const) await this.client.create(peerOf(this, router, family));
    }
  }

  async #runSystemPod(node: NodeName, name: string): Promise<void> {
    const { ipv4, ipv6 } = this.namespace(node);
    const pod = { name, namespace: system.namespace, labels: { app: 'anycast-speaker' }, podIps: [ipv4, ipv6] };
    await this.kubelet(node).run({ ...pod, serviceAccountName: system.account });
  }
}

/** A condition as `kubectl` shows it. */
export type Condition = { readonly type: string; readonly status: string; readonly reason: string; readonly message: string };
type WithConditions = Reference & { readonly status?: { readonly conditions?: readonly Condition[] } };

/** The pod of a Service on a node. Its addresses are its own and lead nowhere: what counts here is what is said of it. */
function podOf(service: SiteService, node: NodeName): FakePod {
  const host = service.addresses.ipv4.split('.')[3];
  const at = nodeNames.indexOf(node) + 1;
  const podIps = [`10.1.${at}.${host}`, `fd00:10:${at}::${host}`];
  return { name: `${service.name}-${node}`, namespace: home, labels: { app: service.name }, podIps };
}

function found<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`the site has no ${name}`);
  return value;
}
