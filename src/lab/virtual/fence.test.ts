import { describe, expect, it } from 'vitest';
import * as objects from './objects.ts';
import type { ClusterKind } from './virtual-cluster.ts';
import { VirtualFabric } from './virtual-fabric.ts';

const address = '192.0.2.53';

type Condition = { readonly type: string; readonly status: string; readonly reason: string; readonly message: string };

/** Two nodes that serve a Service, and an AnycastService that refines it; the speaker of n1 is away for good. */
async function fabricWithoutN1(): Promise<VirtualFabric> {
  const fabric = await VirtualFabric.start({ nodes: ['n1', 'n2'], routers: ['a'] });
  fabric.cluster.apply('Service', objects.service('dns/edge', [address]));
  fabric.cluster.apply('AnycastService', objects.refinement('dns/edge', 'dns/edge'));
  fabric.cluster.apply('EndpointSlice', objects.slice('dns/edge', { n1: true, n2: true }));
  await fabric.run(15_000);
  fabric.cutStream('n1', false);
  await fabric.run(100);
  return fabric;
}

const conditionsOf = (fabric: VirtualFabric, kind: ClusterKind, key: string): readonly Condition[] =>
  ((fabric.cluster.get(kind, key)?.['status'] ?? {}) as { conditions?: readonly Condition[] }).conditions ?? [];

/** The condition AwaitingFence, or Ready where the object has no such condition. */
const said = (fabric: VirtualFabric, kind: ClusterKind, key: string, type = 'AwaitingFence'): Condition | undefined =>
  conditionsOf(fabric, kind, key).find((condition) => condition.type === type);

const isThere = (fabric: VirtualFabric, kind: ClusterKind, key: string): boolean => fabric.cluster.get(kind, key) !== undefined;

describe('a deletion that waits for a speaker that is away', () => {
  it('says so on the object, names the node and both ways out, and ends when the speaker is back', async () => {
    const fabric = await fabricWithoutN1();
    fabric.cluster.delete('AnycastPeer', 'a');
    await fabric.run(30_000);
    const condition = said(fabric, 'AnycastPeer', 'a');
    expect(condition).toMatchObject({ status: 'True', reason: 'AwaitingFence' });
    expect(condition?.message).toMatch(/: n1\. .*when they are back.*delete the Node and the AnycastSpeaker/);
    expect(said(fabric, 'AnycastPeer', 'a', 'Ready')).toMatchObject({ status: 'False', reason: 'AwaitingFence' });
    fabric.reconnect('n1');
    await fabric.run(10_000);
    expect(isThere(fabric, 'AnycastPeer', 'a')).toBe(false);
  });

  it('ends when a person says that the node is gone for good', async () => {
    const fabric = await fabricWithoutN1();
    fabric.cluster.delete('AnycastPeer', 'a');
    await fabric.run(30_000);
    expect(said(fabric, 'AnycastPeer', 'a')).toBeDefined();
    fabric.cluster.delete('Node', 'n1');
    fabric.cluster.delete('AnycastSpeaker', 'n1');
    await fabric.run(30_000);
    expect(isThere(fabric, 'AnycastPeer', 'a')).toBe(false);
  });

  it('names nodes that a new leader has not heard', async () => {
    const fabric = await fabricWithoutN1();
    await fabric.stopOperator();
    fabric.startOperator();
    fabric.cluster.delete('AnycastPool', 'edge');
    await fabric.run(60_000);
    expect(said(fabric, 'AnycastPool', 'edge')?.message).toContain(': n1. ');
  });

  it('is said by the AnycastService of a Service', async () => {
    const fabric = await fabricWithoutN1();
    fabric.cluster.delete('Service', 'dns/edge');
    await fabric.run(30_000);
    expect(isThere(fabric, 'Service', 'dns/edge')).toBe(true);
    expect(said(fabric, 'AnycastService', 'dns/edge', 'Ready')).toMatchObject({
      reason: 'AwaitingFence',
      message: expect.stringContaining(': n1. '),
    });
  });

  it('of an AnycastService of another class is said there, also where the speaker goes away later', async () => {
    const fabric = await VirtualFabric.start({ nodes: ['n1'], routers: ['a'] });
    const foreign = objects.service('dns/edge', [], { loadBalancerClass: 'example.com/other' });
    fabric.cluster.apply('Service', { ...foreign, status: { loadBalancer: { ingress: [{ ip: address }] } } });
    fabric.cluster.apply('AnycastService', objects.refinement('dns/edge', 'dns/edge'));
    fabric.cluster.apply('EndpointSlice', objects.slice('dns/edge', { n1: true }));
    await fabric.run(15_000);
    fabric.network.change('198.51.100.1', { blackHole: true });
    fabric.cluster.delete('AnycastService', 'dns/edge');
    await fabric.run(1_000);
    expect(said(fabric, 'AnycastService', 'dns/edge')).toBeUndefined();
    fabric.cutStream('n1', false);
    await fabric.run(30_000);
    expect(said(fabric, 'AnycastService', 'dns/edge')?.message).toContain(': n1. ');
    fabric.reconnect('n1');
    await fabric.run(5_000);
    expect(conditionsOf(fabric, 'AnycastService', 'dns/edge').map(({ reason }) => reason)).not.toContain('AwaitingFence');
    fabric.network.change('198.51.100.1', { blackHole: false });
    await fabric.run(30_000);
    expect(isThere(fabric, 'AnycastService', 'dns/edge')).toBe(false);
  });
});

