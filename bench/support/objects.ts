import type { TestClient } from '../../test/envtest/client.ts';

const namespace = 'default';

/** Requests to the API server at a time: more does not make it faster on two cores. */
const writers = 16;

/** The n-th Service of a benchmark: on which nodes it has endpoints, and which of these are ready. */
export type BenchService = { readonly number: number; readonly nodes: readonly string[]; readonly ready: ReadonlySet<string> };

/** A Service with a ready endpoint on each node. */
export const readyService = (number: number, nodes: readonly string[]): BenchService => ({ number, nodes, ready: new Set(nodes) });

/** The address of the n-th Service: from the block for benchmarks (RFC 2544). */
export const addressOf = (number: number): string => `198.18.${number >> 8}.${number & 255}`;

/** Makes a Service of our class, what refines it, and its EndpointSlice. */
export async function makeService(client: TestClient, service: BenchService): Promise<void> {
  const name = nameOf(service);
  await client.create({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name, annotations: { 'anycast-operator.io/addresses': addressOf(service.number) } },
    spec: {
      type: 'LoadBalancer',
      loadBalancerClass: 'anycast-operator.io/anycast',
      externalTrafficPolicy: 'Local',
      allocateLoadBalancerNodePorts: false,
      ports: [{ port: 53, protocol: 'UDP' }],
    },
  });
  await client.create({
    apiVersion: 'anycast-operator.io/v1alpha1',
    kind: 'AnycastService',
    metadata: { namespace, name },
    // No kube-proxy runs here that a route would have to wait for.
    spec: { serviceRef: { name }, dataPlaneGate: 'Delay', announceDelayMs: 0 },
  });
  await client.create(sliceOf(service));
}

/** Writes which endpoints are ready, as the controller that writes slices does: cheaper for the API server than an apply. */
export async function writeReadiness(client: TestClient, service: BenchService): Promise<void> {
  await client.request('PUT', `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices/${nameOf(service)}`, sliceOf(service));
}

/** Does something for each number from 0 on, as many at a time as there are {@link writers}. */
export async function inParallel(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await work(index);
  };
  await Promise.all(Array.from({ length: writers }, worker));
}

const nameOf = ({ number }: BenchService): string => `bench-${number}`;

function sliceOf(service: BenchService) {
  const name = nameOf(service);
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace, name, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: service.nodes.map((nodeName, index) => {
      const ready = service.ready.has(nodeName);
      return { addresses: [`10.1.0.${index + 1}`], nodeName, conditions: { ready, serving: ready, terminating: false } };
    }),
    ports: [{ port: 53, protocol: 'UDP' }],
  };
}
