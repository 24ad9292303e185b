/**
 * lab/virtual — the whole system in one process on virtual time: cluster, operators, speakers, routers.
 *
 * Everything but the edges is the product's own code: the API server is a table of objects, the network is memory. The same
 * inputs are the same run. May not happen here: real time, sockets, files, and any rule that the product should have itself.
 */
import type { Kind } from '#decide/view.ts';
import { MemoryObjectSource, MemoryObjects } from '#kube/memory-object-source.ts';
import type { ObjectSource } from '#kube/object-source.ts';
import type { Projection } from '#kube/object-view.ts';
import { type KubeObject, keyOf, type RawObject } from '#kube/resource.ts';
import { silentLogger } from '#obs/logger.ts';
import { projectEndpointSlice, projectNamespace, projectNode, projectService } from '#operator/core-objects.ts';
import { type CustomObject, projectCustomObject } from '#operator/custom-object.ts';
import type { Sources } from '#operator/observe/observer.ts';
import type { Secrets } from '#operator/observe/passwords.ts';
import { projectPasswordSecret } from '#operator/password-secret.ts';
import { assert } from '#runtime/assert.ts';
import type { Clock } from '#runtime/clock.ts';
import { operatorNamespace } from './objects.ts';

/** The kinds that the cluster holds. */
export type ClusterKind = Kind | 'AnycastSpeaker' | 'Secret';

/** What one operator watches, and how to cut it off. */
export type ClusterSources = {
  readonly sources: Sources;
  readonly secrets: Secrets;
  readonly speakerObjects: ObjectSource<CustomObject>;
  /** Whether the API server answers; undefined kinds: all of them. */
  setReachable(reachable: boolean, ...kinds: readonly ClusterKind[]): void;
};

/** The objects of a cluster, with the rules of an API server that matter here: generation, finalizers, deletion. */
export class VirtualCluster {
  readonly #clock: Clock;
  readonly #objects: Readonly<Record<ClusterKind, MemoryObjects>> = {
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
    AnycastSpeaker: new MemoryObjects(),
    Secret: new MemoryObjects(),
  };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get(kind: ClusterKind, key: string): RawObject | undefined {
    return this.#objects[kind].get(key);
  }

  keys(kind: ClusterKind): string[] {
    return this.#objects[kind].list().items.map(({ metadata }) => keyOfMeta(metadata));
  }

  /** Creates an object, or replaces its spec, labels and annotations; what others wrote (status, finalizers) stays. */
  apply(kind: ClusterKind, object: RawObject): RawObject {
    const before = this.get(kind, keyOfMeta(object.metadata));
    if (before === undefined) return this.#create(kind, object);
    const { finalizers = [] } = before.metadata;
    const metadata = { ...before.metadata, ...object.metadata, finalizers };
    return this.update(kind, { ...object, ...('status' in before && !('status' in object) && { status: before['status'] }), metadata });
  }

  /** Replaces an object as it is given. The generation goes up where the spec changed; a deletion ends with the last finalizer. */
  update(kind: ClusterKind, object: RawObject): RawObject {
    const key = keyOfMeta(object.metadata);
    const before = this.get(kind, key);
    assert(before !== undefined, `${kind} ${key} is there`);
    if (object.metadata.deletionTimestamp !== undefined && (object.metadata.finalizers ?? []).length === 0) {
      this.#objects[kind].put(object);
      this.#objects[kind].delete(key);
      return object;
    }
    const isNews = JSON.stringify(before['spec']) !== JSON.stringify(object['spec']);
    const generation = (before.metadata.generation ?? 1) + (isNews ? 1 : 0);
    return this.#objects[kind].put({ ...object, metadata: { ...object.metadata, generation } });
  }

  /** Deletes: at once, or where there are finalizers, when they are gone. What is not there is no error. */
  delete(kind: ClusterKind, key: string): void {
    const object = this.get(kind, key);
    if (object === undefined) return;
    if ((object.metadata.finalizers ?? []).length === 0) this.#objects[kind].delete(key);
    else if (object.metadata.deletionTimestamp === undefined)
      this.update(kind, { ...object, metadata: { ...object.metadata, deletionTimestamp: this.#now() } });
  }

  /** Takes an object out without a DELETED event, and forgets the history: who looks again finds it gone. */
  lose(kind: ClusterKind, key: string): void {
    this.#objects[kind].delete(key);
    this.#objects[kind].compact();
  }

  /** All objects as they are now; `restore` brings them back, with the resourceVersions that they had. */
  backup(): { restore(): void } {
    const saved = Object.values(this.#objects).map((objects) => ({ objects, list: objects.list() }));
    return {
      restore() {
        for (const { objects, list } of saved) objects.restore(list);
      },
    };
  }

  /** New sources, as one operator has them. */
  watch(): ClusterSources {
    const all = new Map<ClusterKind, { setReachable(reachable: boolean): void }>();
    const source = <T extends KubeObject>(kind: ClusterKind, project: Projection<T>): MemoryObjectSource<T> => {
      const made = new MemoryObjectSource<T>({ objects: this.#objects[kind], project, clock: this.#clock, logger: silentLogger });
      all.set(kind, made);
      return made;
    };
    return {
      sources: {
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
      },
      secrets: { source: source('Secret', projectPasswordSecret), namespace: operatorNamespace },
      speakerObjects: source('AnycastSpeaker', projectCustomObject),
      setReachable(reachable, ...kinds) {
        for (const [kind, made] of all) if (kinds.length === 0 || kinds.includes(kind)) made.setReachable(reachable);
      },
    };
  }

  #create(kind: ClusterKind, object: RawObject): RawObject {
    return this.#objects[kind].put({ ...object, metadata: { generation: 1, creationTimestamp: this.#now(), ...object.metadata } });
  }

  #now(): string {
    return `${new Date(this.#clock.wallMs()).toISOString().slice(0, 19)}Z`;
  }
}

/** `namespace/name`, or the name. */
export function keyOfMeta({ namespace, name = '' }: RawObject['metadata']): string {
  return keyOf({ name, ...(namespace !== undefined && { namespace }) });
}
