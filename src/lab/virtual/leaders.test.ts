import { describe, expect, it } from 'vitest';
import * as objects from './objects.ts';
import { VirtualFabric } from './virtual-fabric.ts';

const address = '192.0.2.53';
const prefix = `${address}/32`;
const both = [`${prefix} from n1`, `${prefix} from n2`];

async function aFabric(spec: Readonly<Record<string, unknown>> = {}): Promise<VirtualFabric> {
  const fabric = await VirtualFabric.start({ nodes: ['n1', 'n2'], routers: ['a'] });
  fabric.cluster.apply('Service', objects.service('dns/edge', [address], spec));
  fabric.cluster.apply('EndpointSlice', objects.slice('dns/edge', { n1: true, n2: true }));
  await fabric.run(15_000);
  fabric.heard.length = 0;
  return fabric;
}

const events = (fabric: VirtualFabric): string[] => fabric.leader.lines.map(({ event }) => event);

describe('a replica', () => {
  it('that does not lead decides and writes nothing, and everything when it does again', async () => {
    const fabric = await aFabric();
    const { leadership, client } = fabric.leader;
    leadership.lose();
    client.writes.length = 0;
    fabric.cluster.apply('EndpointSlice', objects.slice('dns/edge', { n1: false, n2: true }));
    fabric.cluster.apply('Service', objects.service('dns/new', ['192.0.2.54']));
    await fabric.run(60_000);
    expect([fabric.heard, client.writes]).toEqual([[], []]);
    expect(fabric.leader.operator.notReady()).toBeUndefined();
    leadership.acquire();
    await fabric.run(1_000);
    expect(fabric.heard).toEqual([`a -${prefix} from n1`]);
    expect(client.writes).toContainEqual({ verb: 'patch', kind: 'Service', key: 'dns/new' });
    expect(events(fabric)).toEqual(expect.arrayContaining(['term-ended', 'term-began']));
  });

  it('that hears of a higher term leads in one above it', async () => {
    const fabric = await aFabric();
    await fabric.stopOperator();
    const { leadership } = fabric.startOperator();
    await fabric.run(10_000);
    // A leader that came up with a term of its own, below what speakers obey.
    leadership.epoch = 1;
    fabric.cutStream('n1');
    await fabric.run(10_000);
    expect(leadership.epoch).toBeGreaterThan(2);
    expect([fabric.heard, fabric.routes('a')]).toEqual([[], both]);
    fabric.cluster.apply('EndpointSlice', objects.slice('dns/edge', { n1: false, n2: true }));
    await fabric.run(1);
    expect(fabric.heard).toEqual([`a -${prefix} from n1`]);
  });

  it('says what it waits for before it has seen everything', async () => {
    const fabric = await aFabric();
    await fabric.stopOperator();
    const { operator, watches } = fabric.startOperator();
    watches.setReachable(false, 'EndpointSlice');
    await fabric.run(60_000);
    expect(operator.notReady()).toBe('EndpointSlice: the API server does not answer');
    expect([fabric.heard, fabric.leader.client.writes]).toEqual([[], []]);
    watches.setReachable(true);
    await fabric.run(10_000);
    expect(operator.notReady()).toBeUndefined();
  });
});

describe('policy Cluster', () => {
  it('announces from every node while any endpoint serves, and from new nodes too', async () => {
    const fabric = await aFabric({ externalTrafficPolicy: 'Cluster' });
    fabric.cluster.apply('EndpointSlice', objects.slice('dns/edge', { n1: true, n2: false }));
    await fabric.run(1_000);
    expect([fabric.heard, fabric.routes('a')]).toEqual([[], both]);
    fabric.cluster.apply('Node', objects.node('n3', 3));
    await fabric.addSpeaker('n3');
    await fabric.run(40_000);
    expect(fabric.routes('a')).toEqual([...both, `${prefix} from n3`]);
    fabric.cluster.apply('EndpointSlice', objects.slice('dns/edge', { n1: false, n2: false }));
    await fabric.run(1);
    expect(fabric.routes('a')).toEqual([]);
  });
});

describe('a node that is deleted', () => {
  it('while its speaker is cut off keeps its AnycastSpeaker, until a person says that it is gone', async () => {
    const fabric = await aFabric();
    fabric.cutStream('n1', false);
    fabric.cluster.delete('Node', 'n1');
    await fabric.run(60_000);
    expect(fabric.cluster.get('AnycastSpeaker', 'n1')).toBeDefined();
    fabric.cluster.delete('Service', 'dns/edge');
    await fabric.run(60_000);
    expect(fabric.cluster.get('Service', 'dns/edge')).toBeDefined();
    fabric.cluster.delete('AnycastSpeaker', 'n1');
    await fabric.run(5_000);
    expect(fabric.cluster.get('Service', 'dns/edge')).toBeUndefined();
  });
});
