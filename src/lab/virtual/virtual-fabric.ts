import { Peer } from '#bgp/peer/peer.ts';
import { SharedExports } from '#bgp/peer/shared-exports.ts';
import { Turns } from '#bgp/peer/turns.ts';
import { PrefixTable } from '#bgp/rib/prefix-table.ts';
import { Collector } from '#collector/collector.ts';
import type { CollectorEvent } from '#collector/views.ts';
import type { Successor } from '#decide/leave.ts';
import type { Acceptor, Listener } from '#linux/byte-stream.ts';
import { MemoryNetwork } from '#linux/memory-network.ts';
import { type LogFields, type Logger, silentLogger } from '#obs/logger.ts';
import { Metrics } from '#obs/metrics.ts';
import { Operator } from '#operator/operator.ts';
import { type MemoryLink, MemoryOperator } from '#rpc/memory-link.ts';
import { assert } from '#runtime/assert.ts';
import { seededRandom } from '#runtime/random.ts';
import { unwrap } from '#runtime/result.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import { MemoryDisk } from '#speaker/keep/disk.ts';
import { Speaker } from '#speaker/speaker.ts';
import { allFeatures, type Feature } from '#state/features.ts';
import { DecreedLeadership } from './decreed-leadership.ts';
import * as objects from './objects.ts';
import { VirtualClient } from './virtual-client.ts';
import { type ClusterSources, VirtualCluster } from './virtual-cluster.ts';

/** Where connections come from on a network in memory, whichever node opens them. */
const nodesConnectFrom = '192.0.2.1';

/** How long a speaker waits before it dials again, in milliseconds. */
const redialMs = 100;

/** What there is at the start. */
export type FabricOptions = {
  /** Names of nodes; each gets a Node object, InternalIP 10.0.0.1 and up, and a speaker. */
  readonly nodes: readonly string[];
  /** Names of routers; each gets a collector at 198.51.100.1 and up, and an AnycastPeer for all nodes. */
  readonly routers: readonly string[];
  /** spec.removalGuard of the AnycastConfig. Default: everything goes at once. */
  readonly removalGuard?: Readonly<Record<string, unknown>>;
  /** Fields of the AnycastPeers. */
  readonly peerSpec?: Readonly<Record<string, unknown>>;
  /** Further fields of the AnycastConfig. */
  readonly configSpec?: Readonly<Record<string, unknown>>;
};

/** One operator with all that it runs on. */
export type VirtualOperator = {
  readonly operator: Operator;
  readonly leadership: DecreedLeadership;
  readonly client: VirtualClient;
  readonly watches: ClusterSources;
  readonly links: MemoryOperator;
  /** Its log. */
  readonly lines: LogFields[];
};

/** One node's speaker, and its stream. */
type VirtualSpeaker = { readonly speaker: Speaker; stream: MemoryLink | undefined; dials: boolean };

/** Nodes, routers, a cluster and the operator that leads. */
export class VirtualFabric {
  readonly clock = new VirtualClock();
  readonly network = new MemoryNetwork(this.clock);
  readonly cluster = new VirtualCluster(this.clock);
  readonly #random = seededRandom(1);
  readonly #terms = { highest: 0 };
  readonly #routers = new Map<string, Collector>();
  readonly #listeners = new Map<string, Listener>();
  readonly #speakers = new Map<string, VirtualSpeaker>();
  /** What routers heard, as `router +prefix from node` and `router -prefix from node`, in order. */
  readonly heard: string[] = [];
  /** Whether a speaker that leaves is followed by another. */
  successor: Successor = 'none';
  #operator: VirtualOperator | undefined;

