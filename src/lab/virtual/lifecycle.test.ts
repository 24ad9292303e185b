import { describe, expect, it } from 'vitest';
import { limits } from '#operator/limits.ts';
import * as objects from './objects.ts';
import type { ClusterKind } from './virtual-cluster.ts';
import { VirtualFabric } from './virtual-fabric.ts';

const address = '192.0.2.53';
const prefix = `${address}/32`;
const both = [`${prefix} from n1`, `${prefix} from n2`];

type Conditions = readonly { readonly type: string; readonly status: string; readonly reason: string; readonly message: string }[];

/** Two nodes that serve a Service, one router, and an AnycastService that refines the Service. */
async function aFabric(): Promise<VirtualFabric> {
  const fabric = await VirtualFabric.start({ nodes: ['n1', 'n2'], routers: ['a'] });
  fabric.cluster.apply('Service', objects.service('dns/edge', [address]));
  fabric.cluster.apply('AnycastService', objects.refinement('dns/edge', 'dns/edge'));
  fabric.cluster.apply('EndpointSlice', objects.slice('dns/edge', { n1: true, n2: true }));
  await fabric.run(15_000);
  fabric.heard.length = 0;
  return fabric;
}

const statusOf = (fabric: VirtualFabric, kind: ClusterKind, key: string) =>
  (fabric.cluster.get(kind, key)?.['status'] ?? {}) as { readonly conditions?: Conditions } & Record<string, unknown>;

/** Conditions as `Type=Status/Reason`. */
const conditions = (fabric: VirtualFabric, kind: ClusterKind, key: string): string[] =>
  (statusOf(fabric, kind, key).conditions ?? []).map(({ type, status, reason }) => `${type}=${status}/${reason}`);

const isThere = (fabric: VirtualFabric, kind: ClusterKind, key: string): boolean => fabric.cluster.get(kind, key) !== undefined;

describe('an AnycastService', () => {
  it('is ready while one of its routers is down, which the AnycastPeer says, and not while all are', async () => {
    const fabric = await VirtualFabric.start({ nodes: ['n1', 'n2'], routers: ['a', 'b'] });
    fabric.cluster.apply('Service', objects.service('dns/edge', [address]));
    fabric.cluster.apply('AnycastService', objects.refinement('dns/edge', 'dns/edge'));
    fabric.cluster.apply('EndpointSlice', objects.slice('dns/edge', { n1: true, n2: true }));
    await fabric.run(15_000);
    fabric.network.change('198.51.100.2', { blackHole: true });
    await fabric.run(60_000);
    expect(conditions(fabric, 'AnycastService', 'dns/edge')).toContain('Ready=True/Announced');
    expect(conditions(fabric, 'AnycastPeer', 'b')).toContain('Ready=False/SessionDown');
    fabric.network.change('198.51.100.1', { blackHole: true });
    await fabric.run(60_000);
    expect(conditions(fabric, 'AnycastService', 'dns/edge')).toContain('Ready=False/SessionDown');
  });

  it('is ready where the advertisement selects some of its nodes, and not where it selects none', async () => {
    const fabric = await aFabric();
    fabric.cluster.apply('Node', { ...objects.node('n1', 1), metadata: { name: 'n1', labels: { edge: 'yes' } } });
    fabric.cluster.apply('AnycastAdvertisement', objects.advertisement('all', { nodeSelector: { matchLabels: { edge: 'yes' } } }));
    await fabric.run(30_000);
    expect(fabric.routes('a')).toEqual([`${prefix} from n1`]);
    expect(conditions(fabric, 'AnycastService', 'dns/edge')).toContain('Ready=True/Announced');
    fabric.cluster.apply('AnycastAdvertisement', objects.advertisement('all', { nodeSelector: { matchLabels: { edge: 'no' } } }));
    await fabric.run(30_000);
    expect(conditions(fabric, 'AnycastService', 'dns/edge')).toContain('Ready=False/NotSelected');
  });
});

