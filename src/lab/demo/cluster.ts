import { apiVersion, loadBalancerClass } from '#api/names.ts';
import type { RawObject } from '#kube/resource.ts';
import type { LabApiServer } from '../api-server/lab-api-server.ts';

/** The address that the demo announces: for documentation (RFC 5737). */
export const demoPrefix = '192.0.2.53/32';

/** AS of the nodes and of the routers, for documentation (RFC 5398). */
export const asns = { nodes: 64_512, routers: 64_500 } as const;

/** The nodes, and the loopback address that stands for each. */
export const nodes = [
  { name: 'node-a', address: '127.0.1.1' },
  { name: 'node-b', address: '127.0.1.2' },
  { name: 'node-c', address: '127.0.1.3' },
] as const;

/** Puts a small cluster into the API server: three Nodes, one Service with a pod on each, and what says who hears of it. */
export function fillCluster(api: LabApiServer, routerPorts: readonly number[]): void {
  for (const node of nodes) api.apply(nodeObject(node));
  api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'anycast-system' } });
  api.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'dns' } });
  api.apply({ apiVersion, kind: 'AnycastPool', metadata: { name: 'dns' }, spec: { addresses: ['192.0.2.0/24'] } });
  for (const [index, port] of routerPorts.entries()) {
    const spec = { address: '127.0.0.1', port, localASN: asns.nodes, peerASN: asns.routers, connectRetrySeconds: 1 };
    api.apply({ apiVersion, kind: 'AnycastPeer', metadata: { name: `router-${index + 1}` }, spec });
  }
  api.apply({ apiVersion, kind: 'AnycastAdvertisement', metadata: { name: 'dns' }, spec: { attributes: { communities: ['64512:53'] } } });
  api.apply({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'dns', namespace: 'dns' },
    spec: {
      type: 'LoadBalancer',
      loadBalancerClass,
      externalTrafficPolicy: 'Local',
      ipFamilies: ['IPv4'],
      ports: [{ name: 'dns', port: 53, protocol: 'UDP' }],
    },
  });
  for (const node of nodes) setReady(api, node.name, true);
  api.apply({
    apiVersion,
    kind: 'AnycastService',
    metadata: { name: 'dns', namespace: 'dns' },
    // No kube-proxy runs here that a route would have to wait for.
    spec: { serviceRef: { name: 'dns' }, addresses: ['192.0.2.53'], dataPlaneGate: 'Delay', announceDelayMs: 0 },
  });
}

/** What the EndpointSlice controller writes when the pod of a node becomes ready or stops being so. */
export function setReady(api: LabApiServer, node: string, ready: boolean): void {
  api.apply({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `dns-${node}`, namespace: 'dns', labels: { 'kubernetes.io/service-name': 'dns' } },
    addressType: 'IPv4',
    endpoints: [{ addresses: ['10.0.0.1'], nodeName: node, conditions: { ready, serving: ready, terminating: false } }],
    ports: [{ name: 'dns', port: 5353, protocol: 'UDP' }],
  });
}

function nodeObject({ name, address }: (typeof nodes)[number]): RawObject {
  // Ready for longer than the half minute in which a node's word is not taken yet.
  const lastTransitionTime = new Date(Date.now() - 3_600_000).toISOString();
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { 'kubernetes.io/hostname': name } },
    status: {
      addresses: [{ type: 'InternalIP', address }],
      conditions: [
        { type: 'Ready', status: 'True', lastTransitionTime, reason: 'KubeletReady', message: 'kubelet is posting ready status' },
      ],
    },
  };
}