  /** A fabric with sessions up, unless the configuration says otherwise: a namespace, a pool 192.0.2.0/24, an advertisement of everything, and what `options` names. */
  static async start(options: FabricOptions): Promise<VirtualFabric> {
    const fabric = new VirtualFabric();
    const removalGuard = options.removalGuard ?? objects.noRemovalGuard;
    fabric.cluster.apply('AnycastConfig', objects.config([], { removalGuard, ...options.configSpec }));
    fabric.cluster.apply('Namespace', objects.namespace('dns'));
    fabric.cluster.apply('AnycastPool', objects.pool('edge', ['192.0.2.0/24', '2001:db8:53::/64']));
    fabric.cluster.apply('AnycastAdvertisement', objects.advertisement('all'));
    for (const [index, name] of options.routers.entries()) await fabric.#addRouter(name, index + 1, options.peerSpec);
    fabric.startOperator();
    for (const [index, name] of options.nodes.entries()) {
      fabric.cluster.apply('Node', objects.node(name, index + 1));
      await fabric.addSpeaker(name);
    }
    await fabric.run(10_000);
    return fabric;
  }

  /** Lets time pass. */
  run(ms: number): Promise<void> {
    return this.clock.advanceAsync(ms);
  }

  /** The operator that leads. */
  get leader(): VirtualOperator {
    assert(this.#operator !== undefined, 'an operator runs');
    return this.#operator;
  }

  /** Starts an operator with a new term; speakers dial it from now on. */
  startOperator(): VirtualOperator {
    const { clock, cluster } = this;
    const lines: LogFields[] = [];
    const write = (fields: LogFields): void => void lines.push(fields);
    const logger: Logger = { ...silentLogger, info: write, warn: write, error: write };
    const client = new VirtualClient(cluster);
    const watches = cluster.watch();
    const leadership = new DecreedLeadership(this.#terms);
    const operator = new Operator({
      ...watches,
      client,
      leadership,
      clock,
      logger,
      metrics: new Metrics(),
      lookForSuccessor: () => Promise.resolve(this.successor),
    });
    const links = new MemoryOperator({ name: 'operator', clock, onSpeaker: operator.onSpeaker });
    operator.start();
    this.#operator = { operator, leadership, client, watches, links, lines };
    return this.#operator;
  }

  /** The operator is gone: it says and writes nothing more, its streams end, and nobody follows. */
  async stopOperator(): Promise<void> {
    const { operator, links } = this.leader;
    this.#operator = undefined;
    await operator.stop();
    links.close('the operator stops');
  }

  /** Starts the speaker of a node, which dials whatever operator there is. `features`: what it can run beyond protocol 1. */
  async addSpeaker(node: string, disk = new MemoryDisk(), features: readonly Feature[] = allFeatures): Promise<Speaker> {
    const { clock, network } = this;
    const surroundings = {
      clock,
      turns: new Turns(clock),
      exports: new SharedExports(),
      connector: network,
      random: this.#random,
      logger: silentLogger,
      prefixes: new PrefixTable(),
      interfaceAddresses: () => [],
    };
    const speaker = new Speaker({
      node,
      instance: `${node}-${clock.nowMs()}`,
      bootId: 'boot-1',
      software: 'virtual',
      features,
      clock,
      prefixes: surroundings.prefixes,
      makePeer: (settings, events, restart) => new Peer(settings, { ...surroundings, restart }, events),
      askPort: () => Promise.resolve({ kind: 'failure', detail: 'no port here' }),
      disk,
      logger: silentLogger,
      metrics: new Metrics(),
    });
    unwrap(await speaker.start());
    this.#speakers.set(node, { speaker, stream: undefined, dials: true });
    this.#dial(node);
    return speaker;
  }

  /** The speaker of a node leaves in order. */
  async removeSpeaker(node: string): Promise<void> {
    const known = this.#speaker(node);
    const left = known.speaker.leave();
    await this.run(5_000);
    await left;
    known.dials = false;
    known.stream?.cut('the speaker left');
    this.#speakers.delete(node);
  }

  /** Cuts the stream of a node; it dials again unless `dials` is false, until {@link reconnect}. */
  cutStream(node: string, dials = true): void {
    const known = this.#speaker(node);
    known.dials = dials;
    known.stream?.cut('cut');
  }

  /** A speaker that was cut off dials again. */
  reconnect(node: string): void {
    this.#speaker(node).dials = true;
    this.#dial(node);
  }

  /** What a router has, as `prefix from node`, in order. */
  routes(router: string): string[] {
    return this.#router(router)
      .routes()
      .map(({ prefix, peer }) => `${prefix} from ${nodeOf(peer)}`)
      .sort();
  }

  /** States of the sessions that a router has, and of the last ones that ended: none where nobody ever connected. */
  sessions(router: string): string[] {
    return this.#router(router)
      .sessions()
      .map(({ state }) => state);
  }

  /** A router takes connections that are signed with this password (TCP MD5) from now on, and no others; undefined: unsigned ones. */
  setRouterPassword(router: string, password: string | undefined): void {
    const key = password === undefined ? undefined : ({ kind: 'MD5', secret: password } as const);
    this.#listeners.get(router)?.setKey(nodesConnectFrom, key);
  }

  /** UPDATE messages that all routers received so far, End-of-RIB included. */
  get updates(): number {
    const sessions = [...this.#routers.values()].flatMap((router) => router.sessions());
    return sessions.reduce((sum, session) => sum + session.messagesReceived.update, 0);
  }

  async #addRouter(name: string, number: number, peerSpec: FabricOptions['peerSpec']): Promise<void> {
    const { clock, network } = this;
    const address = `198.51.100.${number}`;
    const listen: Acceptor['listen'] = async (...at) => {
      const listener = await network.listen(...at);
      if (listener.ok) this.#listeners.set(name, listener.value);
      return listener;
    };
    const stamp = () => ({ monotonicUs: clock.nowMs() * 1_000, unixUs: clock.wallMs() * 1_000 });
    const router = unwrap(
      await Collector.start({
        listen: { address, port: 179 },
        asn: 64_500,
        routerId: address,
        acceptor: { listen },
        clock,
        random: this.#random,
        stamp,
      }),
    );
    router.subscribe((event) => this.#hear(name, event));
    this.#routers.set(name, router);
    this.cluster.apply('AnycastPeer', objects.peer(name, address, peerSpec));
  }

  #hear(router: string, event: CollectorEvent): void {
    if (event.kind === 'announce') this.heard.push(`${router} +${event.prefix} from ${nodeOf(event.peer)}`);
    if (event.kind === 'withdraw') this.heard.push(`${router} -${event.prefix} from ${nodeOf(event.peer)}`);
  }

  #dial(node: string): void {
    const known = this.#speakers.get(node);
    if (known === undefined || !known.dials || known.stream !== undefined) return;
    const redial = (): void => void this.clock.after(redialMs, () => this.#dial(node));
    if (this.#operator === undefined) {
      redial();
      return;
    }
    known.stream = this.#operator.links.connect({
      node,
      onOperator: (link) => {
        known.speaker.attach({
          ...link,
          operator: link.operator,
          get congested() {
            return link.congested;
          },
          send: (message) => link.send(message),
          onMessage: (handler) => link.onMessage(handler),
          close: (reason) => link.close(reason),
          onClose: (handler) =>
            link.onClose((reason) => {
              known.stream = undefined;
              handler(reason);
              redial();
            }),
        });
      },
    });
  }

  #speaker(node: string): VirtualSpeaker {
    const speaker = this.#speakers.get(node);
    assert(speaker !== undefined, `node ${node} has a speaker`);
    return speaker;
  }

  #router(name: string): Collector {
    const router = this.#routers.get(name);
    assert(router !== undefined, `there is a router ${name}`);
    return router;
  }
}

/** A session's peer `10.0.0.3/AS64512` is the third node. */
const nodeOf = (peer: string): string => `n${peer.slice(0, peer.indexOf('/')).split('.').at(-1)}`;
