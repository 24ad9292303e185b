import { describe, expect, it } from 'vitest';
import type { AnycastHoldStatus } from '#api/anycast-hold.ts';
import type { RawObject } from '#kube/resource.ts';
import * as objects from './objects.ts';
import { VirtualFabric } from './virtual-fabric.ts';

const addressOf = (number: number): string => `192.0.2.${number}`;
const keyOf = (number: number): string => `dns/s${number}`;
const numbers = (count: number): number[] => Array.from({ length: count }, (_, index) => index + 1);

const service = (number: number): RawObject => objects.service(keyOf(number), [addressOf(number)]);

/** Two nodes that serve Services, one router, and the removal guard as it is without an AnycastConfig that says otherwise. */
async function aFabric(services: number, removalGuard = {}): Promise<VirtualFabric> {
  const fabric = await VirtualFabric.start({ nodes: ['n1', 'n2'], routers: ['a'], removalGuard });
  for (const number of numbers(services)) {
    fabric.cluster.apply('Service', service(number));
    fabric.cluster.apply('EndpointSlice', objects.slice(keyOf(number), { n1: true, n2: true }));
  }
  await fabric.run(15_000);
  expect(fabric.routes('a')).toHaveLength(services * 2);
  fabric.heard.length = 0;
  return fabric;
}

const removeServices = (fabric: VirtualFabric, ...which: readonly number[]): void => {
  for (const number of which) fabric.cluster.delete('Service', keyOf(number));
};

const servicesThere = (fabric: VirtualFabric): number[] =>
  numbers(20).filter((number) => fabric.cluster.get('Service', keyOf(number)) !== undefined);

/** Eight Services that were deleted at once: two of them are gone, and six are held. */
async function aHeldFabric(): Promise<VirtualFabric> {
  const fabric = await aFabric(8);
  removeServices(fabric, ...numbers(8));
  await fabric.run(10_000);
  return fabric;
}

/** What AnycastHolds list, and the one way to answer the only one. */
const holds = (fabric: VirtualFabric): AnycastHoldStatus[] =>
  fabric.cluster.keys('AnycastHold').map((key) => fabric.cluster.get('AnycastHold', key)?.['status'] as AnycastHoldStatus);

function answerHold(fabric: VirtualFabric, spec: Readonly<Record<string, unknown>>): void {
  const [key = ''] = fabric.cluster.keys('AnycastHold');
  const object = fabric.cluster.get('AnycastHold', key) as RawObject;
  fabric.cluster.update('AnycastHold', { ...object, spec });
}

const reasonsOf = ([hold]: readonly AnycastHoldStatus[]): string[] =>
  (hold?.conditions ?? []).map(({ type, reason }) => `${type}/${reason}`);

describe('what is deleted and made again', () => {
  it('within the grace was never gone: a Service', async () => {
    const fabric = await aFabric(8);
    removeServices(fabric, 1);
    await fabric.run(200);
    expect(servicesThere(fabric)).not.toContain(1);
    await fabric.run(800);
    fabric.cluster.apply('Service', service(1));
    await fabric.run(60_000);
    expect([fabric.heard, servicesThere(fabric).length]).toEqual([[], 8]);
  });

  it('within the grace was never gone: pool, advertisement, peer and AnycastService, all of them', async () => {
    const fabric = await aFabric(8);
    fabric.cluster.apply('AnycastService', objects.refinement('dns/s1', 'dns/s1', { addresses: [addressOf(1)] }));
    await fabric.run(5_000);
    fabric.heard.length = 0;
    const all = [
      ['AnycastPool', 'edge'],
      ['AnycastAdvertisement', 'all'],
      ['AnycastPeer', 'a'],
      ['AnycastService', 'dns/s1'],
    ] as const;
    const before = all.map(([kind, key]) => [kind, key, fabric.cluster.get(kind, key) as RawObject] as const);
    for (const [kind, key] of all) fabric.cluster.delete(kind, key);
    await fabric.run(1_000);
    expect(all.filter(([kind, key]) => fabric.cluster.get(kind, key) !== undefined)).toEqual([]);
    for (const [kind, , { spec, metadata }] of before as readonly (readonly [
      (typeof all)[number][0],
      string,
      RawObject & { readonly spec?: unknown },
    ])[]) {
      const { name, namespace } = metadata;
      fabric.cluster.apply(kind, { metadata: { name, ...(namespace !== undefined && { namespace }) }, spec } as RawObject);
    }
    await fabric.run(60_000);
    expect([fabric.heard, holds(fabric)]).toEqual([[], []]);
    expect(fabric.routes('a')).toHaveLength(16);
  });

  it('is withdrawn where it does not come back', async () => {
    const fabric = await aFabric(8);
    removeServices(fabric, 1);
    await fabric.run(4_900);
    expect(fabric.heard).toEqual([]);
    await fabric.run(200);
    expect(fabric.heard).toEqual(['a -192.0.2.1/32 from n1', 'a -192.0.2.1/32 from n2']);
    expect(holds(fabric)).toEqual([]);
  });

  it('is withdrawn before the Service goes, where no grace is wanted', async () => {
    const fabric = await aFabric(8, { graceSeconds: 0 });
    fabric.network.change('198.51.100.1', { blackHole: true });
    removeServices(fabric, 1);
    await fabric.run(1_000);
    expect(servicesThere(fabric)).toContain(1);
    fabric.network.change('198.51.100.1', { blackHole: false });
    await fabric.run(2_000);
    expect(servicesThere(fabric)).not.toContain(1);
    expect(fabric.heard).toHaveLength(2);
  });
});

