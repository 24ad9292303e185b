import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  aNamespace,
  aNode,
  anAdvertisement,
  anUnreadyNode,
  aPeer,
  aPool,
  aRefinement,
  aService,
  aSlice,
  gone,
  leaving,
  notReady,
  ready,
} from './testing/builders.ts';
import { Cluster } from './testing/cluster.ts';
import { World } from './testing/world.ts';
import type { Kind, ObservedEndpoint, ObservedObject, ObservedService } from './view.ts';

const nodes = ['n1', 'n2', 'n3'];
const services = ['dns/a', 'dns/b', 'web/c'];
const addresses = ['192.0.2.1', '192.0.2.2', '203.0.113.1'];

const nodeName = fc.constantFrom(...nodes);
const serviceKey = fc.constantFrom(...services);
const labels = fc.constantFrom({}, { rack: 'r1' }, { rack: 'r2' });
const selector = fc.constantFrom(undefined, { matchLabels: { rack: 'r1' } }, { matchLabels: { rack: 'r2' } });
const some = fc.subarray(addresses);

const endpoint = fc
  .tuple(fc.constantFrom(ready, notReady, leaving, gone), fc.option(nodeName, { nil: undefined }))
  .map(([kind, node]): ObservedEndpoint => {
    const { node: _, ...conditions } = kind();
    return node === undefined ? conditions : { ...conditions, node };
  });

const slice = fc
  .record({ service: serviceKey, number: fc.nat(1), endpoints: fc.array(endpoint, { maxLength: 4 }) })
  .map(({ service, number, endpoints }) => aSlice(endpoints, { service }, `${service}-${number}`));

const service = fc
  .record({
    key: serviceKey,
    asks: some,
    ingress: some,
    isLoadBalancer: fc.constantFrom(true, true, true, false),
    externalTrafficPolicy: fc.constantFrom('Local' as const, 'Cluster' as const),
    labels,
  })
  .map(({ key, asks, ...rest }) => aService({ ...rest, addresses: asks, createdAt: `2026-01-0${services.indexOf(key) + 1}` }, key));

const refinement = fc
  .record({ service: serviceKey, addresses: some, name: fc.constantFrom('x', 'y') })
  .map(({ name, ...rest }) => aRefinement(rest, `${rest.service}-${name}`));

const node = fc
  .record({ name: nodeName, labels, excluded: fc.constantFrom(false, false, true) })
  .map(({ name, ...rest }) => aNode(name, rest));

const pool = labels.map((given) => aPool({ labels: given }));

const advertisement = fc
  .record({ name: fc.constantFrom('one', 'two'), nodes: selector, peers: selector, services: selector, med: fc.nat(2) })
  .map((given) =>
    anAdvertisement(
      {
        ...(given.nodes && { nodeSelector: given.nodes }),
        ...(given.peers && { peerSelector: given.peers }),
        ...(given.services && { serviceSelector: given.services }),
        attributes: { med: given.med },
      },
      given.name,
    ),
  );

const peer = fc
  .record({ name: fc.constantFrom('p1', 'p2'), labels, nodes: selector })
  .map((given) => aPeer(given.name, { labels: given.labels, ...(given.nodes && { nodeSelector: given.nodes }) }));

/** An object as it is now, or that it is deleted. */
const change = fc
  .tuple(fc.oneof(slice, slice, slice, service, refinement, node, pool, advertisement, peer), fc.constantFrom(true, true, true, false))
  .map(([object, isThere]): ObservedObject => (isThere ? object : { ...object, presence: 'deleted' }));

/** Long after whatever happened before: no hold-down is in force. */
const step = 3_600_000;

const ground: readonly ObservedObject[] = [
  aPool(),
  anAdvertisement({}, 'one'),
  aPeer('p1'),
  aNamespace('dns'),
  aNamespace('web'),
  ...nodes.map((name) => aNode(name)),
  ...services.map((key) => aSlice(nodes.slice(0, 2).map(ready), { service: key }, `${key}-0`)),
  aService({ addresses: ['192.0.2.1'], ingress: ['192.0.2.1'] }, 'dns/a'),
  aService({ addresses: ['192.0.2.2'], ingress: ['192.0.2.2'], externalTrafficPolicy: 'Cluster' }, 'dns/b'),
];

function aWorld(objects: readonly ObservedObject[]): World {
  return new World(new Cluster(...ground, ...objects), nodes);
}

/** Services that a change concerns: its own and those that ask for the same addresses, or all. */
function touched(cluster: Cluster, object: ObservedObject): string[] {
  const key =
    object.kind === 'Service'
      ? object.key
      : object.kind === 'EndpointSlice' || object.kind === 'AnycastService'
        ? object.service
        : undefined;
  if (key === undefined) return cluster.services();
  const rivals = addresses
    .filter((address) => cluster.servicesAsking(address).includes(key))
    .flatMap((address) => cluster.servicesAsking(address));
  return [...new Set([key, ...rivals])].sort();
}

function decide(world: World, keys: readonly string[]): void {
  // An address that one gives up in this round is free for another in the next.
  for (let round = 0; round < 3; round++) for (const key of keys) world.decide(key);
}

