import { describe, expect, it } from 'vitest';
import * as objects from './objects.ts';
import { VirtualFabric } from './virtual-fabric.ts';

const address = '192.0.2.53';

type Condition = { readonly type: string; readonly status: string; readonly reason: string; readonly message: string };

const conditionsOf = (fabric: VirtualFabric): readonly Condition[] =>
  ((fabric.cluster.get('AnycastService', 'dns/edge')?.['status'] ?? {}) as { conditions?: readonly Condition[] }).conditions ?? [];

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