describe('more than may go at once', () => {
  it('stays, is served, and waits for a person who read what it is', async () => {
    const fabric = await aHeldFabric();
    expect(fabric.routes('a')).toHaveLength(12);
    expect(servicesThere(fabric)).toEqual([3, 4, 5, 6, 7, 8]);
    const [hold] = holds(fabric);
    expect(hold).toMatchObject({ prefixes: 6 });
    expect(hold?.removals?.[0]).toEqual({ prefix: '192.0.2.3/32', service: 'dns/s3', cause: 'removal', reason: 'ServiceDeleted' });
    expect(reasonsOf(holds(fabric))).toEqual(['Approved/AwaitingApproval', 'Ready/AwaitingApproval']);

    answerHold(fabric, { approvedHash: '0123456789abcdef' });
    await fabric.run(120_000);
    expect(fabric.routes('a')).toHaveLength(12);

    answerHold(fabric, { approvedHash: hold?.hash });
    await fabric.run(5_000);
    expect([fabric.routes('a'), servicesThere(fabric), holds(fabric)]).toEqual([[], [], []]);
  });

  it('follows its endpoints while it waits: down, and up again', async () => {
    const fabric = await aHeldFabric();
    fabric.heard.length = 0;
    fabric.cluster.apply('EndpointSlice', objects.slice(keyOf(8), { n1: false, n2: true }));
    await fabric.run(1_000);
    expect(fabric.heard).toEqual(['a -192.0.2.8/32 from n1']);
    fabric.cluster.apply('EndpointSlice', objects.slice(keyOf(8), { n1: true, n2: true }));
    await fabric.run(5_000);
    expect(fabric.heard.at(-1)).toBe('a +192.0.2.8/32 from n1');
  });

  it('is made anew where a person says so: nothing moves, and the hold ends by itself', async () => {
    const fabric = await aFabric(4);
    removeServices(fabric, ...numbers(4));
    await fabric.run(500);
    fabric.cluster.apply('Service', service(1));
    await fabric.run(5_000);
    expect(servicesThere(fabric)).toEqual([1, 2, 3, 4]);
    answerHold(fabric, { restoredHash: holds(fabric)[0]?.hash });
    await fabric.run(3_000);
    expect(servicesThere(fabric)).toEqual([1]);
    expect(reasonsOf(holds(fabric))).toEqual(['Approved/Restoring', 'Ready/Restoring']);
    for (const number of [2, 3, 4]) fabric.cluster.apply('Service', service(number));
    await fabric.run(10_000);
    expect([fabric.heard, holds(fabric), servicesThere(fabric)]).toEqual([[], [], [1, 2, 3, 4]]);
  });

  it('is a pool that lost its addresses by a slip: nothing moves, and undoing it ends the hold', async () => {
    const fabric = await aFabric(8);
    fabric.cluster.apply('AnycastPool', objects.pool('edge', ['203.0.113.0/24']));
    await fabric.run(30_000);
    expect(holds(fabric)).toMatchObject([{ prefixes: 6 }]);
    expect(fabric.routes('a')).toHaveLength(12);
    fabric.heard.length = 0;
    fabric.cluster.apply('EndpointSlice', objects.slice(keyOf(8), { n1: false, n2: true }));
    await fabric.run(1_000);
    expect(fabric.heard).toEqual(['a -192.0.2.8/32 from n1']);
    // What is not allowed comes up nowhere.
    fabric.cluster.apply('EndpointSlice', objects.slice(keyOf(8), { n1: true, n2: true }));
    await fabric.run(5_000);
    expect(fabric.heard).toHaveLength(1);
    fabric.cluster.apply('AnycastPool', objects.pool('edge', ['192.0.2.0/24', '2001:db8:53::/64']));
    await fabric.run(30_000);
    expect(fabric.routes('a')).toHaveLength(16);
    expect(holds(fabric)).toEqual([]);
  });

  it('is the only router: its session stays as long as its routes', async () => {
    const fabric = await aFabric(8);
    fabric.cluster.delete('AnycastPeer', 'a');
    await fabric.run(30_000);
    expect(fabric.routes('a')).toHaveLength(12);
    answerHold(fabric, { approvedHash: holds(fabric)[0]?.hash });
    await fabric.run(10_000);
    expect([fabric.routes('a'), holds(fabric)]).toEqual([[], []]);
    expect(fabric.cluster.get('AnycastPeer', 'a')).toBeUndefined();
  });

  it('is the last prefix of a pool, whatever else there is', async () => {
    const fabric = await aFabric(8);
    fabric.cluster.apply('AnycastPool', objects.pool('lone', ['203.0.113.0/24']));
    fabric.cluster.apply('Service', objects.service('dns/lone', ['203.0.113.1']));
    fabric.cluster.apply('EndpointSlice', objects.slice('dns/lone', { n1: true }));
    await fabric.run(5_000);
    fabric.cluster.delete('Service', 'dns/lone');
    await fabric.run(30_000);
    expect(holds(fabric)).toMatchObject([{ prefixes: 1, removals: [{ prefix: '203.0.113.1/32' }] }]);
    fabric.cluster.apply('AnycastConfig', objects.config([], { removalGuard: { lastOfPool: 'Allow' } }));
    await fabric.run(30_000);
    expect(fabric.routes('a')).toContain('203.0.113.1/32 from n1');
  });
});

