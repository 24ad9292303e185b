/** Objects as a user would apply them, for runs on virtual time: each gives the ordinary case. */
import { addressesAnnotation, apiVersion, loadBalancerClass } from '#api/names.ts';
import type { RawObject } from '#kube/resource.ts';

/** Namespace of operators and of the Secrets that they read. */
export const operatorNamespace = 'anycast-system';

type Spec = Readonly<Record<string, unknown>>;

/** The parts of `namespace/name`. */
function named(key: string): { namespace: string; name: string } {
  const [namespace = '', name = ''] = key.split('/');
  return { namespace, name };
}

/** A Service of our class, policy Local, that asks for these addresses. */
export const service = (key: string, addresses: readonly string[], spec: Spec = {}): RawObject => ({
  metadata: { ...named(key), annotations: { [addressesAnnotation]: addresses.join(',') } },
  spec: {
    type: 'LoadBalancer',
    loadBalancerClass,
    externalTrafficPolicy: 'Local',
    ipFamilies: ['IPv4', 'IPv6'],
    ...spec,
  },
});

/** One endpoint per node: whether it is ready. */
export const slice = (service: string, ready: Readonly<Record<string, boolean>>, suffix = '1', addressType = 'IPv4'): RawObject => {
  const { namespace, name } = named(service);
  return {
    metadata: { namespace, name: `${name}-${suffix}`, labels: { 'kubernetes.io/service-name': name } },
    addressType,
    endpoints: Object.entries(ready).map(([nodeName, isReady]) => ({
      nodeName,
      conditions: { ready: isReady, serving: isReady, terminating: false },
    })),
  };
};

/** A Node whose InternalIP is 10.0.0.`number` (10.0.1.0 for 256); Ready since long ago unless `ready` says otherwise. */
export const node = (name: string, number: number, ready: 'True' | 'False' | 'Unknown' = 'True'): RawObject => ({
  metadata: { name },
  status: {
    addresses: [{ type: 'InternalIP', address: `10.0.${number >> 8}.${number & 255}` }],
    conditions: [{ type: 'Ready', status: ready, lastTransitionTime: '2020-01-01T00:00:00Z' }],
  },
});

export const namespace = (name: string, labels: Readonly<Record<string, string>> = {}): RawObject => ({ metadata: { name, labels } });

const ours = (kind: string, metadata: RawObject['metadata'], spec: Spec): RawObject => ({ apiVersion, kind, metadata, spec });

export const pool = (name: string, addresses: readonly string[], spec: Spec = {}): RawObject =>
  ours('AnycastPool', { name }, { addresses, ...spec });

/** A Secret of the operator's namespace with the password of sessions in it, or with other data. */
export const secret = (name: string, password: string, data: Readonly<Record<string, string>> = { password }): RawObject => ({
  metadata: { namespace: operatorNamespace, name },
  type: 'kubernetes.io/basic-auth',
  data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])),
});

/** Announces everything to everybody unless `spec` says otherwise. */
export const advertisement = (name: string, spec: Spec = {}): RawObject => ours('AnycastAdvertisement', { name }, spec);

/** A router in AS 64500, spoken to from AS 64512. */
export const peer = (name: string, address: string, spec: Spec = {}): RawObject =>
  ours('AnycastPeer', { name }, { address, localASN: 64_512, peerASN: 64_500, ...spec });

export const refinement = (key: string, service: string, spec: Spec = {}): RawObject =>
  ours('AnycastService', named(key), { serviceRef: { name: named(service).name }, ...spec });

export const config = (claim: readonly Spec[], spec: Spec = {}): RawObject =>
  ours('AnycastConfig', { name: 'default' }, { claim, ...spec });

/** Lets everything go at once: for runs that are about something else. */
export const noRemovalGuard: Spec = { graceSeconds: 0, maxPercent: 100, maxPrefixes: 1_000_000, lastOfPool: 'Allow' };
