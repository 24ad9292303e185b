import type { Kind } from '#decide/view.ts';
import { MemoryObjectSource, MemoryObjects } from '#kube/memory-object-source.ts';
import type { Projection } from '#kube/object-view.ts';
import type { KubeObject } from '#kube/resource.ts';
import { silentLogger } from '#obs/logger.ts';
import type { Clock } from '#runtime/clock.ts';
import { projectEndpointSlice, projectNamespace, projectNode, projectService } from '../core-objects.ts';
import { projectCustomObject } from '../custom-object.ts';
import type { Sources } from '../observe/observer.ts';
import { projectPasswordSecret } from '../password-secret.ts';

/** Objects of all kinds that a test changes. */
export type TestObjects = { readonly [K in Kind]: MemoryObjects };

/** Sources in memory, and the objects that they watch. */
export function testSources(clock: Clock) {
  const objects: TestObjects = {
    Service: new MemoryObjects(),
    EndpointSlice: new MemoryObjects(),
    Node: new MemoryObjects(),
    Namespace: new MemoryObjects(),
    AnycastService: new MemoryObjects(),
    AnycastPool: new MemoryObjects(),
    AnycastAdvertisement: new MemoryObjects(),
    AnycastPeer: new MemoryObjects(),
    AnycastConfig: new MemoryObjects(),
    AnycastHold: new MemoryObjects(),
  };
  const source = <T extends KubeObject>(kind: Kind, project: Projection<T>): MemoryObjectSource<T> =>
    new MemoryObjectSource<T>({ objects: objects[kind], project, clock, logger: silentLogger });
  const sources = {
    Service: source('Service', projectService),
    EndpointSlice: source('EndpointSlice', projectEndpointSlice),
    Node: source('Node', projectNode),
    Namespace: source('Namespace', projectNamespace),
    AnycastService: source('AnycastService', projectCustomObject),
    AnycastPool: source('AnycastPool', projectCustomObject),
    AnycastAdvertisement: source('AnycastAdvertisement', projectCustomObject),
    AnycastPeer: source('AnycastPeer', projectCustomObject),
    AnycastConfig: source('AnycastConfig', projectCustomObject),
    AnycastHold: source('AnycastHold', projectCustomObject),
  } satisfies Sources;
  const secretObjects = new MemoryObjects();
  const secretSource = new MemoryObjectSource({ objects: secretObjects, project: projectPasswordSecret, clock, logger: silentLogger });
  return { objects, sources, secretObjects, secrets: { source: secretSource, namespace: 'anycast-system' } };
}
