import { describe, expect, it } from 'vitest';
import * as objects from './objects.ts';
import { VirtualFabric } from './virtual-fabric.ts';

const address = '192.0.2.53';

type Condition = { readonly type: string; readonly status: string; readonly reason: string; readonly message: string };

type OurKind = 'AnycastService' | 'AnycastConfig' | 'AnycastPeer' | 'AnycastSpeaker';

const conditionsOf = (fabric: VirtualFabric, kind: OurKind = 'AnycastService', key = 'dns/edge'): readonly Condition[] =>
  ((fabric.cluster.get(kind, key)?.['status'] ?? {}) as { conditions?: readonly Condition[] }).conditions ?? [];

const words = (fabric: VirtualFabric): string[] => conditionsOf(fabric).map(({ type, status, reason }) => `${type}=${status}/${reason}`);

const readyMessage = (fabric: VirtualFabric): string | undefined => conditionsOf(fabric).find(({ type }) => type === 'Ready')?.message;

/** Of two nodes that have an endpoint, the first is ready. */
async function aFabric(mode: 'Announce' | 'Observe'): Promise<VirtualFabric> {
  const fabric = await VirtualFabric.start({ nodes: ['n1', 'n2'], routers: ['a'] });
  fabric.cluster.apply('Service', objects.service('dns/edge', [address]));
  fabric.cluster.apply('AnycastService', objects.refinement('dns/edge', 'dns/edge', { mode }));
  fabric.cluster.apply('EndpointSlice', objects.slice('dns/edge', { n1: true, n2: false }));
  await fabric.run(15_000);
  return fabric;
}

const settled = ['Accepted=True/Accepted', 'ResolvedRefs=True/Resolved', 'Announced=False/Observing', 'Ready=True/Observing'];

describe('an AnycastService in mode Observe', () => {
  it('is Ready, works on nothing, and says from how many nodes it would be announced', async () => {
    const fabric = await aFabric('Observe');
    expect(words(fabric)).toEqual(settled);
    expect(readyMessage(fabric)).toBe('would be announced from 1 node');
    fabric.cluster.apply('EndpointSlice', objects.slice('dns/edge', { n1: true, n2: true }));
    await fabric.run(15_000);
    expect(readyMessage(fabric)).toBe('would be announced from 2 nodes');
    fabric.cluster.apply('EndpointSlice', objects.slice('dns/edge', { n1: false, n2: false }));
    await fabric.run(15_000);
    expect(words(fabric)).toEqual(settled);
    expect(readyMessage(fabric)).toBe('would be announced from 0 nodes');
    expect(fabric.heard).toEqual([]);
  });

  it('is not Ready where it would not be announced at all', async () => {
    const fabric = await aFabric('Observe');
    fabric.cluster.apply('Service', objects.service('dns/edge', ['198.18.0.1']));
    await fabric.run(15_000);
    expect(words(fabric)).toContain('Ready=False/AddressNotInPool');
    expect(words(fabric)).toContain('Stalled=True/AddressNotInPool');
  });

  it('is reconciling while its routes are being withdrawn, and no longer', async () => {
    const fabric = await aFabric('Announce');
    fabric.network.change('198.51.100.1', { blackHole: true });
    fabric.cluster.apply('AnycastService', objects.refinement('dns/edge', 'dns/edge', { mode: 'Observe' }));
    await fabric.run(3_000);
    expect(words(fabric)).toContain('Reconciling=True/ObserveOnly');
    fabric.network.change('198.51.100.1', { blackHole: false });
    await fabric.run(30_000);
    expect(words(fabric)).toEqual(settled);
    expect(fabric.routes('a')).toEqual([]);
  });
});