describe('another controller that claims the status of a Service', () => {
  it('is answered a few times a second, and moves no route', async () => {
    const fabric = await aFabric();
    let answers = 0;
    for (let step = 0; step < 500; step++) {
      const service = fabric.cluster.get('Service', 'dns/edge');
      if (service !== undefined && JSON.stringify(service['status']).includes(address)) {
        answers += 1;
        fabric.cluster.update('Service', { ...service, status: { loadBalancer: { ingress: [{ ip: '10.10.10.10' }] } } });
      }
      await fabric.run(10);
    }
    expect(answers).toBeGreaterThan(1);
    expect(answers).toBeLessThanOrEqual(5_000 / limits.serviceStatusIntervalMs + 1);
    expect([fabric.routes('a'), fabric.heard]).toEqual([both, []]);
  });
});

describe('what objects say about themselves', () => {
  it('is that all is well', async () => {
    const fabric = await aFabric();
    expect(conditions(fabric, 'AnycastService', 'dns/edge')).toEqual([
      'Accepted=True/Accepted',
      'ResolvedRefs=True/Resolved',
      'Announced=True/Announced',
      'Ready=True/Announced',
    ]);
    expect(statusOf(fabric, 'AnycastService', 'dns/edge')).toMatchObject({ announced: '2/2', addressSummary: address });
    expect(statusOf(fabric, 'AnycastPool', 'edge')).toMatchObject({ assigned: 1 });
    expect(statusOf(fabric, 'AnycastPeer', 'a')).toMatchObject({ sessions: '2/2' });
    expect(conditions(fabric, 'AnycastAdvertisement', 'all')).toEqual(['Accepted=True/Accepted', 'Ready=True/InForce']);
    expect(conditions(fabric, 'AnycastSpeaker', 'n1')).toEqual(['Connected=True/Connected', 'Ready=True/AsWanted']);
    expect(statusOf(fabric, 'AnycastSpeaker', 'n1')).toMatchObject({ established: 1, announcedRoutes: 1, routerID: '10.0.0.1', epoch: 1 });
  });

  it('is written once, and not again while nothing changes', async () => {
    const fabric = await aFabric();
    const { writes } = fabric.leader.client;
    writes.length = 0;
    await fabric.run(600_000);
    expect(writes).toEqual([]);
  });

  it('stays as it is when another operator takes over', async () => {
    const fabric = await aFabric();
    await fabric.run(60_000);
    await fabric.stopOperator();
    await fabric.run(30_000);
    const { client } = fabric.startOperator();
    await fabric.run(60_000);
    // The speakers obey another term now, and nothing else is different.
    expect(client.writes.map(({ kind, key }) => `${kind} ${key}`).sort()).toEqual(['AnycastSpeaker n1', 'AnycastSpeaker n2']);
    expect(fabric.heard).toEqual([]);
  });

  it('tells of speakers that do not come back after another operator took over, when they had their time', async () => {
    const fabric = await aFabric();
    fabric.cutStream('n1', false);
    await fabric.stopOperator();
    fabric.startOperator();
    await fabric.run(14_000);
    expect(conditions(fabric, 'AnycastSpeaker', 'n1')).toContain('Connected=True/Connected');
    await fabric.run(2_000);
    expect(conditions(fabric, 'AnycastSpeaker', 'n1')).toContain('Connected=False/Disconnected');
    expect(conditions(fabric, 'AnycastService', 'dns/edge')).toContain('Ready=False/SpeakerNotHeard');
    expect(fabric.heard).toEqual([]);
  });

  it('names the younger of two AnycastServices a conflict, and the one without a Service unresolved', async () => {
    const fabric = await aFabric();
    fabric.cluster.apply('AnycastService', objects.refinement('dns/younger', 'dns/edge'));
    fabric.cluster.apply('AnycastService', objects.refinement('dns/lost', 'dns/nowhere'));
    await fabric.run(5_000);
    expect(conditions(fabric, 'AnycastService', 'dns/younger')).toContain('Accepted=False/Conflict');
    expect(conditions(fabric, 'AnycastService', 'dns/lost')).toContain('ResolvedRefs=False/ServiceNotFound');
    expect(conditions(fabric, 'AnycastService', 'dns/edge')).toContain('Ready=True/Announced');
  });

  it('names the address that is refused, and what is wrong with a session', async () => {
    const fabric = await aFabric();
    fabric.cluster.apply('Service', objects.service('dns/other', ['203.0.113.1']));
    fabric.cluster.apply('AnycastService', objects.refinement('dns/other', 'dns/other'));
    fabric.network.change('198.51.100.1', { refusesConnections: true });
    fabric.network.reset('198.51.100.1');
    await fabric.run(15_000);
    expect(conditions(fabric, 'AnycastService', 'dns/other')).toContain('Ready=False/AddressNotInPool');
    expect(conditions(fabric, 'AnycastPeer', 'a')).toContain('Ready=False/SessionDown');
    expect(statusOf(fabric, 'AnycastPeer', 'a')['sessions']).toBe('0/2');
    expect(conditions(fabric, 'AnycastSpeaker', 'n1')).toContain('Ready=False/SessionDown');
    expect(conditions(fabric, 'AnycastService', 'dns/edge')).toContain('Announced=False/SessionDown');
  });
});

