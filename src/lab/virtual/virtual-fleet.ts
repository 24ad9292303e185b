import { silentLogger } from '#obs/logger.ts';
import { Metrics } from '#obs/metrics.ts';
import { Operator } from '#operator/operator.ts';
import { type MemoryLink, MemoryOperator } from '#rpc/memory-link.ts';
import { assert } from '#runtime/assert.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import type { Delta, Full } from '#state/messages.ts';
import { DecreedLeadership } from './decreed-leadership.ts';
import { FleetSpeaker } from './fleet-speaker.ts';
import * as objects from './objects.ts';
import { VirtualClient } from './virtual-client.ts';
import { VirtualCluster } from './virtual-cluster.ts';

/** How long nodes stay doubtful, holds last and statuses wait, at most, in milliseconds: after this nothing is on its way. */
const settleMs = 1_300_000;

const poolAddresses = ['198.18.0.0/15'];

/** What a fleet is made of. */
export type FleetOptions = { readonly nodes: number; readonly services: number };

/**
 * Many nodes and Services under one real operator on virtual time. Speakers take state as real ones do; BGP is left out: what a
 * speaker is told, its routers have.
 */
export class VirtualFleet {
  readonly clock = new VirtualClock({ maxTasksPerAdvance: 1e9 });
  readonly cluster = new VirtualCluster(this.clock);
  readonly client = new VirtualClient(this.cluster);
  /** Number of nodes. */
  readonly nodes: number;
  /** Nodes that are ready for each Service, by its number. */
  readonly readyOn: Set<number>[] = [];
  /** Nodes that ever had an endpoint of each Service. */
  readonly #places: Set<number>[] = [];
  #med = 0;
  readonly #speakers: FleetSpeaker[] = [];
  readonly #streams: MemoryLink[] = [];
  readonly #operator: Operator;
  readonly #links: MemoryOperator;
  readonly #heard: (message: Full | Delta, node: string) => void;

  private constructor(nodes: number, heard: (message: Full | Delta, node: string) => void) {
    this.nodes = nodes;
    this.#heard = heard;
    const { clock, cluster, client } = this;
    const leadership = new DecreedLeadership({ highest: 0 });
    this.#operator = new Operator({
      ...cluster.watch(),
      client,
      leadership,
      lookForSuccessor: () => Promise.resolve('none'),
      clock,
      logger: silentLogger,
      metrics: new Metrics(),
    });
    this.#links = new MemoryOperator({ name: 'operator', clock, onSpeaker: this.#operator.onSpeaker });
  }

  /** Services 0 … are ready on the nodes that `placesOf` names. `heard` is told of each state message that reaches a speaker. */
  static async start(
    { nodes, services }: FleetOptions,
    placesOf: (service: number) => Iterable<number>,
    heard: (message: Full | Delta, node: string) => void = () => undefined,
  ): Promise<VirtualFleet> {
    const fleet = new VirtualFleet(nodes, heard);
    const { cluster } = fleet;
    cluster.apply('AnycastConfig', objects.config([], { removalGuard: objects.noRemovalGuard }));
    cluster.apply('Namespace', objects.namespace('lab'));
    cluster.apply('AnycastPool', objects.pool('lab', poolAddresses));
    fleet.putAdvertisement(0);
    cluster.apply('AnycastPeer', objects.peer('tor', '198.51.100.1'));
    for (let node = 0; node < nodes; node++) {
      cluster.apply('Node', objects.node(nodeName(node), node + 1));
      fleet.#speakers.push(new FleetSpeaker(nodeName(node), fleet.clock, fleet.#heard));
    }
    for (let service = 0; service < services; service++) {
      fleet.readyOn.push(new Set(placesOf(service)));
      fleet.putService(service);
      fleet.putSlice(service);
    }
    fleet.#operator.start();
    for (let node = 0; node < nodes; node++) fleet.connect(node);
    await fleet.run(30_000);
    return fleet;
  }

  /** Lets time pass. */
  run(ms: number): Promise<void> {
    return this.clock.advanceAsync(ms);
  }

  /** Lets so much time pass that nothing is held down, in doubt or on its way. */
  async settle(): Promise<void> {
    await this.run(settleMs);
  }

  /** A Service with its own address, or with that of another number. */
  putService(service: number, addressNumber = service): void {
    this.cluster.apply('Service', objects.service(serviceKey(service), [addressOf(addressNumber)]));
  }

  deleteService(service: number): void {
    this.cluster.delete('Service', serviceKey(service));
  }

  /** Nodes that have an endpoint of a Service, ready or not, or had one. */
  placesOf(service: number): number[] {
    return [...(this.#places[service] ?? [])];
  }

  /** Writes the EndpointSlice of a Service as {@link readyOn} says. */
  putSlice(service: number): void {
    const ready = this.readyOn[service] ?? new Set();
    const places = this.#places[service] ?? new Set();
    this.#places[service] = places;
    for (const node of ready) places.add(node);
    const endpoints = [...places].map((node): [string, boolean] => [nodeName(node), ready.has(node)]);
    this.cluster.apply('EndpointSlice', objects.slice(serviceKey(service), Object.fromEntries(endpoints)));
  }

  putNode(node: number, ready: 'True' | 'False' | 'Unknown'): void {
    this.cluster.apply('Node', objects.node(nodeName(node), node + 1, ready));
  }

  /** The one advertisement, with another attribute: all Services are decided again, and all routers hear of it. */
  putAdvertisement(med: number): void {
    this.#med = med;
    this.cluster.apply('AnycastAdvertisement', objects.advertisement('all', { attributes: { med } }));
  }

  /** MULTI_EXIT_DISC of the one advertisement. */
  get med(): number {
    return this.#med;
  }

  /** A label of the one pool that no selector asks for: all Services are decided again, and nothing comes of it. */
  relabelPool(label: string): void {
    const pool = objects.pool('lab', poolAddresses);
    this.cluster.apply('AnycastPool', { ...pool, metadata: { ...pool.metadata, labels: { label } } });
  }

  /** A new stream of a speaker; the one of before breaks. */
  connect(node: number): void {
    this.#streams[node]?.cut('cut');
    const speaker = this.#speakers[node];
    assert(speaker !== undefined, `there is a node ${node}`);
    this.#streams[node] = this.#links.connect({ node: speaker.node, onOperator: speaker.attach });
  }

  /** Everything that runs on all nodes, as comparable lines in order. */
  running(): string[] {
    const lines = this.#speakers.flatMap(({ node, state }) =>
      [...state.entries()].map(({ running }) => `${node} ${JSON.stringify(running?.entry)}`),
    );
    return lines.sort();
  }

  /** Routes on all nodes. */
  get routes(): number {
    return this.#speakers.reduce((sum, { state }) => sum + [...state.keys()].filter((key) => key.startsWith('route/')).length, 0);
  }
}

const nodeName = (node: number): string => `n${node}`;
const serviceKey = (service: number): string => `lab/s${service}`;
/** From the block for benchmarks (RFC 2544). */
const addressOf = (service: number): string => `198.18.${service >> 8}.${service & 255}`;