describe('an AnycastConfig in mode Observe', () => {
  const observing = objects.config([], { mode: 'Observe', removalGuard: objects.noRemovalGuard });

  async function anObservingFabric(): Promise<VirtualFabric> {
    const fabric = await VirtualFabric.start({ nodes: ['n1', 'n2'], routers: ['a'], configSpec: { mode: 'Observe' } });
    fabric.cluster.apply('Service', objects.service('dns/edge', [address]));
    fabric.cluster.apply('AnycastService', objects.refinement('dns/edge', 'dns/edge'));
    fabric.cluster.apply('EndpointSlice', objects.slice('dns/edge', { n1: true, n2: true }));
    await fabric.run(15_000);
    return fabric;
  }

  const ready = (fabric: VirtualFabric, kind: OurKind, key: string): string => {
    const found = conditionsOf(fabric, kind, key).find(({ type }) => type === 'Ready');
    return `${found?.status}/${found?.reason}: ${found?.message}`;
  };

  const ingress = (fabric: VirtualFabric): unknown => fabric.cluster.get('Service', 'dns/edge')?.['status'];

  it('opens no session, touches no Service, and says so everywhere', async () => {
    const fabric = await anObservingFabric();
    expect(fabric.sessions('a')).toEqual([]);
    expect(words(fabric)).toEqual(settled);
    expect(readyMessage(fabric)).toBe('would be announced from 2 nodes');
    expect(ready(fabric, 'AnycastConfig', 'default')).toBe('True/Observing: the mode is Observe: no session is opened');
    expect(ready(fabric, 'AnycastPeer', 'a')).toBe('True/ObserveOnly: no session is opened: the mode is Observe; 2 nodes would have one');
    expect(ready(fabric, 'AnycastSpeaker', 'n1')).toBe('True/ObserveOnly: the mode of the AnycastConfig is Observe: no session is opened');
    expect(ingress(fabric)).toBeUndefined();
    expect(fabric.cluster.get('Service', 'dns/edge')?.metadata.finalizers ?? []).toEqual([]);
  });

  it('opens none after a restart of the operator either', async () => {
    const fabric = await anObservingFabric();
    await fabric.stopOperator();
    fabric.startOperator();
    await fabric.run(60_000);
    expect(fabric.sessions('a')).toEqual([]);
  });

  it('opens them and announces when the mode changes to Announce, and takes all back when it is Observe again', async () => {
    const fabric = await anObservingFabric();
    fabric.cluster.apply('AnycastConfig', objects.config([], { mode: 'Announce', removalGuard: objects.noRemovalGuard }));
    await fabric.run(30_000);
    expect(fabric.routes('a')).toEqual([`${address}/32 from n1`, `${address}/32 from n2`]);
    expect(ready(fabric, 'AnycastPeer', 'a')).toContain('True/Established');
    expect(ready(fabric, 'AnycastSpeaker', 'n1')).toContain('True/AsWanted');
    expect(ready(fabric, 'AnycastConfig', 'default')).toContain('True/InForce');

    fabric.cluster.apply('AnycastConfig', observing);
    await fabric.run(30_000);
    expect(fabric.routes('a')).toEqual([]);
    expect(fabric.sessions('a')).toEqual(['Idle', 'Idle']);
    expect(words(fabric)).toEqual(settled);
    expect(ready(fabric, 'AnycastSpeaker', 'n1')).toContain('True/ObserveOnly');
    // Whoever announces from now on finds the address where it was.
    expect(ingress(fabric)).toMatchObject({ loadBalancer: { ingress: [{ ip: address }] } });
  });

  it('names a node whose speaker is away and has not closed its session', async () => {
    const fabric = await VirtualFabric.start({ nodes: ['n1'], routers: ['a'] });
    fabric.cutStream('n1', false);
    fabric.cluster.apply('AnycastConfig', observing);
    await fabric.run(15_000);
    expect(ready(fabric, 'AnycastPeer', 'a')).toBe(
      'False/ObserveOnly: n1: its speaker has not closed the session yet: the mode is Observe',
    );
    expect(fabric.sessions('a')).toEqual(['Established']);
    fabric.reconnect('n1');
    await fabric.run(15_000);
    expect(ready(fabric, 'AnycastPeer', 'a')).toContain('True/ObserveOnly');
    expect(fabric.sessions('a')).toEqual(['Idle']);
  });

  it('asks a person where it would take much at once, and keeps routes and sessions until then', async () => {
    const fabric = await VirtualFabric.start({ nodes: ['n1', 'n2'], routers: ['a'], removalGuard: {} });
    fabric.cluster.apply('Service', objects.service('dns/edge', [address, '192.0.2.54']));
    fabric.cluster.apply('EndpointSlice', objects.slice('dns/edge', { n1: true, n2: true }));
    await fabric.run(15_000);
    expect(fabric.routes('a')).toHaveLength(4);
    const before = fabric.heard.length;
    fabric.cluster.apply('AnycastConfig', objects.config([], { mode: 'Observe' }));
    await fabric.run(120_000);
    expect(fabric.heard.slice(before)).toEqual([]);
    expect(fabric.sessions('a')).toEqual(['Established', 'Established']);
    expect(fabric.cluster.keys('AnycastHold')).toHaveLength(1);
    fabric.cluster.apply('AnycastConfig', objects.config([]));
    await fabric.run(120_000);
    expect(fabric.cluster.keys('AnycastHold')).toEqual([]);
    expect(fabric.routes('a')).toHaveLength(4);
  });
});
