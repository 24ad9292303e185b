import type { TestClient } from '../../test/envtest/client.ts';

const namespace = 'default';

/** The address of the n-th Service: from the block for benchmarks (RFC 2544). */
export const addressOf = (service: number): string => `198.18.${service >> 8}.${service & 255}`;

/** Makes the n-th Service, with a ready endpoint on each node. */
export async function makeService(client: TestClient, service: number, nodes: readonly string[]): Promise<void> {
  const name = `bench-${service}`;
  await client.apply({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name, annotations: { 'anycast-operator.io/addresses': addressOf(service) } },
    spec: {
      type: 'LoadBalancer',
      loadBalancerClass: 'anycast-operator.io/anycast',
      // No kube-proxy runs here whose port a route could wait for.
      externalTrafficPolicy: 'Cluster',
      allocateLoadBalancerNodePorts: false,
      ports: [{ port: 53, protocol: 'UDP' }],
    },
  });
  await client.apply({
    apiVersion: 'anycast-operator.io/v1alpha1',
    kind: 'AnycastService',
    metadata: { namespace, name },
    spec: { serviceRef: { name }, endpointPolicy: 'Local', dataPlaneGate: 'Delay', announceDelayMs: 0 },
  });
  for (const node of nodes) await setReady(client, service, node, true);
}

/** What the EndpointSlice controller writes when the pod of a node becomes ready, or stops being so. */
export async function setReady(client: TestClient, service: number, node: string, ready: boolean): Promise<void> {
  const name = `bench-${service}`;
  await client.apply({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace, name: `${name}-${node}`, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.1.0.1'], nodeName: node, conditions: { ready, serving: ready, terminating: false } }],
    ports: [{ port: 53, protocol: 'UDP' }],
  });
}
