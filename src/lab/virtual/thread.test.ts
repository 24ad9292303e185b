import { describe, expect, it } from 'vitest';
import * as objects from './objects.ts';
import { VirtualFabric } from './virtual-fabric.ts';

const address = '192.0.2.53';
const prefix = `${address}/32`;
const both = [`${prefix} from n1`, `${prefix} from n2`];

/** Two nodes that serve one Service, two routers that hear of it. */
async function aFabric(): Promise<VirtualFabric> {
  const fabric = await VirtualFabric.start({ nodes: ['n1', 'n2'], routers: ['a', 'b'] });
  fabric.cluster.apply('Service', objects.service('dns/edge', [address]));
  ready(fabric, { n1: true, n2: true });
  await fabric.run(5_000);
  fabric.heard.length = 0;
  return fabric;
}

const ready = (fabric: VirtualFabric, nodes: Readonly<Record<string, boolean>>): void => {
  fabric.cluster.apply('EndpointSlice', objects.slice('dns/edge', nodes));
};

/** Lets time pass in which no router may hear anything. */
async function quiet(fabric: VirtualFabric, ms: number): Promise<void> {
  const before = fabric.updates;
  await fabric.run(ms);
  expect(fabric.updates).toBe(before);
  expect(fabric.heard).toEqual([]);
  expect(fabric.routes('a')).toEqual(both);
}

const finalizersOf = (fabric: VirtualFabric, kind: Parameters<VirtualFabric['cluster']['get']>[0], key: string) =>
  fabric.cluster.get(kind, key)?.metadata.finalizers;

describe('one Service, from watch event to UPDATE', () => {
  it('is announced by every node that serves it, to every router', async () => {
    const fabric = await aFabric();
    expect(fabric.routes('a')).toEqual(both);
    expect(fabric.routes('b')).toEqual(both);
    const status = fabric.cluster.get('Service', 'dns/edge')?.['status'];
    expect(status).toEqual({ loadBalancer: { ingress: [{ ip: address, ipMode: 'VIP' }] } });
  });

  it('is withdrawn in the same turn where readiness fails, and comes back after the data plane had its time', async () => {
    const fabric = await aFabric();
    ready(fabric, { n1: false, n2: true });
    await fabric.run(1);
    expect(fabric.heard).toEqual([`a -${prefix} from n1`, `b -${prefix} from n1`]);
    fabric.heard.length = 0;
    ready(fabric, { n1: true, n2: true });
    await fabric.run(900);
    expect(fabric.heard).toEqual([]);
    await fabric.run(200);
    expect(fabric.heard).toEqual([`a +${prefix} from n1`, `b +${prefix} from n1`]);
    expect(fabric.routes('b')).toEqual(both);
  });

  it('is withdrawn everywhere where no endpoint is ready', async () => {
    const fabric = await aFabric();
    ready(fabric, { n1: false, n2: false });
    await fabric.run(1);
    expect(fabric.routes('a')).toEqual([]);
    ready(fabric, { n1: true, n2: true });
    await fabric.run(2_000);
    expect(fabric.routes('a')).toEqual(both);
  });

  it('is gone before its object is, when it is deleted', async () => {
    const fabric = await aFabric();
    expect(finalizersOf(fabric, 'Service', 'dns/edge')).toEqual(['anycast-operator.io/withdraw']);
    fabric.network.change('198.51.100.1', { blackHole: true });
    fabric.cluster.delete('Service', 'dns/edge');
    await fabric.run(1_000);
    expect(fabric.routes('b')).toEqual([]);
    expect(finalizersOf(fabric, 'Service', 'dns/edge')).toEqual(['anycast-operator.io/withdraw']);
    fabric.network.change('198.51.100.1', { blackHole: false });
    await fabric.run(2_000);
    expect(fabric.routes('a')).toEqual([]);
    expect(fabric.cluster.get('Service', 'dns/edge')).toBeUndefined();
  });
});

describe('what is no evidence', () => {
  it('a stream that is cut changes nothing, and what happened meanwhile follows when it is back', async () => {
    const fabric = await aFabric();
    fabric.cutStream('n1', false);
    await quiet(fabric, 60_000);
    ready(fabric, { n1: false, n2: true });
    await fabric.run(1_000);
    expect(fabric.heard).toEqual([]);
    fabric.reconnect('n1');
    await fabric.run(1_000);
    expect(fabric.heard).toEqual([`a -${prefix} from n1`, `b -${prefix} from n1`]);
  });

  it('an operator that stops changes nothing, nor does the one after it', async () => {
    const fabric = await aFabric();
    await fabric.stopOperator();
    await quiet(fabric, 60_000);
    fabric.startOperator();
    await quiet(fabric, 60_000);
    ready(fabric, { n1: false, n2: true });
    await fabric.run(1);
    expect(fabric.heard).toEqual([`a -${prefix} from n1`, `b -${prefix} from n1`]);
  });

  it('a node that is Unknown keeps its routes, and 30 s longer', async () => {
    const fabric = await aFabric();
    fabric.cluster.apply('Node', objects.node('n1', 1, 'Unknown'));
    await fabric.run(1);
    ready(fabric, { n1: false, n2: true });
    await quiet(fabric, 90_000);
    fabric.cluster.apply('Node', objects.node('n1', 1, 'True'));
    await quiet(fabric, 29_000);
    await fabric.run(2_000);
    expect(fabric.heard).toEqual([`a -${prefix} from n1`, `b -${prefix} from n1`]);
  });

  it('a node that was not Ready while nobody watched is believed 30 s later, too', async () => {
    const fabric = await aFabric();
    fabric.leader.watches.setReachable(false);
    const flapped = objects.node('n1', 1);
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:30Z' }];
    fabric.cluster.apply('Node', { ...flapped, status: { ...(flapped['status'] as object), conditions } });
    ready(fabric, { n1: false, n2: true });
    await fabric.run(20_000);
    fabric.leader.watches.setReachable(true);
    await quiet(fabric, 20_000);
    ready(fabric, { n1: true, n2: true });
    await quiet(fabric, 60_000);
  });

  it('an API server that does not answer, or answers with nothing, changes nothing', async () => {
    const fabric = await aFabric();
    fabric.leader.watches.setReachable(false);
    await quiet(fabric, 600_000);
    for (const kind of ['Service', 'EndpointSlice', 'Node', 'AnycastPool', 'AnycastAdvertisement', 'AnycastPeer'] as const)
      for (const key of fabric.cluster.keys(kind)) fabric.cluster.lose(kind, key);
    fabric.leader.watches.setReachable(true);
    await quiet(fabric, 600_000);
  });

  it('an object that can not be read stays as it was', async () => {
    const fabric = await aFabric();
    fabric.cluster.apply('AnycastPool', objects.pool('edge', ['nonsense']));
    fabric.cluster.apply('AnycastPeer', objects.peer('a', '198.51.100.1', { peerASN: 'x' }));
    await quiet(fabric, 5_000);
    const status = fabric.cluster.get('AnycastPool', 'edge')?.['status'] as {
      conditions: { type: string; status: string; message: string }[];
    };
    expect(status.conditions).toMatchObject([
      { type: 'Accepted', status: 'False' },
      { type: 'Ready', status: 'False' },
    ]);
    expect(status.conditions[0]?.message).toMatch(
      /spec\.addresses\[0\]: "nonsense" is neither a prefix nor .*\. What was accepted before stays in force/,
    );
  });
});
