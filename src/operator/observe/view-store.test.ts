import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  aConfig,
  aNamespace,
  aNode,
  anAdvertisement,
  aPeer,
  aPool,
  aRefinement,
  aService,
  aSlice,
  ready,
} from '#decide/testing/builders.ts';
import { Cluster } from '#decide/testing/cluster.ts';
import type { ObservedObject } from '#decide/view.ts';
import { type Affected, ViewStore } from './view-store.ts';

function aStore(...objects: readonly ObservedObject[]): ViewStore {
  const store = new ViewStore(() => true);
  for (const object of objects) store.put(object);
  return store;
}

/** What is affected, each key once and in order. */
const keys = (affected: Affected) => ({
  services: affected.services === 'all' ? 'all' : [...new Set(affected.services)].sort(),
  nodes: affected.nodes === 'all' ? 'all' : [...new Set(affected.nodes)].sort(),
});

const nothing = { services: [], nodes: [] };

describe('what a change affects', () => {
  it('is the Service of a slice, before and after', () => {
    const store = aStore(aService(), aSlice([ready()]));
    expect(keys(store.put(aSlice([ready('n2')])))).toEqual({ services: ['dns/edge'], nodes: [] });
    const moved = aSlice([ready('n2')], { service: 'dns/other' }, 'dns/edge-1');
    expect(keys(store.put(moved))).toEqual({ services: ['dns/edge', 'dns/other'], nodes: [] });
    expect([...store.slicesOf('dns/edge')]).toEqual([]);
    expect([...store.slicesOf('dns/other')]).toEqual([moved]);
  });

  it('is a Service, and those that ask for an address that it has or had', () => {
    const store = aStore(
      aService(),
      aService({}, 'dns/rival'),
      aService({ addresses: ['192.0.2.9'], ingress: [] }, 'dns/other'),
      aService({ addresses: ['192.0.2.1'], ingress: [] }, 'dns/far'),
    );
    const moved = aService({ addresses: ['192.0.2.9'], ingress: [] });
    expect(keys(store.put(moved))).toEqual({ services: ['dns/edge', 'dns/other', 'dns/rival'], nodes: [] });
  });

  it('is the Service that is refined, and those that ask for the addresses', () => {
    const store = aStore(aService(), aService({ addresses: ['192.0.2.9'], ingress: [] }, 'dns/other'));
    expect(keys(store.put(aRefinement({ addresses: ['192.0.2.9'] })))).toEqual({ services: ['dns/edge', 'dns/other'], nodes: [] });
    expect([...store.servicesAsking('192.0.2.9')].sort()).toEqual(['dns/edge', 'dns/other']);
    expect(keys(store.put(aRefinement({ addresses: [] }))).services).toEqual(['dns/edge', 'dns/other']);
    expect([...store.servicesAsking('192.0.2.9')]).toEqual(['dns/other']);
  });

  it('is the Service whose AnycastService came first', () => {
    const store = aStore(aRefinement({ addresses: ['192.0.2.9'] }));
    expect([...store.servicesAsking('192.0.2.9')]).toEqual([]);
    store.put(aService());
    expect([...store.servicesAsking('192.0.2.9')]).toEqual(['dns/edge']);
  });

  it('of a node is the node, Services with endpoints there, and those that count endpoints of any node', () => {
    const store = aStore(
      aService(),
      aSlice([ready('n1')]),
      aService({}, 'dns/elsewhere'),
      aSlice([ready('n2')], { service: 'dns/elsewhere' }),
      aService({ externalTrafficPolicy: 'Cluster' }, 'dns/any'),
    );
    expect(keys(store.put(aNode()))).toEqual({ services: ['dns/any', 'dns/edge'], nodes: ['n1'] });
    store.put(aService({ externalTrafficPolicy: 'Local' }, 'dns/any'));
    expect(store.servicesOn('n1')).toEqual(['dns/edge']);
  });

  it('of a namespace is its Services', () => {
    const store = aStore(aService(), aService({}, 'web/edge'), aNamespace());
    expect(keys(store.put(aNamespace('dns', { labels: { team: 'edge' } })))).toEqual({ services: ['dns/edge'], nodes: [] });
  });

  it.each<[string, ObservedObject, object]>([
    ['a pool', aPool(), { services: 'all', nodes: [] }],
    ['an advertisement', anAdvertisement(), { services: 'all', nodes: [] }],
    ['the configuration', aConfig([]), { services: 'all', nodes: 'all' }],
    ['a peer', aPeer(), { services: 'all', nodes: 'all' }],
  ])('of %s may be everything', (_, object, expected) => {
    const store = aStore();
    expect(keys(store.put(object))).toEqual(expected);
    expect(keys(store.put({ ...object, presence: 'deleting' }))).toEqual(expected);
  });

  it.each<ObservedObject>([
    aService(),
    aSlice([ready()]),
    aNode(),
    aNamespace(),
    aRefinement(),
    aPool(),
    anAdvertisement(),
    aPeer(),
    aConfig([]),
  ])('is nothing where $kind says the same in a newer version', (object) => {
    const store = aStore(object);
    const newer = { ...object, resourceVersion: '2' };
    expect(keys(store.put(newer))).toEqual(nothing);
    expect(store.get(object.kind, object.key)?.resourceVersion).toBe('2');
  });
});