describe('an address whose last route was not acknowledged by a speaker that is away', () => {
  it('is not given to another Service, which says which node it waits for, until that is back', async () => {
    const fabric = await fabricWithoutN1();
    fabric.cluster.apply('Service', objects.service('dns/heir', [address]));
    fabric.cluster.apply('AnycastService', objects.refinement('dns/heir', 'dns/heir'));
    fabric.cluster.apply('EndpointSlice', objects.slice('dns/heir', { n2: true }));
    fabric.cluster.delete('Service', 'dns/edge');
    await fabric.run(30_000);
    const ready = said(fabric, 'AnycastService', 'dns/heir', 'Ready');
    expect(ready).toMatchObject({ status: 'False', reason: 'AwaitingFence' });
    expect(ready?.message).toContain(': n1. ');
    fabric.reconnect('n1');
    await fabric.run(30_000);
    expect(said(fabric, 'AnycastService', 'dns/heir', 'Ready')).toMatchObject({ status: 'True' });
    expect(fabric.routes('a')).toEqual([`${address}/32 from n2`]);
  });
});

describe('an address that a speaker may announce which a new leader has not heard', () => {
  /** A new leader that has not heard n1, whose routers have the address; then `change`, and another Service that asks for it. */
  async function fabricWithHeir(change: (fabric: VirtualFabric) => void): Promise<VirtualFabric> {
    const fabric = await fabricWithoutN1();
    await fabric.stopOperator();
    fabric.startOperator();
    change(fabric);
    fabric.cluster.apply('Service', objects.service('dns/heir', [address]));
    fabric.cluster.apply('AnycastService', objects.refinement('dns/heir', 'dns/heir'));
    fabric.cluster.apply('EndpointSlice', objects.slice('dns/edge', { n1: true }));
    fabric.cluster.apply('EndpointSlice', objects.slice('dns/heir', { n2: true }));
    await fabric.run(60_000);
    return fabric;
  }

  const fates: readonly (readonly [string, (fabric: VirtualFabric) => void])[] = [
    ['is deleted', (fabric) => fabric.cluster.delete('Service', 'dns/edge')],
    ['asks for another', (fabric) => fabric.cluster.apply('Service', objects.service('dns/edge', ['192.0.2.54']))],
  ];

  it.each(fates)('is not given to another Service when its own %s, until that is heard', async (_, change) => {
    const fabric = await fabricWithHeir(change);
    expect(fabric.routes('a')).toContain(`${address}/32 from n1`);
    expect(fabric.routes('a')).not.toContain(`${address}/32 from n2`);
    const ready = said(fabric, 'AnycastService', 'dns/heir', 'Ready');
    expect(ready).toMatchObject({ status: 'False', reason: 'AwaitingFence', message: expect.stringContaining(': n1. ') });
    fabric.reconnect('n1');
    await fabric.run(30_000);
    expect(fabric.routes('a')).toContain(`${address}/32 from n2`);
    expect(fabric.routes('a')).not.toContain(`${address}/32 from n1`);
    expect(said(fabric, 'AnycastService', 'dns/heir', 'Ready')).toMatchObject({ status: 'True' });
  });

  it('is given when a person says that its node is gone for good', async () => {
    const fabric = await fabricWithHeir((each) => each.cluster.delete('Service', 'dns/edge'));
    fabric.cluster.delete('Node', 'n1');
    fabric.cluster.delete('AnycastSpeaker', 'n1');
    await fabric.run(30_000);
    expect(fabric.routes('a')).toContain(`${address}/32 from n2`);
  });

  it('keeps no Service waiting that has the address in its status, or asks for one that nobody had', async () => {
    const fabric = await fabricWithHeir((each) => each.cluster.apply('Service', objects.service('dns/new', ['192.0.2.99'])));
    fabric.cluster.apply('EndpointSlice', objects.slice('dns/new', { n2: true }));
    fabric.cluster.apply('EndpointSlice', objects.slice('dns/edge', { n1: true, n2: true }));
    await fabric.run(30_000);
    expect(fabric.routes('a')).toEqual(expect.arrayContaining(['192.0.2.99/32 from n2', `${address}/32 from n2`]));
  });
});
