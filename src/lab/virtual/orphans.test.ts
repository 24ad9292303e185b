import { describe, expect, it } from 'vitest';
import * as objects from './objects.ts';
import { VirtualFabric } from './virtual-fabric.ts';

const address = '192.0.2.53';
const prefix = `${address}/32`;

type SpeakerStatus = {
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason: string }[];
  readonly differences?: readonly { readonly prefix: string; readonly peer: string; readonly reason: string }[];
};

const statusOf = (fabric: VirtualFabric): SpeakerStatus => (fabric.cluster.get('AnycastSpeaker', 'n1')?.['status'] ?? {}) as SpeakerStatus;

const ready = (fabric: VirtualFabric) => statusOf(fabric).conditions?.find(({ type }) => type === 'Ready');

/** A route whose Service vanished while no operator was there. */
async function fabricWithOrphan(): Promise<VirtualFabric> {
  const fabric = await VirtualFabric.start({ nodes: ['n1'], routers: ['a'] });
  fabric.cluster.apply('Service', objects.service('dns/edge', [address]));
  fabric.cluster.apply('EndpointSlice', objects.slice('dns/edge', { n1: true }));
  await fabric.run(15_000);
  await fabric.stopOperator();
  fabric.cluster.lose('Service', 'dns/edge');
  fabric.heard.length = 0;
  fabric.startOperator();
  await fabric.run(60_000);
  return fabric;
}

describe('a route whose Service nobody has seen', () => {
  it('stays, and is named in the AnycastSpeaker of its node', async () => {
    const fabric = await fabricWithOrphan();
    expect(fabric.heard).toEqual([]);
    expect(statusOf(fabric).differences).toMatchObject([{ prefix, peer: 'a', reason: 'Orphan' }]);
    expect(ready(fabric)).toMatchObject({ status: 'False', reason: 'Orphan' });
    const { writes } = fabric.leader.client;
    writes.length = 0;
    await fabric.run(600_000);
    expect(writes).toEqual([]);
  });

  it('is named once with each peer, also where that peer does not have it now', async () => {
    const fabric = await fabricWithOrphan();
    fabric.network.change('198.51.100.1', { blackHole: true });
    await fabric.run(60_000);
    expect(statusOf(fabric).differences).toHaveLength(1);
  });

  it('is taken over by the Service whose status has the address, and ends with that', async () => {
    const fabric = await fabricWithOrphan();
    const service = objects.service('dns/edge', [address]);
    fabric.cluster.apply('Service', { ...service, status: { loadBalancer: { ingress: [{ ip: address }] } } });
    await fabric.run(60_000);
    expect(fabric.heard).toEqual([]);
    expect(statusOf(fabric).differences).toEqual([]);
    expect(ready(fabric)).toMatchObject({ status: 'True', reason: 'AsWanted' });
    fabric.cluster.delete('Service', 'dns/edge');
    await fabric.run(10_000);
    expect(fabric.heard).toEqual([`a -${prefix} from n1`]);
    expect(fabric.cluster.get('Service', 'dns/edge')).toBeUndefined();
  });
});
