import { kinds } from '#api/kinds.ts';
import type { Kind } from '#decide/view.ts';
import type { ResourceType } from '#kube/resource.ts';

const core = (kind: string, plural: string, namespaced: boolean): ResourceType => ({ group: '', version: 'v1', kind, plural, namespaced });

/** Where the kinds that we watch live in the API. */
export const resourceTypes: { readonly [K in Kind]: ResourceType } = {
  Service: core('Service', 'services', true),
  EndpointSlice: { group: 'discovery.k8s.io', version: 'v1', kind: 'EndpointSlice', plural: 'endpointslices', namespaced: true },
  Node: core('Node', 'nodes', false),
  Namespace: core('Namespace', 'namespaces', false),
  AnycastService: kinds.AnycastService,
  AnycastPool: kinds.AnycastPool,
  AnycastAdvertisement: kinds.AnycastAdvertisement,
  AnycastPeer: kinds.AnycastPeer,
  AnycastConfig: kinds.AnycastConfig,
};

/** What speakers show: written, never watched. */
export const speakerType: ResourceType = kinds.AnycastSpeaker;
