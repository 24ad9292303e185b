import type { ResourceType } from '#kube/resource.ts';

/** A kind that the server keeps. */
export type LabKind = ResourceType & {
  /** As `kubectl get` accepts them. */
  readonly shortNames?: readonly string[];
  /** Whether status is written through `/status` only. */
  readonly hasStatus?: boolean;
  /** Fields outside of metadata that lists and watches may select by. */
  readonly selectableFields?: readonly string[];
};

/** Kubernetes' own kinds that the operator and its tests use. */
export const builtInKinds: readonly LabKind[] = [
  { group: '', version: 'v1', plural: 'namespaces', kind: 'Namespace', namespaced: false, shortNames: ['ns'], hasStatus: true },
  { group: '', version: 'v1', plural: 'nodes', kind: 'Node', namespaced: false, shortNames: ['no'], hasStatus: true },
  { group: '', version: 'v1', plural: 'pods', kind: 'Pod', namespaced: true, shortNames: ['po'], hasStatus: true },
  { group: '', version: 'v1', plural: 'services', kind: 'Service', namespaced: true, shortNames: ['svc'], hasStatus: true },
  { group: '', version: 'v1', plural: 'secrets', kind: 'Secret', namespaced: true, selectableFields: ['type'] },
  { group: '', version: 'v1', plural: 'configmaps', kind: 'ConfigMap', namespaced: true, shortNames: ['cm'] },
  { group: '', version: 'v1', plural: 'events', kind: 'Event', namespaced: true, shortNames: ['ev'] },
  { group: 'events.k8s.io', version: 'v1', plural: 'events', kind: 'Event', namespaced: true },
  { group: 'discovery.k8s.io', version: 'v1', plural: 'endpointslices', kind: 'EndpointSlice', namespaced: true },
  { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', kind: 'Lease', namespaced: true },
];

/** Namespaces that every cluster has. */
export const builtInNamespaces = ['default', 'kube-system', 'kube-public', 'kube-node-lease'] as const;

/** Custom resources refuse writes without a resourceVersion; Kubernetes' own kinds overwrite. */
export const isCustom = (kind: LabKind): boolean => kind.group.includes('.') && !kind.group.endsWith('.k8s.io');
