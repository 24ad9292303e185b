import { describe, expect, it } from 'vitest';
import * as objects from './objects.ts';
import { VirtualFabric } from './virtual-fabric.ts';

const address = '192.0.2.53';
const prefix = `${address}/32`;
const both = [`${prefix} from n1`, `${prefix} from n2`];

/** Two nodes that serve one Service, each by a slice of its own; what is lost from the API server is lost without an event. */
async function aFabric(): Promise<VirtualFabric> {
  const fabric = await VirtualFabric.start({ nodes: ['n1', 'n2'], routers: ['a'] });
  fabric.cluster.apply('Namespace', objects.namespace('kube-system'));
  fabric.cluster.apply('Service', objects.service('dns/edge', [address]));
  for (const node of ['n1', 'n2']) fabric.cluster.apply('EndpointSlice', objects.slice('dns/edge', { [node]: true }, node));
  await fabric.run(5_000);
  fabric.heard.length = 0;
  return fabric;
}

describe('an endpoint slice whose deletion nobody told', () => {
  it('changes nothing at first, and takes its route with it when its absence is confirmed', async () => {
    const fabric = await aFabric();
    fabric.cluster.lose('EndpointSlice', 'dns/edge-n2');
    await fabric.run(9_900);
    expect(fabric.heard).toEqual([]);
    expect(fabric.routes('a')).toEqual(both);
    await fabric.run(1_000);
    expect(fabric.heard).toEqual([`a -${prefix} from n2`]);
    expect(fabric.routes('a')).toEqual([`${prefix} from n1`]);
  });

  it('changes nothing where it is back before that', async () => {
    const fabric = await aFabric();
    fabric.cluster.lose('EndpointSlice', 'dns/edge-n2');
    await fabric.run(5_000);
    fabric.cluster.apply('EndpointSlice', objects.slice('dns/edge', { n2: true }, 'n2'));
    await fabric.run(60_000);
    expect(fabric.heard).toEqual([]);
    expect(fabric.routes('a')).toEqual(both);
  });

  it('is believed of no object that carries our finalizer: it can not go unseen', async () => {
    const fabric = await aFabric();
    fabric.cluster.lose('Service', 'dns/edge');
    await fabric.run(600_000);
    expect(fabric.heard).toEqual([]);
    expect(fabric.routes('a')).toEqual(both);
  });

  it('changes nothing where all vanish together', async () => {
    const fabric = await aFabric();
    for (const node of ['n1', 'n2']) fabric.cluster.lose('EndpointSlice', `dns/edge-${node}`);
    await fabric.run(600_000);
    expect(fabric.heard).toEqual([]);
    expect(fabric.routes('a')).toEqual(both);
  });
});
