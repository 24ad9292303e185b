import type { TestClient } from '../../test/envtest/client.ts';
import { eventually } from '../../test/support/eventually.ts';
import { addressOf } from './objects.ts';

/** Requests on their way at a time. */
const writers = 16;

/** A Service whose endpoints come and go: on which nodes they are, and which of them are ready now. */
type Flapping = { readonly index: number; readonly nodes: readonly string[]; readonly ready: Set<string>; isWriting: boolean };

/**
 * Services whose endpoints gain and lose readiness at random, at a rate. Most have one endpoint: each of its changes moves a route.
 * The others have one on each node: of them places that flap wait in hold-down.
 */
export class Churn {
  readonly #client: TestClient;
  readonly #services: readonly Flapping[];
  readonly #random: () => number;
  /** Changes written. */
  changes = 0;

  /** `single`, `everywhere`: how many Services have one endpoint, and how many have one on each node. */
  constructor(
    client: TestClient,
    options: { readonly nodes: readonly string[]; readonly single: number; readonly everywhere: number; readonly random: () => number },
  ) {
    const { nodes, single, everywhere, random } = options;
    this.#client = client;
    this.#random = random;
    this.#services = Array.from({ length: single + everywhere }, (_, index) => {
      const own = index < single ? [nodes[index % nodes.length] ?? ''] : nodes;
      return { index, nodes: own, ready: new Set(own), isWriting: false };
    });
  }

  /** Routes that the router should have, as `NODE PREFIX`. */
  expected(): Set<string> {
    return new Set(this.#services.flatMap(({ index, ready }) => [...ready].map((node) => `${node} ${addressOf(index)}/32`)));
  }

  /** Whether a route can be held down: another place serves the same Service. */
  canWait(route: string): boolean {
    return this.#services.some(({ index, ready }) => route.endsWith(` ${addressOf(index)}/32`) && ready.size > 1);
  }

  /** Makes all Services, every endpoint ready. */
  async create(): Promise<void> {
    const left = [...this.#services];
    const work = async (): Promise<void> => {
      for (let service = left.pop(); service !== undefined; service = left.pop()) await this.#make(service);
    };
    await Promise.all(Array.from({ length: writers }, work));
  }

  /** Changes readiness so many times per second until `stop` says so; ends when the last change is written. */
  async run(perSecond: number, stop: () => boolean): Promise<void> {
    const startMs = performance.now();
    const onTheirWay = new Set<Promise<void>>();
    for (let begun = 0; !stop(); begun++) {
      const dueMs = startMs + (begun * 1_000) / perSecond;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - performance.now())));
      while (onTheirWay.size >= writers) await Promise.race(onTheirWay);
      const change = this.#change().finally(() => onTheirWay.delete(change));
      onTheirWay.add(change);
    }
    await Promise.all(onTheirWay);
  }

  async #change(): Promise<void> {
    const free = this.#services.filter(({ isWriting }) => !isWriting);
    const service = free[Math.floor(this.#random() * free.length)];
    const node = service?.nodes[Math.floor(this.#random() * service.nodes.length)];
    if (service === undefined || node === undefined) throw new Error('more changes on their way than Services');
    if (!service.ready.delete(node)) service.ready.add(node);
    service.isWriting = true;
    // Whoever writes last wins, as the one controller that writes slices would: cheaper for the API server than an apply.
    const slice = sliceOf(service);
    const path = `/apis/discovery.k8s.io/v1/namespaces/default/endpointslices/${slice.metadata.name}`;
    // In an hour a busy machine may miss an answer; the same write again does no harm.
    await eventually(`${slice.metadata.name} is written`, () => this.#client.request('PUT', path, slice), Boolean, { withinMs: 60_000 });
    service.isWriting = false;
    this.changes++;
  }

  async #make(service: Flapping): Promise<void> {
    const name = nameOf(service);
    await this.#client.create({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'default', name, annotations: { 'anycast-operator.io/addresses': addressOf(service.index) } },
      spec: {
        type: 'LoadBalancer',
        loadBalancerClass: 'anycast-operator.io/anycast',
        externalTrafficPolicy: 'Local',
        allocateLoadBalancerNodePorts: false,
        ports: [{ port: 53, protocol: 'UDP' }],
      },
    });
    await this.#client.create({
      apiVersion: 'anycast-operator.io/v1alpha1',
      kind: 'AnycastService',
      metadata: { namespace: 'default', name },
      // No kube-proxy runs here that a route would have to wait for.
      spec: { serviceRef: { name }, dataPlaneGate: 'Delay', announceDelayMs: 0 },
    });
    await this.#client.create(sliceOf(service));
  }
}

const nameOf = ({ index }: Flapping): string => `churn-${index}`;

function sliceOf(service: Flapping) {
  const name = nameOf(service);
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'default', name, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: service.nodes.map((nodeName, index) => {
      const ready = service.ready.has(nodeName);
      return { addresses: [`10.1.0.${index + 1}`], nodeName, conditions: { ready, serving: ready, terminating: false } };
    }),
    ports: [{ port: 53, protocol: 'UDP' }],
  };
}
