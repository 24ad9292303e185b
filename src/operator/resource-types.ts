import { kinds } from '#api/kinds.ts';
import type { Kind } from '#decide/view.ts';
import type { ResourceType } from '#kube/resource.ts';

const core = (kind: string, plural: string, namespaced: boolean): ResourceType => ({ group: '', version: 'v1', kind, plural, namespaced });

/** One of our own kinds. */
const ours = ({ group, version, kind, plural, namespaced }: ResourceType): ResourceType => ({
  ...{ group, version, kind, plural, namespaced },
  howToDefine: 'define it with kubectl apply --server-side -f crds/, or with anycast crds | kubectl apply --server-side -f -',
});

/** Where the kinds that we watch live in the API. */
export const resourceTypes: { readonly [K in Kind]: ResourceType } = {
  Service: core('Service', 'services', true),
  EndpointSlice: { group: 'discovery.k8s.io', version: 'v1', kind: 'EndpointSlice', plural: 'endpointslices', namespaced: true },
  Node: core('Node', 'nodes', false),
  Namespace: core('Namespace', 'namespaces', false),
  AnycastService: ours(kinds.AnycastService),
  AnycastPool: ours(kinds.AnycastPool),
  AnycastAdvertisement: ours(kinds.AnycastAdvertisement),
  AnycastPeer: ours(kinds.AnycastPeer),
  AnycastConfig: ours(kinds.AnycastConfig),
  AnycastHold: ours(kinds.AnycastHold),
};

/** What speakers show: written, never watched. */
export const speakerType: ResourceType = ours(kinds.AnycastSpeaker);
