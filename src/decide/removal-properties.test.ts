import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePrefix } from '#net/prefix.ts';
import { unwrap } from '#runtime/result.ts';
import { aNamespace, aNode, anAdvertisement, aPeer, aPool, aService, aSlice, ready } from './testing/builders.ts';
import { Cluster } from './testing/cluster.ts';
import { World } from './testing/world.ts';
import type { ObservedObject } from './view.ts';

const count = 8;
const nodes = ['n1', 'n2'] as const;
const keys = Array.from({ length: count }, (_, index) => `dns/s${index + 1}`);
const addressOf = (key: string): string => `192.0.2.${key.slice('dns/s'.length)}`;
const pool = (...prefixes: readonly string[]) => aPool({ prefixes: prefixes.map((text) => unwrap(parsePrefix(text))) });
const service = (key: string) => aService({ addresses: [addressOf(key)], ingress: [addressOf(key)] }, key);

/** As everything should be: eight Services, served on two nodes. */
const right: readonly ObservedObject[] = [
  aNamespace('dns'),
  pool('192.0.2.0/24'),
  anAdvertisement(),
  aPeer('tor'),
  ...nodes.map((name) => aNode(name)),
  ...keys.map(service),
];

const nowhere = { matchLabels: { no: 'where' } };

/** What people and tools do by mistake. */
const mistake: fc.Arbitrary<ObservedObject> = fc.oneof(
  fc.constantFrom(...keys).map((key) => ({ ...service(key), presence: 'deleting' }) as const),
  fc.constantFrom(...keys).map((key) => ({ ...service(key), addresses: [] })),
  fc.constantFrom(...right).map((object): ObservedObject => (object.kind === 'Namespace' ? object : { ...object, presence: 'deleted' })),
  fc.constantFrom(...nodes).map((name) => aNode(name, { excluded: true })),
  fc.constantFrom<ObservedObject>(
    pool(),
    pool('192.0.2.0/30'),
    anAdvertisement({ nodeSelector: nowhere }),
    anAdvertisement({ serviceSelector: nowhere }),
    aPeer('tor', { nodeSelector: nowhere }),
    aPeer('tor', { families: ['IPv6'] }),
  ),
);

function aWorld(graceMs: number): World {
  const slices = keys.map((key) => aSlice(nodes.map(ready), { service: key }));
  const world = new World(new Cluster(...right, ...slices), nodes);
  world.removalGuard = { graceMs, maxPercent: 25, maxPrefixes: 100, holdsLastOfPool: true };
  settle(world);
  return world;
}

/** Decides everything, in the order of a turn, until the grace of what was taken away is over. */
function settle(world: World): void {
  for (let round = 0; round < 2; round++) {
    for (const node of nodes) world.decideNode(node);
    world.decideAll();
    world.nowMs += 5_000;
  }
}

const prefixes = (world: World): Set<string> => new Set(world.announced().flatMap((text) => /"prefix":"([^"]+)"/.exec(text)?.[1] ?? []));

describe('whatever is taken away by configuration within an hour', () => {
  it.each([0, 5_000])('three quarters of the prefixes stay, and all are back when it is undone (grace %d ms)', (graceMs) => {
    fc.assert(
      fc.property(fc.array(mistake, { minLength: 1, maxLength: 12 }), (mistakes) => {
        const world = aWorld(graceMs);
        expect(prefixes(world).size).toBe(count);
        for (const object of mistakes) {
          world.cluster.put(object);
          settle(world);
          expect(prefixes(world).size).toBeGreaterThanOrEqual(count - count / 4);
        }
        world.cluster.put(...right);
        settle(world);
        expect(prefixes(world).size).toBe(count);
        expect(world.ledger.removals.sizes()).toEqual({ grace: 0, held: 0 });
      }),
      { numRuns: 150 },
    );
  });

  it('nothing moves where each thing is back within the grace', () => {
    fc.assert(
      fc.property(fc.array(mistake, { minLength: 1, maxLength: 12 }), fc.nat(4_999), (mistakes, msLater) => {
        const world = aWorld(5_000);
        const before = world.announced();
        for (const object of mistakes.filter(({ kind }) => kind !== 'Node')) {
          world.cluster.put(object);
          for (const node of nodes) world.decideNode(node);
          world.decideAll();
          world.nowMs += msLater;
          world.cluster.put(...right);
          for (const node of nodes) world.decideNode(node);
          world.decideAll();
          expect(world.announced()).toEqual(before);
        }
      }),
      { numRuns: 150 },
    );
  });
});
