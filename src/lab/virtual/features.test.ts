import { describe, expect, it } from 'vitest';
import { MemoryDisk } from '#speaker/keep/disk.ts';
import { allFeatures, type Feature } from '#state/features.ts';
import * as objects from './objects.ts';
import { VirtualFabric } from './virtual-fabric.ts';

const address = '192.0.2.53';
const route = `${address}/32 from n1`;

type Condition = { readonly type: string; readonly status: string; readonly reason: string; readonly message: string };

function ready(fabric: VirtualFabric, kind: 'AnycastPeer' | 'AnycastSpeaker', name: string): string {
  const status = (fabric.cluster.get(kind, name)?.['status'] ?? {}) as { readonly conditions?: readonly Condition[] };
  const found = status.conditions?.find(({ type }) => type === 'Ready');
  return `${found?.status}/${found?.reason}: ${found?.message}`;
}

/** One node whose speaker can run these features, one router, one route. */
async function aFabric(features: readonly Feature[], disk = new MemoryDisk()): Promise<VirtualFabric> {
  const fabric = await VirtualFabric.start({ nodes: [], routers: ['a'] });
  fabric.cluster.apply('Node', objects.node('n1', 1));
  fabric.cluster.apply('Service', objects.service('dns/edge', [address]));
  fabric.cluster.apply('EndpointSlice', objects.slice('dns/edge', { n1: true }));
  await fabric.addSpeaker('n1', disk, features);
  await fabric.run(15_000);
  expect(fabric.routes('a')).toEqual([route]);
  return fabric;
}

const peerThatAsks = (spec: object) => objects.peer('a', '198.51.100.1', { ...spec });

describe('a speaker that is older than the operator', () => {
  it('keeps session and routes when a peer asks what it can not run, and conditions name node and feature', async () => {
    const fabric = await aFabric([]);
    const { updates } = fabric;
    fabric.cluster.apply('AnycastPeer', peerThatAsks({ localAS: { asn: 64_999 } }));
    await fabric.run(15_000);
    expect([fabric.updates, fabric.sessions('a')]).toEqual([updates, ['Established']]);
    const said = 'False/FeatureMissing: n1: the speaker can not run local-as for a, and goes on with what it has.';
    expect(ready(fabric, 'AnycastPeer', 'a')).toContain(said);
    expect(ready(fabric, 'AnycastSpeaker', 'n1')).toContain(said);
  });

  it('obeys everything else, and removals', async () => {
    const fabric = await aFabric([]);
    fabric.cluster.apply('AnycastPeer', peerThatAsks({ localAS: { asn: 64_999 } }));
    fabric.cluster.apply('EndpointSlice', objects.slice('dns/edge', { n1: false }));
    await fabric.run(15_000);
    expect(fabric.routes('a')).toEqual([]);
    fabric.cluster.delete('AnycastPeer', 'a');
    await fabric.run(15_000);
    expect(fabric.sessions('a')).toEqual(['Idle']);
  });

  it('is given what it could not run when it is upgraded', async () => {
    const disk = new MemoryDisk();
    const fabric = await aFabric([], disk);
    fabric.cluster.apply('AnycastPeer', peerThatAsks({ localAS: { asn: 64_999 } }));
    await fabric.run(15_000);
    fabric.successor = 'comes';
    await fabric.removeSpeaker('n1');
    await fabric.addSpeaker('n1', disk, allFeatures);
    await fabric.run(30_000);
    expect(fabric.routes('a')).toEqual([route]);
    expect(ready(fabric, 'AnycastPeer', 'a')).toContain('True/Established');
    expect(fabric.leader.lines).toContainEqual(expect.objectContaining({ event: 'session-change', peer: 'a', node: 'n1' }));
  });

  it('keeps what it runs when it takes the place of a newer one', async () => {
    const disk = new MemoryDisk();
    const fabric = await aFabric(allFeatures, disk);
    fabric.cluster.apply('AnycastPeer', peerThatAsks({ maxPrefixes: 5 }));
    await fabric.run(15_000);
    await fabric.stopOperator();
    fabric.startOperator();
    fabric.successor = 'comes';
    await fabric.removeSpeaker('n1');
    await fabric.addSpeaker('n1', disk, []);
    await fabric.run(30_000);
    expect(fabric.routes('a')).toEqual([route]);
    expect(ready(fabric, 'AnycastPeer', 'a')).toContain('True/Established');
  });
});
