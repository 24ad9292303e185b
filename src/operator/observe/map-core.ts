import { addressesAnnotation, loadBalancerClass, routerIdAnnotation } from '#api/names.ts';
import type {
  EndpointPolicy,
  Observed,
  ObservedEndpoint,
  ObservedNamespace,
  ObservedNode,
  ObservedService,
  ObservedSlice,
  Presence,
} from '#decide/view.ts';
import { keyOf } from '#kube/resource.ts';
import { type AddressFamily, formatIpAddress, parseIpAddress } from '#net/ip-address.ts';
import { exact } from '#runtime/exact.ts';
import { type EndpointSlice, type Namespace, type Node, type ObjectMeta, type Service, serviceNameLabel } from '../core-objects.ts';

/** Kubernetes' label for nodes that load balancers shall leave out; its presence counts, not its value. */
const excludeLabel = 'node.kubernetes.io/exclude-from-external-load-balancers';

/** Taints that say that a node is being emptied, whatever their effect: drained or cordoned, out of service, about to be deleted. */
const leavingTaints = new Set(['node.kubernetes.io/unschedulable', 'node.kubernetes.io/out-of-service', 'ToBeDeletedByClusterAutoscaler']);

/** Taints that the node controller sets because of what it does not hear: they say nothing about what anybody wants. */
const healthTaints = new Set(['node.kubernetes.io/not-ready', 'node.kubernetes.io/unreachable']);

/** What every observed object has. */
export function observed<K extends string>(kind: K, meta: ObjectMeta, presence: Presence): Omit<Observed, 'kind'> & { readonly kind: K } {
  return {
    kind,
    key: keyOf(meta),
    resourceVersion: meta.resourceVersion,
    createdAt: meta.creationTimestamp ?? '',
    labels: meta.labels ?? {},
    presence: presenceIn(meta, presence),
  };
}

/** A deletionTimestamp is never taken back: what has one and is not there any more was deleted, whoever missed the event. */
export function presenceIn(meta: ObjectMeta, presence: Presence): Presence {
  if (meta.deletionTimestamp === undefined) return presence;
  return presence === 'present' ? 'deleting' : 'deleted';
}

export function mapService(service: Service, presence: Presence): ObservedService {
  const { spec, metadata } = service;
  const requested =
    metadata.annotations?.[addressesAnnotation]?.split(',') ?? (spec.loadBalancerIP === undefined ? [] : [spec.loadBalancerIP]);
  const unreadable = requested.map((text) => text.trim()).filter((text) => text !== '' && !parseIpAddress(text).ok);
  return {
    ...observed('Service', metadata, presence),
    namespace: metadata.namespace ?? '',
    isLoadBalancer: spec.type === 'LoadBalancer',
    class: spec.loadBalancerClass === undefined ? 'none' : spec.loadBalancerClass === loadBalancerClass ? 'ours' : 'foreign',
    families: exact((spec.ipFamilies ?? []).filter((family): family is AddressFamily => family === 'IPv4' || family === 'IPv6')),
    externalTrafficPolicy: trafficPolicy(spec.externalTrafficPolicy),
    ...(spec.healthCheckNodePort !== undefined && spec.healthCheckNodePort > 0 && { healthCheckNodePort: spec.healthCheckNodePort }),
    addresses: canonicalAddresses(requested),
    ...(unreadable.length > 0 && { unreadableAddresses: exact(unreadable) }),
    ingress: canonicalAddresses((service.status.loadBalancer?.ingress ?? []).flatMap((entry) => entry.ip ?? [])),
  };
}

/** undefined for slices that belong to no Service, or hold names rather than addresses. */
export function mapSlice(slice: EndpointSlice, presence: Presence): ObservedSlice | undefined {
  const service = slice.metadata.labels?.[serviceNameLabel];
  if (service === undefined || (slice.addressType !== 'IPv4' && slice.addressType !== 'IPv6')) return undefined;
  return {
    ...observed('EndpointSlice', slice.metadata, presence),
    service: `${slice.metadata.namespace ?? ''}/${service}`,
    family: slice.addressType,
    endpoints: slice.endpoints.map(
      (endpoint): ObservedEndpoint => ({ ...(endpoint.nodeName !== undefined && { node: endpoint.nodeName }), ...endpoint.conditions }),
    ),
  };
}

/**
 * `readySinceMs` of the last form is kept while the Node stays Ready, so that heartbeats change nothing. A Node that becomes
 * Ready while we watch, or was not Ready while we did not, is Ready since now; one that was Ready when first seen, as long as
 * its condition says.
 */
export function mapNode(
  node: Node,
  presence: Presence,
  time: { readonly nowMs: number; readonly wallMs: number; readonly before?: ObservedNode },
): ObservedNode {
  const ready = node.status.conditions?.find((condition) => condition.type === 'Ready');
  const routerId = node.metadata.annotations?.[routerIdAnnotation];
  const leavingTaint = node.spec.taints?.find(
    ({ key, effect }) => leavingTaints.has(key) || (effect === 'NoExecute' && !healthTaints.has(key)),
  );
  return {
    ...observed('Node', node.metadata, presence),
    ...(ready?.status === 'True' && { readySinceMs: readySince(ready.lastTransitionTime, time) }),
    ...(ready?.lastTransitionTime !== undefined && { readyTransition: ready.lastTransitionTime }),
    networkUnavailable:
      node.status.conditions?.some((condition) => condition.type === 'NetworkUnavailable' && condition.status === 'True') ?? false,
    excluded: node.metadata.labels !== undefined && Object.hasOwn(node.metadata.labels, excludeLabel),
    ...(leavingTaint !== undefined && { leavingTaint: leavingTaint.key }),
    ...(routerId !== undefined && { routerId }),
    internalAddresses: canonicalAddresses(
      (node.status.addresses ?? []).flatMap((entry) => (entry.type === 'InternalIP' ? entry.address : [])),
    ),
  };
}

export const mapNamespace = (namespace: Namespace, presence: Presence): ObservedNamespace =>
  observed('Namespace', namespace.metadata, presence);

function readySince(
  lastTransitionTime: string | undefined,
  time: { readonly nowMs: number; readonly wallMs: number; readonly before?: ObservedNode },
): number {
  const { before } = time;
  if (before !== undefined) {
    const stayed = before.presence !== 'deleted' && before.readyTransition === lastTransitionTime;
    return (stayed ? before.readySinceMs : undefined) ?? time.nowMs;
  }
  const ageMs = time.wallMs - Date.parse(lastTransitionTime ?? '');
  // A clock that disagrees must not make a Node older than it can be, or younger than now.
  return time.nowMs - (Number.isNaN(ageMs) ? 0 : Math.max(0, ageMs));
}

const trafficPolicy = (text: string | undefined): EndpointPolicy => (text === 'Local' ? 'Local' : 'Cluster');

/** Texts that are addresses, in their one form, without repeats; others are nobody's and are left out. */
export function canonicalAddresses(texts: readonly string[]): string[] {
  const parsed = texts.map((text) => parseIpAddress(text.trim()));
  return [...new Set(parsed.flatMap((result) => (result.ok ? [formatIpAddress(result.value)] : [])))];
}
