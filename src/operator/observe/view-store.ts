import { selects } from '#decide/selector.ts';
import type {
  Kind,
  ObservedAdvertisement,
  ObservedConfig,
  ObservedNamespace,
  ObservedNode,
  ObservedObject,
  ObservedPeer,
  ObservedPool,
  ObservedRefinement,
  ObservedService,
  ObservedSlice,
  View,
} from '#decide/view.ts';
import { sameValue } from '#runtime/same-value.ts';
import { IndexMap } from '../index-map.ts';

/** What has to be decided again because an object changed. A key may stand in it twice. */
export type Affected = {
  /** Keys of Services, or all of them. */
  readonly services: readonly string[] | 'all';
  /** Names of nodes, or all of them. */
  readonly nodes: readonly string[] | 'all';
};

const nothing: Affected = { services: [], nodes: [] };

type ObjectOf<K extends Kind> = Extract<ObservedObject, { readonly kind: K }>;

/**
 * What was observed, indexed. Putting an object costs what the object costs, whatever else there is, and tells what has to be
 * decided again; an object whose content is as it was affects nothing, so that heartbeats and our own status writes are free.
 */
export class ViewStore implements View {
  readonly #objects: { readonly [K in Kind]: Map<string, ObjectOf<K>> } = {
    Service: new Map(),
    EndpointSlice: new Map(),
    Node: new Map(),
    Namespace: new Map(),
    AnycastService: new Map(),
    AnycastPool: new Map(),
    AnycastAdvertisement: new Map(),
    AnycastPeer: new Map(),
    AnycastConfig: new Map(),
    AnycastHold: new Map(),
  };
  readonly #isFresh: (kind: Kind) => boolean;
  readonly #refinementsByService = new IndexMap();
  readonly #slicesByService = new IndexMap();
  /** Service keys by the nodes that have endpoints of theirs. Keyed by slice, since a Service has several. */
  readonly #slicesByNode = new IndexMap();
  readonly #servicesByAddress = new IndexMap();
  readonly #servicesByNamespace = new IndexMap();
  /** Services whose kube-proxies forward to endpoints of any node. */
  readonly #clusterServices = new Set<string>();
  readonly #peersByNode = new Map<string, readonly ObservedPeer[]>();

  /** `isFresh` asks the watches (governor.md: fresh). */
  constructor(isFresh: (kind: Kind) => boolean) {
    this.#isFresh = isFresh;
  }

  isFresh(kind: Kind): boolean {
    return this.#isFresh(kind);
  }

  service(key: string): ObservedService | undefined {
    return this.#objects.Service.get(key);
  }

  services(): Iterable<string> {
    return this.#objects.Service.keys();
  }

  *refinementsOf(service: string): Iterable<ObservedRefinement> {
    for (const key of this.#refinementsByService.get(service)) yield this.#objects.AnycastService.get(key) as ObservedRefinement;
  }

  *slicesOf(service: string): Iterable<ObservedSlice> {
    for (const key of this.#slicesByService.get(service)) yield this.#objects.EndpointSlice.get(key) as ObservedSlice;
  }

  servicesAsking(address: string): Iterable<string> {
    return this.#servicesByAddress.get(address);
  }

  node(name: string): ObservedNode | undefined {
    return this.#objects.Node.get(name);
  }

  nodes(): Iterable<ObservedNode> {
    return this.#objects.Node.values();
  }

  namespace(name: string): ObservedNamespace | undefined {
    return this.#objects.Namespace.get(name);
  }

  pools(): Iterable<ObservedPool> {
    return this.#objects.AnycastPool.values();
  }

  advertisements(): Iterable<ObservedAdvertisement> {
    return this.#objects.AnycastAdvertisement.values();
  }

  refinements(): Iterable<ObservedRefinement> {
    return this.#objects.AnycastService.values();
  }

  peers(): Iterable<ObservedPeer> {
    return this.#objects.AnycastPeer.values();
  }

  peersOf(node: string): readonly ObservedPeer[] {
    const known = this.#peersByNode.get(node);
    if (known !== undefined) return known;
    const labels = this.#objects.Node.get(node)?.labels ?? {};
    const peers = [...this.#objects.AnycastPeer.values()]
      .filter((peer) => selects(peer.nodeSelector, labels))
      .sort((a, b) => (a.key < b.key ? -1 : 1));
    this.#peersByNode.set(node, peers);
    return peers;
  }

  peer(name: string): ObservedPeer | undefined {
    return this.#objects.AnycastPeer.get(name);
  }

  config(): ObservedConfig | undefined {
    return this.#objects.AnycastConfig.get('default');
  }

  /** What was observed of one object; undefined when it was never seen or is forgotten. */
  get<K extends Kind>(kind: K, key: string): ObjectOf<K> | undefined {
    return this.#objects[kind].get(key) as ObjectOf<K> | undefined;
  }

  /** Takes in an object, new or changed, and tells what that affects. */
  put(object: ObservedObject): Affected {
    const objects = this.#objects[object.kind] as Map<string, ObservedObject>;
    const before = objects.get(object.key);
    objects.set(object.key, object);
    if (before !== undefined && sameContent(before, object)) return nothing;
    // What the change touched is looked up on both sides of re-indexing: where the object was, and where it is.
    const touchedBefore = before === undefined ? nothing : this.#touchedBy(before);
    this.#index(object);
    return union(touchedBefore, this.#touchedBy(object));
  }

  /** Drops an object that nothing rests on any more, and tells who waited for that: Services that ask for an address of one that is gone. */
  forget(kind: Kind, key: string): Affected {
    const object = this.#objects[kind].get(key);
    if (object === undefined) return nothing;
    const rivals = object.kind === 'Service' ? this.#withRivals(key).filter((service) => service !== key) : [];
    this.#objects[kind].delete(key);
    this.#unindex(object);
    return { services: rivals, nodes: [] };
  }

  #index(object: ObservedObject): void {
    switch (object.kind) {
      case 'Service':
        this.#servicesByNamespace.set(object.key, [object.namespace]);
        if (object.externalTrafficPolicy === 'Cluster') this.#clusterServices.add(object.key);
        else this.#clusterServices.delete(object.key);
        this.#indexAddresses(object.key);
        return;
      case 'AnycastService':
        this.#reindexRefinement(object.key, [object.service]);
        return;
      case 'EndpointSlice':
        this.#slicesByService.set(object.key, [object.service]);
        this.#slicesByNode.set(object.key, [...new Set(object.endpoints.flatMap((endpoint) => endpoint.node ?? []))]);
        return;
      case 'Node':
        this.#peersByNode.delete(object.key);
        return;
      case 'AnycastPeer':
        this.#peersByNode.clear();
        return;
      default:
        return;
    }
  }

  #unindex(object: ObservedObject): void {
    if (object.kind === 'Service') {
      this.#servicesByNamespace.set(object.key, []);
      this.#clusterServices.delete(object.key);
      this.#servicesByAddress.set(object.key, []);
    } else if (object.kind === 'AnycastService') {
      this.#reindexRefinement(object.key, []);
    } else if (object.kind === 'EndpointSlice') {
      this.#slicesByService.set(object.key, []);
      this.#slicesByNode.set(object.key, []);
    } else {
      this.#index(object);
    }
  }

  #reindexRefinement(key: string, services: readonly string[]): void {
    const before = [...this.#refinementsByService.labelsOf(key)];
    this.#refinementsByService.set(key, services);
    for (const service of new Set([...before, ...services])) this.#indexAddresses(service);
  }

  /** A Service asks for addresses itself and through what refines it; those in its status it may still hold. */
  #indexAddresses(key: string): void {
    const service = this.#objects.Service.get(key);
    if (service === undefined) return;
    const refined = [...this.refinementsOf(key)].flatMap((refinement) => refinement.addresses);
    this.#servicesByAddress.set(key, [...new Set([...service.addresses, ...service.ingress, ...refined])]);
  }

  #touchedBy(object: ObservedObject): Affected {
    switch (object.kind) {
      case 'Service':
        return { services: this.#withRivals(object.key), nodes: [] };
      case 'AnycastService':
        return { services: this.#withRivals(object.service), nodes: [] };
      case 'EndpointSlice':
        return { services: [object.service], nodes: [] };
      case 'Node':
        return { services: this.servicesOn(object.key), nodes: [object.key] };
      case 'Namespace':
        return { services: [...this.#servicesByNamespace.get(object.key)], nodes: [] };
      case 'AnycastPeer':
      case 'AnycastConfig':
        return { services: 'all', nodes: 'all' };
      case 'AnycastPool':
      case 'AnycastAdvertisement':
        return { services: 'all', nodes: [] };
      case 'AnycastHold':
        return { services: object.removals.map(({ service }) => service), nodes: [] };
    }
  }

  /** The Service and those that ask for one of its addresses: who holds an address depends on all of them. */
  #withRivals(key: string): string[] {
    const addresses = this.#servicesByAddress.labelsOf(key);
    return [...new Set([key, ...[...addresses].flatMap((address) => [...this.#servicesByAddress.get(address)])])];
  }

  /** Services with endpoints on the node, and those that count endpoints of any node. */
  servicesOn(node: string): string[] {
    const local = [...this.#slicesByNode.get(node)].flatMap((slice) => this.#objects.EndpointSlice.get(slice)?.service ?? []);
    return [...new Set([...local, ...this.#clusterServices])];
  }
}

/** Whether two forms of an object say the same: all but the version. */
const sameContent = (a: ObservedObject, b: ObservedObject): boolean =>
  sameValue({ ...a, resourceVersion: '' }, { ...b, resourceVersion: '' });

function union(a: Affected, b: Affected): Affected {
  const join = (x: readonly string[] | 'all', y: readonly string[] | 'all') => (x === 'all' || y === 'all' ? 'all' : [...x, ...y]);
  return { services: join(a.services, b.services), nodes: join(a.nodes, b.nodes) };
}
