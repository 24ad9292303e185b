import type { FieldError } from '#api/parse.ts';
import type { Kind, ObservedObject, Presence, View } from '#decide/view.ts';
import { ok, type Result } from '#runtime/result.ts';
import type { EndpointSlice, Namespace, Node, Service } from '../core-objects.ts';
import type { CustomObject } from '../custom-object.ts';
import { mapNamespace, mapNode, mapService, mapSlice } from './map-core.ts';
import { mapAdvertisement, mapConfig, mapHold, mapPeer, mapPool, mapRefinement } from './map-resources.ts';

/** What each kind's objects look like before they are mapped. */
export type SourceObjects = {
  readonly Service: Service;
  readonly EndpointSlice: EndpointSlice;
  readonly Node: Node;
  readonly Namespace: Namespace;
  readonly AnycastService: CustomObject;
  readonly AnycastPool: CustomObject;
  readonly AnycastAdvertisement: CustomObject;
  readonly AnycastPeer: CustomObject;
  readonly AnycastConfig: CustomObject;
  readonly AnycastHold: CustomObject;
};

/** What mapping needs besides the object: the Node as it was, and when it was received by both clocks, in milliseconds. */
export type MappingFacts = { readonly view: Pick<View, 'node'>; readonly nowMs: number; readonly wallMs: number };

/** Kubernetes' shape into decide's; undefined: it is none of ours. */
export function mapObject(
  kind: Kind,
  object: SourceObjects[Kind],
  presence: Presence,
  { view, nowMs, wallMs }: MappingFacts,
): Result<ObservedObject | undefined, FieldError> {
  switch (kind) {
    case 'Service':
      return ok(mapService(object as Service, presence));
    case 'EndpointSlice':
      return ok(mapSlice(object as EndpointSlice, presence));
    case 'Node': {
      const before = view.node(object.metadata.name);
      return ok(mapNode(object as Node, presence, { nowMs, wallMs, ...(before && { before }) }));
    }
    case 'Namespace':
      return ok(mapNamespace(object as Namespace, presence));
    case 'AnycastService':
      return mapRefinement(object as CustomObject, presence);
    case 'AnycastPool':
      return mapPool(object as CustomObject, presence);
    case 'AnycastAdvertisement':
      return mapAdvertisement(object as CustomObject, presence);
    case 'AnycastPeer':
      return mapPeer(object as CustomObject, presence);
    case 'AnycastConfig':
      return mapConfig(object as CustomObject, presence);
    case 'AnycastHold':
      return mapHold(object as CustomObject, presence);
  }
}