describe('what objects say of others', () => {
  it('follows them: a pool counts what Services hold, an advertisement says what is ignored of it', async () => {
    const fabric = await aFabric();
    fabric.cluster.apply('AnycastAdvertisement', objects.advertisement('all', { attributes: { med: 1 } }));
    fabric.cluster.apply('AnycastAdvertisement', objects.advertisement('younger', { attributes: { med: 2 } }));
    await fabric.run(5_000);
    expect(conditions(fabric, 'AnycastAdvertisement', 'younger')).toContain('Ready=False/AttributeIgnored');
    fabric.cluster.apply('AnycastAdvertisement', objects.advertisement('all'));
    await fabric.run(5_000);
    expect(conditions(fabric, 'AnycastAdvertisement', 'younger')).toContain('Ready=True/InForce');
    fabric.cluster.delete('Service', 'dns/edge');
    await fabric.run(5_000);
    expect(statusOf(fabric, 'AnycastPool', 'edge')).toMatchObject({ assigned: 0 });
    expect(conditions(fabric, 'AnycastService', 'dns/edge')).toContain('ResolvedRefs=False/ServiceNotFound');
  });
});

describe('a deletion', () => {
  it('of a Service without routes, too, waits for a speaker that comes late', async () => {
    const fabric = await aFabric();
    fabric.cluster.apply('Service', objects.service('dns/idle', ['192.0.2.99']));
    fabric.cutStream('n1', false);
    await fabric.run(1_000);
    await fabric.stopOperator();
    fabric.startOperator();
    await fabric.run(30_000);
    fabric.cluster.delete('Service', 'dns/idle');
    await fabric.run(30_000);
    expect(isThere(fabric, 'Service', 'dns/idle')).toBe(true);
    fabric.reconnect('n1');
    await fabric.run(5_000);
    expect(isThere(fabric, 'Service', 'dns/idle')).toBe(false);
    expect(fabric.heard).toEqual([]);
  });

  it.each([
    ['AnycastPool', 'edge'],
    ['AnycastAdvertisement', 'all'],
    ['AnycastPeer', 'a'],
  ] as const)('of an %s ends when no router has a route that rested on it', async (kind, key) => {
    const fabric = await aFabric();
    fabric.network.change('198.51.100.1', { blackHole: true });
    fabric.cluster.delete(kind, key);
    await fabric.run(500);
    expect(isThere(fabric, kind, key)).toBe(true);
    fabric.network.change('198.51.100.1', { blackHole: false });
    await fabric.run(10_000);
    expect(isThere(fabric, kind, key)).toBe(false);
    expect(fabric.routes('a')).toEqual([]);
    expect(fabric.leader.lines.filter(({ event }) => event === 'status-write-failed')).toEqual([]);
  });

  it('of an AnycastService leaves a Service of our class announced', async () => {
    const fabric = await aFabric();
    fabric.cluster.delete('AnycastService', 'dns/edge');
    await fabric.run(5_000);
    expect(isThere(fabric, 'AnycastService', 'dns/edge')).toBe(false);
    expect(fabric.routes('a')).toEqual(both);
  });

  it('of an AnycastService withdraws a Service of another class before the object goes', async () => {
    const fabric = await VirtualFabric.start({ nodes: ['n1'], routers: ['a'] });
    const foreign = objects.service('dns/edge', [], { loadBalancerClass: 'example.com/other' });
    fabric.cluster.apply('Service', { ...foreign, status: { loadBalancer: { ingress: [{ ip: address }] } } });
    fabric.cluster.apply('AnycastService', objects.refinement('dns/edge', 'dns/edge'));
    fabric.cluster.apply('EndpointSlice', objects.slice('dns/edge', { n1: true }));
    await fabric.run(5_000);
    expect(fabric.routes('a')).toEqual([`${prefix} from n1`]);
    fabric.network.change('198.51.100.1', { blackHole: true });
    fabric.cluster.delete('AnycastService', 'dns/edge');
    await fabric.run(3_000);
    expect(isThere(fabric, 'AnycastService', 'dns/edge')).toBe(true);
    fabric.network.change('198.51.100.1', { blackHole: false });
    await fabric.run(5_000);
    expect(isThere(fabric, 'AnycastService', 'dns/edge')).toBe(false);
    expect(fabric.routes('a')).toEqual([]);
  });

  it('of a Service waits for a speaker that was not heard in this term, and may have its route', async () => {
    const fabric = await aFabric();
    fabric.cutStream('n1', false);
    await fabric.stopOperator();
    fabric.startOperator();
    fabric.cluster.delete('Service', 'dns/edge');
    await fabric.run(60_000);
    expect(fabric.routes('a')).toEqual([`${prefix} from n1`]);
    expect(isThere(fabric, 'Service', 'dns/edge')).toBe(true);
    fabric.reconnect('n1');
    await fabric.run(5_000);
    expect(fabric.routes('a')).toEqual([]);
    expect(isThere(fabric, 'Service', 'dns/edge')).toBe(false);
  });

  it('of an AnycastSpeaker says that its node is gone for good, and ends that wait', async () => {
    const fabric = await aFabric();
    fabric.cutStream('n1', false);
    await fabric.stopOperator();
    fabric.startOperator();
    fabric.cluster.delete('Service', 'dns/edge');
    await fabric.run(30_000);
    fabric.cluster.delete('AnycastSpeaker', 'n1');
    await fabric.run(5_000);
    expect(isThere(fabric, 'Service', 'dns/edge')).toBe(false);
  });

  it('of the AnycastSpeaker of a speaker that is there makes it anew', async () => {
    const fabric = await aFabric();
    fabric.cluster.delete('AnycastSpeaker', 'n1');
    await fabric.run(15_000);
    expect(conditions(fabric, 'AnycastSpeaker', 'n1')).toContain('Connected=True/Connected');
  });

  it('of a node whose speaker left in order leaves nothing behind', async () => {
    const fabric = await aFabric();
    await fabric.removeSpeaker('n1');
    fabric.cluster.apply('EndpointSlice', objects.slice('dns/edge', { n2: true }));
    fabric.cluster.delete('Node', 'n1');
    await fabric.run(30_000);
    expect(isThere(fabric, 'AnycastSpeaker', 'n1')).toBe(false);
    expect(statusOf(fabric, 'AnycastPeer', 'a')['sessions']).toBe('1/1');
    fabric.cluster.delete('Service', 'dns/edge');
    fabric.cluster.delete('AnycastPeer', 'a');
    await fabric.run(5_000);
    expect([isThere(fabric, 'Service', 'dns/edge'), isThere(fabric, 'AnycastPeer', 'a')]).toEqual([false, false]);
  });

  it('that nobody saw, of an object that was being deleted, is a deletion all the same', async () => {
    const fabric = await aFabric();
    fabric.cluster.apply('Service', objects.service('dns/heir', [address]));
    fabric.cluster.apply('EndpointSlice', objects.slice('dns/heir', { n1: true }));
    fabric.network.change('198.51.100.1', { blackHole: true });
    fabric.cluster.delete('Service', 'dns/edge');
    await fabric.run(10);
    fabric.leader.watches.setReachable(false, 'Service');
    fabric.cluster.lose('Service', 'dns/edge');
    fabric.leader.watches.setReachable(true, 'Service');
    fabric.network.change('198.51.100.1', { blackHole: false });
    await fabric.run(15_000);
    expect(fabric.routes('a')).toEqual([`${prefix} from n1`]);
    expect(statusOf(fabric, 'Service', 'dns/heir')).toMatchObject({ loadBalancer: { ingress: [{ ip: address }] } });
  });
});
