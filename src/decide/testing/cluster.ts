import { compareText } from '../facts.ts';
import { selects } from '../selector.ts';
import type { Kind, ObservedObject, ObservedPeer, Presence, View } from '../view.ts';

type OfKind<K extends Kind> = Extract<ObservedObject, { readonly kind: K }>;

/** A View for tests without indexes, so that there is nothing in it to be wrong. */
export class Cluster implements View {
  readonly #objects = new Map<string, ObservedObject>();
  readonly #stale = new Set<Kind>();

  constructor(...objects: readonly ObservedObject[]) {
    this.put(...objects);
  }

  put(...objects: readonly ObservedObject[]): void {
    for (const object of objects) this.#objects.set(`${object.kind} ${object.key}`, object);
  }

  /** Changes the presence of an object that is there. */
  mark(kind: Kind, key: string, presence: Presence): void {
    const object = this.#objects.get(`${kind} ${key}`);
    if (object !== undefined) this.put({ ...object, presence });
  }

  /** As if it had never been seen. */
  forget(kind: Kind, key: string): void {
    this.#objects.delete(`${kind} ${key}`);
  }

  stale(...kinds: readonly Kind[]): void {
    for (const kind of kinds) this.#stale.add(kind);
  }

  fresh(): void {
    this.#stale.clear();
  }

  services = (): string[] => this.#all('Service').map((service) => service.key);
  isFresh = (kind: Kind): boolean => !this.#stale.has(kind);
  service = (key: string) => this.#one('Service', key);
  refinementsOf = (service: string) => this.#all('AnycastService').filter((object) => object.service === service);
  slicesOf = (service: string) => this.#all('EndpointSlice').filter((object) => object.service === service);
  node = (name: string) => this.#one('Node', name);
  nodes = () => this.#all('Node');
  namespace = (name: string) => this.#one('Namespace', name);
  pools = () => this.#all('AnycastPool');
  advertisements = () => this.#all('AnycastAdvertisement');
  peer = (name: string) => this.#one('AnycastPeer', name);
  config = () => this.#one('AnycastConfig', 'default');

  servicesAsking(address: string): string[] {
    return this.#all('Service')
      .filter((service) => {
        const refined = this.refinementsOf(service.key).flatMap((refinement) => refinement.addresses);
        return [...service.addresses, ...service.ingress, ...refined].includes(address);
      })
      .map((service) => service.key);
  }

  peersOf(name: string): ObservedPeer[] {
    const labels = this.node(name)?.labels ?? {};
    const peers = this.#all('AnycastPeer').filter((peer) => selects(peer.nodeSelector, labels));
    return peers.sort((a, b) => compareText(a.key, b.key));
  }

  #all<K extends Kind>(kind: K): OfKind<K>[] {
    return [...this.#objects.values()].filter((object): object is OfKind<K> => object.kind === kind);
  }

  #one<K extends Kind>(kind: K, key: string): OfKind<K> | undefined {
    return this.#objects.get(`${kind} ${key}`) as OfKind<K> | undefined;
  }
}