describe('the view', () => {
  it('has what was put, and not what is forgotten', () => {
    const objects = [aService(), aSlice([ready()]), aNode(), aNamespace(), aRefinement(), aPool(), anAdvertisement(), aPeer(), aConfig([])];
    const store = aStore(...objects);
    expect([store.service('dns/edge'), store.node('n1'), store.namespace('dns'), store.peer('tor'), store.config()]).toEqual([
      aService(),
      aNode(),
      aNamespace(),
      aPeer(),
      aConfig([]),
    ]);
    expect([[...store.services()], [...store.nodes()], [...store.peers()], [...store.pools()]].map((all) => all.length)).toEqual([
      1, 1, 1, 1,
    ]);
    expect([[...store.advertisements()], [...store.refinements()]].map((all) => all.length)).toEqual([1, 1]);
    for (const { kind, key } of objects) store.forget(kind, key);
    for (const { kind, key } of objects) expect(store.get(kind, key)).toBeUndefined();
    expect([store.servicesOn('n1'), [...store.servicesAsking('192.0.2.53')], [...store.refinementsOf('dns/edge')]]).toEqual([[], [], []]);
    expect(store.peersOf('n1')).toEqual([]);
    store.forget('Service', 'dns/edge');
  });

  it('tells who asks for an address of a Service that is forgotten: it may be free now', () => {
    const store = aStore(
      aService({ presence: 'deleted' }),
      aService({}, 'dns/heir'),
      aService({ addresses: [], ingress: [] }, 'dns/other'),
    );
    expect(store.forget('Service', 'dns/edge')).toEqual({ services: ['dns/heir'], nodes: [] });
    expect(store.forget('Service', 'dns/other')).toEqual({ services: [], nodes: [] });
    expect(aStore(aPeer()).forget('AnycastPeer', 'tor')).toEqual({ services: [], nodes: [] });
  });

  it('has the peers of a node as labels and selectors are now, by name', () => {
    const rack = { nodeSelector: { matchLabels: { rack: 'r1' } } };
    const store = aStore(aPeer('b'), aPeer('a', rack), aNode());
    expect(store.peersOf('n1').map((peer) => peer.key)).toEqual(['b']);
    store.put(aNode('n1', { labels: { rack: 'r1' } }));
    expect(store.peersOf('n1').map((peer) => peer.key)).toEqual(['a', 'b']);
    store.put(aPeer('b', { presence: 'deleted' }));
    expect(store.peersOf('n1').map((peer) => peer.presence)).toEqual(['present', 'deleted']);
    store.forget('AnycastPeer', 'b');
    expect(store.peersOf('n1').map((peer) => peer.key)).toEqual(['a']);
  });

  it('asks the watches whether a kind is fresh', () => {
    const store = new ViewStore((kind) => kind === 'Node');
    expect([store.isFresh('Node'), store.isFresh('Service')]).toEqual([true, false]);
  });

  it('answers as one without indexes does, whatever was put and forgotten before', () => {
    const services = ['dns/a', 'dns/b'];
    const addresses = ['192.0.2.1', '192.0.2.2'];
    const nodes = ['n1', 'n2'];
    const some = fc.subarray(addresses);
    const object = fc.oneof(
      fc
        .tuple(fc.constantFrom(...services), some, some, fc.constantFrom('Local' as const, 'Cluster' as const))
        .map(([key, asks, ingress, externalTrafficPolicy]) => aService({ addresses: asks, ingress, externalTrafficPolicy }, key)),
      fc
        .tuple(fc.constantFrom(...services), fc.constantFrom('1', '2'), fc.subarray(nodes))
        .map(([service, name, on]) => aSlice(on.map(ready), { service }, `dns/slice-${name}`)),
      fc
        .tuple(fc.constantFrom(...services), fc.constantFrom('x', 'y'), some)
        .map(([service, name, asks]) => aRefinement({ service, addresses: asks }, `dns/${service.at(-1)}${name}`)),
      fc.tuple(fc.constantFrom(...nodes), fc.constantFrom('r1', 'r2')).map(([name, rack]) => aNode(name, { labels: { rack } })),
      fc
        .tuple(fc.constantFrom('p', 'q'), fc.constantFrom(undefined, 'r1'))
        .map(([name, rack]) => aPeer(name, rack === undefined ? {} : { nodeSelector: { matchLabels: { rack } } })),
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(object, fc.constantFrom(true, true, true, false))), (changes) => {
        const store = aStore();
        const plain = new Cluster();
        for (const [changed, isThere] of changes) {
          if (isThere) {
            store.put(changed);
            plain.put(changed);
          } else {
            store.forget(changed.kind, changed.key);
            plain.forget(changed.kind, changed.key);
          }
        }
        const sorted = <T extends { readonly key: string }>(all: Iterable<T>) => [...all].sort((a, b) => (a.key < b.key ? -1 : 1));
        for (const service of services) {
          expect(sorted(store.slicesOf(service))).toEqual(sorted(plain.slicesOf(service)));
          expect(sorted(store.refinementsOf(service))).toEqual(sorted(plain.refinementsOf(service)));
        }
        for (const address of addresses) expect([...store.servicesAsking(address)].sort()).toEqual(plain.servicesAsking(address).sort());
        for (const node of nodes) {
          expect(store.peersOf(node)).toEqual(plain.peersOf(node));
          const local = services.filter((service) =>
            plain.slicesOf(service).some((slice) => slice.endpoints.some((item) => item.node === node)),
          );
          const cluster = services.filter((service) => plain.service(service)?.externalTrafficPolicy === 'Cluster');
          expect(store.servicesOn(node).sort()).toEqual([...new Set([...local, ...cluster])].sort());
        }
      }),
    );
  });
});