describe('deciding what a change touches', () => {
  it('comes to the same as deciding everything anew', () => {
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 25 }), (changes) => {
        const incremental = aWorld([]);
        const full = aWorld([]);
        for (const world of [incremental, full]) decide(world, services);
        for (const object of changes) {
          const before = touched(incremental.cluster, object);
          for (const world of [incremental, full]) {
            world.nowMs += step;
            world.cluster.put(object);
          }
          decide(incremental, [...new Set([...before, ...touched(incremental.cluster, object)])].sort());
          decide(full, full.cluster.services().sort());
          expect(incremental.announced()).toEqual(full.announced());
        }
      }),
      { numRuns: 150 },
    );
  });

  it('comes to rest: deciding again changes nothing', () => {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 25 }), (changes) => {
        const world = aWorld(changes);
        decide(world, services);
        const { orders } = world.decide('dns/a').governed;
        expect(orders).toEqual([]);
      }),
      { numRuns: 150 },
    );
  });

  it('comes to the same whatever the order of slices', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(slice, { selector: (item) => item.key, maxLength: 6 }),
        fc.array(change, { maxLength: 8 }),
        (slices, rest) => {
          const others = [...rest.filter((object) => object.kind !== 'EndpointSlice'), ...services.map((key) => aService({}, key))];
          const one = aWorld([...others, ...slices]);
          const other = aWorld([...others, ...slices.toReversed()]);
          for (const world of [one, other]) decide(world, services);
          expect(one.announced()).toEqual(other.announced());
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('what is not evidence', () => {
  const kinds: readonly Kind[] = [
    'Service',
    'EndpointSlice',
    'Node',
    'Namespace',
    'AnycastService',
    'AnycastPool',
    'AnycastAdvertisement',
    'AnycastPeer',
    'AnycastConfig',
  ];

  /** After any history, `harm` and what is decided then: nothing may have been withdrawn or changed. */
  function neverChanges(
    harm: (world: World, objects: readonly ObservedObject[], isHarmed: readonly boolean[]) => void,
    mayGain = false,
  ): void {
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), fc.array(fc.boolean(), { minLength: 1, maxLength: 30 }), (changes, isHarmed) => {
        const world = aWorld([]);
        world.cluster.put(...changes);
        decide(world, services);
        const before = world.announced();
        const latest = new Map([...ground, ...changes].map((object) => [`${object.kind} ${object.key}`, object]));
        harm(world, [...latest.values()], isHarmed);
        decide(world, services);
        expect(world.announced()).toEqual(mayGain ? expect.arrayContaining(before) : before);
      }),
      { numRuns: 150 },
    );
  }

  it('objects that vanish without a tombstone take nothing away and bring nothing', () => {
    neverChanges((world, objects, isHarmed) => {
      for (const [index, object] of objects.entries()) {
        const vanishes = object.presence === 'present' && isHarmed[index % isHarmed.length] === true;
        if (vanishes) world.cluster.mark(object.kind, object.key, 'missing');
      }
    });
  });

  it('a stale view in which every endpoint is not ready takes nothing away', () => {
    neverChanges((world) => {
      world.cluster.stale(...kinds);
      for (const key of services) {
        for (const number of [0, 1]) world.cluster.put(aSlice(nodes.map(notReady), { service: key }, `${key}-${number}`));
      }
    });
  });

  it.each<[string, ObservedObject]>([
    ['advertisements', anAdvertisement({ nodeSelector: { matchLabels: { no: 'where' } } }, 'one')],
    ['pools', aPool({ prefixes: [] })],
    ['peers', aPeer('p1', { families: [] })],
    ['nodes', aNode('n1', { excluded: true })],
  ])('a stale view of %s that allow nothing takes nothing away', (_, object) => {
    neverChanges((world) => {
      world.cluster.stale(...kinds);
      // One that is deleted stays so: a tombstone is evidence, and it was decided already.
      world.cluster.put(object);
    });
  });

  it('Nodes that are not Ready take nothing away, whatever is said of their endpoints', () => {
    neverChanges((world) => {
      for (const name of nodes) {
        const { labels: kept = {}, excluded = false } = world.cluster.node(name) ?? {};
        if (world.cluster.node(name)?.presence === 'present') world.cluster.put(anUnreadyNode(name, { labels: kept, excluded }));
      }
      for (const key of services) {
        const sliceKeys = [...world.cluster.slicesOf(key)].filter((item) => item.presence === 'present');
        for (const item of sliceKeys) {
          const endpoints = item.endpoints.map(({ node: name }) => (name === undefined ? {} : notReady(name)));
          world.cluster.put({ ...item, endpoints });
        }
      }
    }, true);
  });

  it('a change of leader changes nothing by itself', () => {
    /** Addresses that nobody but us writes into a status: what a new leader learns whose a route is from. */
    const put = (world: World, object: ObservedObject): void => {
      const ingress = object.kind === 'Service' ? world.cluster.service(object.key)?.ingress : undefined;
      world.cluster.put(ingress === undefined ? object : { ...(object as ObservedService), ingress });
      for (const key of services) {
        decide(world, services);
        world.writeStatus(key);
      }
      decide(world, services);
    };
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
        const world = aWorld([aService({ addresses: [], ingress: [] }, 'web/c')]);
        decide(world, services);
        for (const object of changes) {
          world.nowMs += step;
          put(world, object);
        }
        const before = world.announced();
        world.changeLeader();
        decide(world, services);
        expect(world.announced()).toEqual(before);
      }),
      { numRuns: 100 },
    );
  });
});