describe('a hold', () => {
  it('outlives the leader, with what was approved of it meanwhile', async () => {
    const fabric = await aHeldFabric();
    const [hold] = holds(fabric);
    await fabric.stopOperator();
    fabric.startOperator();
    await fabric.run(30_000);
    expect(fabric.routes('a')).toHaveLength(12);
    expect(holds(fabric)).toMatchObject([{ hash: hold?.hash, prefixes: 6 }]);
    await fabric.stopOperator();
    answerHold(fabric, { approvedHash: hold?.hash });
    fabric.startOperator();
    await fabric.run(30_000);
    expect([fabric.routes('a'), servicesThere(fabric), holds(fabric)]).toEqual([[], [], []]);
  });

  it.each([
    ['AnycastPool', 'edge'],
    ['AnycastAdvertisement', 'all'],
    ['AnycastPeer', 'a'],
  ] as const)('goes when it is approved, also where the %s behind it was let go and the operator started anew', async (kind, key) => {
    const fabric = await aFabric(8);
    fabric.cluster.delete(kind, key);
    await fabric.run(30_000);
    await fabric.stopOperator();
    fabric.startOperator();
    await fabric.run(30_000);
    expect(fabric.routes('a')).toHaveLength(12);
    answerHold(fabric, { approvedHash: holds(fabric)[0]?.hash });
    await fabric.run(60_000);
    expect(fabric.routes('a')).toEqual([]);
  });

  it('is for all but a quarter, however often the leader changes before it is written', async () => {
    const fabric = await aFabric(8);
    for (let round = 0; round < 6; round++) {
      removeServices(fabric, ...numbers(8));
      await fabric.run(3_000);
      await fabric.stopOperator();
      fabric.startOperator();
    }
    await fabric.run(30_000);
    expect(fabric.routes('a').length).toBeGreaterThanOrEqual(12);
  });

  it('that somebody deletes is made again: deleting it decides nothing', async () => {
    const fabric = await aHeldFabric();
    const [hold] = holds(fabric);
    fabric.cluster.delete('AnycastHold', fabric.cluster.keys('AnycastHold')[0] ?? '');
    await fabric.run(10_000);
    expect(holds(fabric)).toMatchObject([{ hash: hold?.hash }]);
    expect(fabric.routes('a')).toHaveLength(12);
  });

  it('takes in what follows within a minute; what comes later makes another one', async () => {
    const fabric = await aFabric(12);
    removeServices(fabric, ...numbers(5));
    await fabric.run(10_000);
    expect(holds(fabric)).toMatchObject([{ prefixes: 2 }]);
    removeServices(fabric, 6);
    await fabric.run(10_000);
    expect(holds(fabric)).toMatchObject([{ prefixes: 3 }]);
    await fabric.run(60_000);
    removeServices(fabric, 7);
    await fabric.run(10_000);
    expect(holds(fabric).map(({ prefixes }) => prefixes)).toEqual([3, 1]);
  });

  it('is none of what goes an hour later', async () => {
    const fabric = await aFabric(8);
    removeServices(fabric, 1, 2);
    await fabric.run(3_600_000 + 10_000);
    removeServices(fabric, 3);
    await fabric.run(10_000);
    expect(holds(fabric)).toEqual([]);
    expect(fabric.routes('a')).toHaveLength(10);
  });
});
