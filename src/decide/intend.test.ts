import { describe, expect, it } from 'vitest';
import type { AddressIntent } from './intent.ts';
import {
  aConfig,
  aNamespace,
  aNode,
  anUnreadyNode,
  aPool,
  aRefinement,
  aService,
  aSlice,
  gone,
  leaving,
  notReady,
  ready,
} from './testing/builders.ts';
import { aCluster, World } from './testing/world.ts';
import type { ObservedObject } from './view.ts';

/** A world with one change to the ordinary cluster, in which `n1` serves. */
function worldWith(...objects: ObservedObject[]): World {
  const cluster = aCluster();
  cluster.put(aSlice([ready('n1')]), ...objects);
  return new World(cluster);
}

/** The same, after the ordinary case was announced. */
function announcedWorld(): World {
  const world = worldWith();
  world.decide();
  return world;
}

const intent = (world: World, service = 'dns/edge') => world.decide(service).intent;
const address = (world: World, service = 'dns/edge'): AddressIntent | undefined => intent(world, service).addresses[0];
const refusal = (world: World, service = 'dns/edge') => address(world, service)?.refusal?.reason;

describe('who a Service belongs to', () => {
  it('is ours by its class', () => {
    expect(intent(worldWith())).toMatchObject({ ownership: 'own', conflicts: [], desiredIngress: ['192.0.2.53'] });
  });

  it('is ours without a class where the configuration claims it', () => {
    const claim = { namespaceSelector: { matchLabels: { anycast: 'yes' } }, serviceSelector: { matchLabels: { app: 'dns' } } };
    const service = aService({ class: 'none', labels: { app: 'dns' } });
    const namespace = aNamespace('dns', { labels: { anycast: 'yes' } });
    expect(intent(worldWith(service, aConfig([claim]), namespace)).ownership).toBe('own');
    expect(intent(worldWith(service, aConfig([claim]), aNamespace('dns'))).ownership).toBe('none');
    expect(intent(worldWith(service, aConfig([claim]))).ownership).toBe('none');
    expect(intent(worldWith(service, aConfig([claim], { presence: 'deleting' }), namespace)).ownership).toBe('none');
    expect(intent(worldWith(aService({ class: 'none' }), aConfig([claim]), namespace)).ownership).toBe('none');
    expect(intent(worldWith(aService({ class: 'none' }), aConfig([{}]))).ownership).toBe('own');
    expect(intent(worldWith(service)).ownership).toBe('none');
  });

  it('is read only where another controller serves its class, and only by an AnycastService', () => {
    const service = aService({ class: 'foreign', addresses: [] });
    expect(intent(worldWith(service)).ownership).toBe('none');
    const world = worldWith(service, aRefinement());
    expect(intent(world)).toMatchObject({ ownership: 'foreign', refinement: 'dns/edge', addresses: [{ address: '192.0.2.53' }] });
    expect(intent(world).desiredIngress).toBeUndefined();
    expect(world.route()).toBeDefined();
  });

  it('belongs to nobody unless it is a LoadBalancer', () => {
    const world = announcedWorld();
    world.cluster.put(aService({ isLoadBalancer: false }));
    const { governed } = world.decide();
    expect(governed.decisions).toMatchObject([{ outcome: 'withdraw', cause: 'narrowing', reason: 'NotOurs' }]);
  });

  it('is refined by the oldest AnycastService; the others conflict', () => {
    const young = aRefinement({ createdAt: '2026-03-01T00:00:00Z', endpointPolicy: 'Cluster' }, 'dns/young');
    const twin = aRefinement({ createdAt: '2026-03-01T00:00:00Z' }, 'dns/twin');
    const old = aRefinement({ announceDelayMs: 5 }, 'dns/old');
    const world = worldWith(young, twin, old);
    expect(intent(world)).toMatchObject({ refinement: 'dns/old', conflicts: ['dns/twin', 'dns/young'], gate: { announceDelayMs: 5 } });
    world.cluster.mark('AnycastService', 'dns/old', 'deleting');
    expect(intent(world)).toMatchObject({ refinement: 'dns/twin', conflicts: ['dns/young'] });
    world.cluster.mark('AnycastService', 'dns/twin', 'missing');
    expect(intent(world)).toMatchObject({ refinement: 'dns/twin' });
  });
});

describe('mode Observe', () => {
  it('announces nothing, and says of each node that would', () => {
    const world = worldWith(aRefinement({ isObserved: true }));
    const { intent: observed, governed } = world.decide();
    expect(governed).toMatchObject({ decisions: [], orders: [] });
    expect(observed.addresses[0]?.standings).toMatchObject([{ place: { node: 'n1' }, wanted: 'no', reason: 'ObserveOnly' }]);
  });

  it('withdraws what is announced as a narrowing edit, and announces again when it ends', () => {
    const world = announcedWorld();
    world.cluster.put(aRefinement({ isObserved: true }));
    expect(world.decide().governed.decisions).toMatchObject([
      { outcome: 'withdraw', cause: 'narrowing', reason: 'ObserveOnly', evidence: [{ source: 'AnycastService', fact: 'mode Observe' }] },
    ]);
    world.cluster.put(aRefinement());
    expect(world.decide().governed.decisions).toMatchObject([{ outcome: 'announce' }]);
  });

  it('takes what is announced where nothing sure is known of the endpoints, and says nothing of other places', () => {
    const world = announcedWorld();
    world.cluster.put(aRefinement({ isObserved: true }), anUnreadyNode('n1'), aSlice([notReady('n1')]));
    expect(world.decide().governed.decisions).toMatchObject([{ outcome: 'withdraw', cause: 'narrowing', reason: 'ObserveOnly' }]);
    const unheld = worldWith(aRefinement({ isObserved: true }), aSlice([leaving('n1')]));
    expect(address(unheld)?.standings).toMatchObject([{ wanted: 'ifAnnounced', reason: 'Leaving' }]);
  });

  it('names the endpoints where they fail', () => {
    const world = worldWith(aRefinement({ isObserved: true }), aSlice([notReady('n1')]));
    expect(address(world)?.standings).toMatchObject([{ wanted: 'no', cause: 'soft' }]);
  });
});

describe('mode Observe of the configuration', () => {
  const observing = aConfig([], { isObserved: true });

  it('announces nothing, says of each node that would, and leaves the status of Services alone', () => {
    const world = worldWith(observing);
    const { intent: observed, governed } = world.decide();
    expect(governed).toMatchObject({ decisions: [], orders: [] });
    expect(observed.addresses[0]?.standings).toMatchObject([{ place: { node: 'n1' }, wanted: 'no', reason: 'ObserveOnly' }]);
    expect(observed).not.toHaveProperty('desiredIngress');
  });

  it('withdraws what is announced as a narrowing edit, and announces again when it ends', () => {
    const world = announcedWorld();
    world.cluster.put(observing);
    expect(world.decide().governed.decisions).toMatchObject([
      { outcome: 'withdraw', cause: 'narrowing', reason: 'ObserveOnly', evidence: [{ source: 'AnycastConfig', fact: 'mode Observe' }] },
    ]);
    world.cluster.put(aConfig([]));
    expect(world.decide().governed.decisions).toMatchObject([{ outcome: 'announce' }]);
  });

  it('withdraws nothing while it is stale or missing, or when it is deleted', () => {
    const world = announcedWorld();
    world.cluster.put(observing);
    world.cluster.stale('AnycastConfig');
    expect(world.decide().governed.decisions).toMatchObject([{ outcome: 'hold', reason: 'InputStale' }]);
    world.cluster.fresh();
    world.cluster.mark('AnycastConfig', 'default', 'missing');
    expect(world.decide().governed.decisions).toMatchObject([{ outcome: 'hold', reason: 'InputMissing' }]);
    world.cluster.mark('AnycastConfig', 'default', 'deleting');
    expect(world.decide().governed.decisions).toEqual([]);
    expect(world.route()).toBeDefined();
  });

  it('is the reason given where the AnycastService does not observe by itself', () => {
    const world = worldWith(observing, aRefinement({ isObserved: true }));
    expect(address(world)?.standings).toMatchObject([{ reason: 'ObserveOnly', evidence: [{ source: 'AnycastService' }] }]);
  });
});

describe('the end of a Service', () => {
  it('withdraws when its Service is deleted, and gives the status back when the routes are gone', () => {
    const world = announcedWorld();
    world.cluster.mark('Service', 'dns/edge', 'deleting');
    const { intent: ending, governed } = world.decide();
    expect(governed.decisions).toMatchObject([
      { outcome: 'withdraw', cause: 'removal', reason: 'ServiceDeleted', evidence: [{ source: 'Service', fact: 'being deleted' }] },
    ]);
    expect(ending.desiredIngress).toEqual(['192.0.2.53']);
    expect(intent(world).desiredIngress).toEqual([]);
  });

  it('withdraws a foreign Service when its AnycastService is deleted', () => {
    const world = worldWith(aService({ class: 'foreign' }), aRefinement());
    world.decide();
    world.cluster.mark('AnycastService', 'dns/edge', 'deleted');
    expect(world.decide().governed.decisions).toMatchObject([
      { outcome: 'withdraw', cause: 'removal', evidence: [{ source: 'AnycastService', fact: 'deleted' }] },
    ]);
  });

  it('falls back to the class when the AnycastService of our own class is deleted', () => {
    const world = worldWith(aRefinement({ addresses: ['192.0.2.53'] }));
    world.decide();
    world.cluster.mark('AnycastService', 'dns/edge', 'deleted');
    expect(world.decide().governed.decisions).toEqual([]);
  });

  it('withdraws when the configuration claims it no more', () => {
    const world = worldWith(aService({ class: 'none' }), aConfig([{}]), aNamespace());
    world.decide();
    world.cluster.put(aConfig([]));
    expect(world.decide().governed.decisions).toMatchObject([
      { outcome: 'withdraw', cause: 'narrowing', reason: 'NotOurs', evidence: [{ source: 'AnycastConfig' }] },
    ]);
  });

  it('withdraws nothing because an AnycastService or the configuration is not seen', () => {
    const refined = worldWith(aService({ class: 'foreign' }), aRefinement());
    refined.decide();
    refined.cluster.forget('AnycastService', 'dns/edge');
    expect(refined.decide().governed.decisions).toMatchObject([{ outcome: 'hold' }]);
    const claimed = worldWith(aService({ class: 'none' }), aConfig([{}]), aNamespace());
    claimed.decide();
    claimed.cluster.forget('AnycastConfig', 'default');
    expect(claimed.decide().governed.decisions).toMatchObject([{ outcome: 'hold', reason: 'InputMissing' }]);
  });

  it('keeps the routes of a Service that was never seen', () => {
    const world = announcedWorld();
    world.cluster.forget('Service', 'dns/edge');
    const { intent: unseen, governed } = world.decide();
    expect(unseen).toMatchObject({ ownership: 'none', addresses: [{ address: '192.0.2.53', family: 'IPv4' }] });
    expect(unseen.desiredIngress).toBeUndefined();
    expect(governed.decisions).toMatchObject([{ outcome: 'hold', reason: 'InputMissing', inputs: { object: 'dns/edge' } }]);
    expect(governed.decisions[0]?.exit).toBe(
      'Bring Service dns/edge back; if it shall go, delete it then, so that the deletion is seen. What is there: kubectl -n dns get service edge',
    );
  });

  it('goes on deciding by its endpoints while it is missing, brings up nothing, and leaves the status alone', () => {
    const world = announcedWorld();
    world.cluster.mark('Service', 'dns/edge', 'missing');
    world.cluster.put(aSlice([notReady('n1'), ready('n2')]));
    const { intent: missing, governed } = world.decide();
    expect(missing.desiredIngress).toBeUndefined();
    expect(governed.decisions).toMatchObject([
      { outcome: 'withdraw', place: { node: 'n1' } },
      { outcome: 'hold', place: { node: 'n2' }, reason: 'InputMissing' },
    ]);
  });
});

describe('an address', () => {
  it('is asked for by the AnycastService, else by the Service', () => {
    const world = worldWith(aRefinement({ addresses: ['192.0.2.7', '2001:db8::7'] }), aService({ ingress: [] }));
    expect(intent(world)).toMatchObject({
      addresses: [
        { address: '192.0.2.7', prefix: '192.0.2.7/32', family: 'IPv4', pool: 'edge' },
        { address: '2001:db8::7', prefix: '2001:db8::7/128', family: 'IPv6', pool: 'edge' },
      ],
      desiredIngress: ['192.0.2.7', '2001:db8::7'],
    });
  });

  it('is announced only once it is in the status, and stays when it falls out of it', () => {
    const world = worldWith(aService({ ingress: [] }));
    expect(address(world)?.standings).toMatchObject([{ wanted: 'ifAnnounced', reason: 'AddressNotInStatus' }]);
    expect(world.announced()).toEqual([]);
    world.cluster.put(aService());
    world.decide();
    world.cluster.put(aService({ ingress: [] }));
    expect(world.decide().governed.decisions).toEqual([]);
    expect(world.route()).toBeDefined();
  });

  it('of a foreign Service goes when it leaves the status', () => {
    const world = worldWith(aService({ class: 'foreign' }), aRefinement({ addresses: ['192.0.2.53'] }));
    world.decide();
    world.cluster.put(aService({ class: 'foreign', ingress: [] }));
    expect(refusal(world)).toBe('AddressNotInStatus');
    expect(world.route()).toBeUndefined();
  });

  it('goes when the Service asks for it no more, and then leaves the status', () => {
    const world = announcedWorld();
    world.cluster.put(aService({ addresses: ['192.0.2.54'] }));
    const { intent: first, governed } = world.decide();
    expect(governed.decisions).toMatchObject([{ outcome: 'withdraw', cause: 'narrowing', reason: 'AddressNotRequested' }]);
    expect(first.desiredIngress).toEqual(['192.0.2.54', '192.0.2.53']);
    expect(intent(world).desiredIngress).toEqual(['192.0.2.54']);
  });

  it('goes when the Service loses its family', () => {
    const world = announcedWorld();
    world.cluster.put(aService({ families: ['IPv6'] }));
    expect(refusal(world)).toBe('FamilyNotServed');
    expect(world.route()).toBeUndefined();
  });

  it('is refused with Cluster where externalTrafficPolicy is Local', () => {
    const world = announcedWorld();
    world.cluster.put(aRefinement({ endpointPolicy: 'Cluster' }));
    const { intent: refused, governed } = world.decide();
    expect(refused).toMatchObject({ addresses: [{ refusal: { reason: 'PolicyRefused' } }], desiredIngress: ['192.0.2.53'] });
    expect(governed.decisions).toMatchObject([{ outcome: 'withdraw', evidence: [{ source: 'Service' }, { source: 'AnycastService' }] }]);
  });
});

describe('a pool', () => {
  it('has to have the address', () => {
    const world = worldWith(aService({ addresses: ['203.0.113.1'], ingress: ['203.0.113.1'] }));
    expect(address(world)?.refusal).toEqual({
      reason: 'AddressNotInPool',
      message: 'Service dns/edge: address 203.0.113.1 is in no AnycastPool that namespace dns may use. Add it to one. It may use: edge.',
    });
    expect(address(world)?.standings).toEqual([]);
  });

  it('that has the address and is not for the Service is named, with the selector that says so', () => {
    const message = (...objects: Parameters<typeof worldWith>) => address(worldWith(...objects))?.refusal?.message;
    const says = 'Service dns/edge: address 192.0.2.53 may not be used: AnycastPool edge has it, but ';
    const selector = { matchLabels: { team: 'dns' } };
    expect(message(aPool({ namespaceSelector: selector }))).toBe(
      `${says}its namespaceSelector does not select namespace dns. Change the selector, or label the namespace.`,
    );
    expect(message(aPool({ serviceSelector: selector }))).toBe(
      `${says}its serviceSelector does not select the Service. Change the selector, or label the Service.`,
    );
    expect(message(aPool({ presence: 'deleting' }))).toBe(`${says}is being deleted. Add the address to another one.`);
    const live = aPool({ namespaceSelector: selector }, 'other');
    expect(message(aPool({ presence: 'deleting' }), live)).toContain('AnycastPool other has it, but its namespaceSelector');
  });

  it('has to be for the namespace and the Service', () => {
    const namespaced = aPool({ namespaceSelector: { matchLabels: { team: 'dns' } } });
    expect(refusal(worldWith(namespaced))).toBe('AddressNotInPool');
    expect(refusal(worldWith(namespaced, aNamespace('dns')))).toBe('AddressNotInPool');
    expect(refusal(worldWith(namespaced, aNamespace('dns', { labels: { team: 'dns' } })))).toBeUndefined();
    const selecting = aPool({ serviceSelector: { matchLabels: { app: 'dns' } } });
    expect(refusal(worldWith(selecting))).toBe('AddressNotInPool');
    expect(refusal(worldWith(selecting, aService({ labels: { app: 'dns' } })))).toBeUndefined();
    const elsewhere = aService({ addresses: ['203.0.113.1'], ingress: ['203.0.113.1'] });
    expect(address(worldWith(namespaced, elsewhere))?.refusal?.message).toContain('There is none yet.');
  });

  it('is the first by name of several', () => {
    expect(address(worldWith(aPool({}, 'a'), aPool({}, 'z')))?.pool).toBe('a');
  });

  it('that is deleted or shrunk withdraws; one that is not seen, or stale, withdraws nothing and keeps the status', () => {
    const deleted = announcedWorld();
    deleted.cluster.put(aNamespace());
    deleted.cluster.mark('AnycastPool', 'edge', 'deleted');
    expect(deleted.decide().governed.decisions).toMatchObject([
      { outcome: 'withdraw', evidence: [{ source: 'AnycastPool', fact: 'deleted' }] },
    ]);
    const shrunk = announcedWorld();
    shrunk.cluster.put(aPool({ prefixes: [] }), aNamespace());
    expect(shrunk.decide().governed.decisions).toMatchObject([{ outcome: 'withdraw', reason: 'AddressNotInPool' }]);
    const unseen = announcedWorld();
    unseen.cluster.forget('AnycastPool', 'edge');
    unseen.cluster.put(aNamespace());
    expect(unseen.decide()).toMatchObject({
      governed: { decisions: [{ outcome: 'hold', reason: 'NoEvidence' }] },
      intent: { desiredIngress: ['192.0.2.53'] },
    });
    const stale = worldWith(aPool({ prefixes: [] }), aNamespace());
    stale.cluster.stale('AnycastPool');
    expect(stale.decide().intent.desiredIngress).toEqual(['192.0.2.53']);
  });

  it('that is missing stays in force and brings up nothing', () => {
    const world = announcedWorld();
    world.cluster.mark('AnycastPool', 'edge', 'missing');
    world.cluster.put(aSlice([ready('n1'), ready('n2')]));
    expect(world.decide().governed.decisions).toMatchObject([{ outcome: 'hold', place: { node: 'n2' }, reason: 'InputMissing' }]);
  });
});

describe('one address, several Services', () => {
  const rival = (rest: Parameters<typeof aService>[0] = {}) => aService({ createdAt: '2025-01-01T00:00:00Z', ...rest }, 'dns/rival');

  it('stays with the one that has routes, however old the other', () => {
    const world = announcedWorld();
    world.cluster.put(rival());
    expect(refusal(world, 'dns/rival')).toBe('AddressInUse');
    expect(address(world, 'dns/rival')?.refusal?.message).toContain('is held by Service dns/edge');
    expect(refusal(world)).toBeUndefined();
  });

  it('goes to the one in whose status it is, else to the older', () => {
    const unassigned = { ingress: [] };
    expect(refusal(worldWith(rival(unassigned)), 'dns/rival')).toBe('AddressInUse');
    expect(refusal(worldWith(aService(unassigned), rival(unassigned)), 'dns/rival')).toBeUndefined();
    expect(refusal(worldWith(aService(unassigned), rival(unassigned)))).toBe('AddressInUse');
  });

  it('is not kept from anybody by a Service that may not have it', () => {
    for (const hopeless of [
      rival({ presence: 'deleting' }),
      rival({ families: ['IPv6'] }),
      rival({ isLoadBalancer: false }),
      rival({ addresses: [] }),
    ]) {
      expect(refusal(worldWith(hopeless))).toBeUndefined();
    }
    const pool = aPool({ serviceSelector: { matchLabels: { app: 'dns' } } });
    expect(refusal(worldWith(pool, aService({ labels: { app: 'dns' } }), rival()))).toBeUndefined();
  });

  it('stays with one that had it until its status does not say so, whatever it asks for now', () => {
    const newcomer = aService({ ingress: [] });
    for (const former of [rival({ presence: 'deleting' }), rival({ presence: 'deleted' }), rival({ addresses: ['192.0.2.54'] })]) {
      const world = worldWith(newcomer, former);
      expect(refusal(world)).toBe('AddressInUse');
      world.cluster.put({ ...former, ingress: [] });
      expect(refusal(world)).toBeUndefined();
    }
  });

  it('stays with one of another class while its AnycastService is being deleted', () => {
    const former = aRefinement({ service: 'dns/rival', presence: 'deleting' }, 'dns/rival');
    const world = worldWith(aService({ ingress: [] }), rival({ class: 'foreign' }), former);
    expect(refusal(world)).toBe('AddressInUse');
    world.cluster.forget('AnycastService', 'dns/rival');
    expect(refusal(world)).toBeUndefined();
  });

  it('is free for the next when the last router has lost it, and the status does not have it any more', () => {
    const world = announcedWorld();
    world.cluster.put(rival({ ingress: [] }), aSlice([ready('n1')], { service: 'dns/rival' }));
    world.cluster.mark('Service', 'dns/edge', 'deleting');
    expect(refusal(world, 'dns/rival')).toBe('AddressInUse');
    world.decide();
    expect(refusal(world, 'dns/rival')).toBe('AddressInUse');
    world.writeStatus('dns/edge');
    expect(refusal(world, 'dns/rival')).toBeUndefined();
  });

  it('does not give routes that nobody explains to a newcomer, nor to one of two whose status has the address, but to the only one', () => {
    const world = announcedWorld();
    world.cluster.put(aService({ ingress: [] }));
    world.changeLeader();
    expect(address(world)?.refusal).toMatchObject({ reason: 'AddressInUse' });
    expect(address(world)?.refusal?.message).toContain('routes on speakers of which it is not known whose they are');
    expect(world.route()).toBeDefined();
    world.cluster.put(aService(), rival());
    expect([refusal(world), refusal(world, 'dns/rival')]).toEqual(['AddressInUse', 'AddressInUse']);
    world.cluster.put(rival({ presence: 'deleting' }));
    expect(world.decide('dns/rival').governed.orders).toEqual([]);
    expect(refusal(world)).toBeUndefined();
    expect([...world.ledger.orphans()]).toEqual([]);
  });

  it('takes routes back that nobody explains but a Service that is being deleted', () => {
    const world = announcedWorld();
    world.cluster.mark('Service', 'dns/edge', 'deleting');
    world.changeLeader();
    expect(world.decide().governed.decisions).toMatchObject([{ outcome: 'withdraw', reason: 'ServiceDeleted' }]);
  });

  it('leaves routes alone that another leader ordered and this one has no reason for', () => {
    const world = worldWith(aService({ class: 'none' }), aConfig([{}]), aNamespace());
    world.decide();
    world.cluster.put(aConfig([]));
    world.changeLeader();
    expect(world.decide().governed.decisions).toEqual([]);
    expect([...world.ledger.orphans()]).toHaveLength(1);
  });
});

describe('a node', () => {
  it.each([
    ['deleted', aNode('n1', { presence: 'deleted' }), 'NodeDeleted'],
    ['being deleted', aNode('n1', { presence: 'deleting' }), 'NodeNotEligible'],
    ['without network', aNode('n1', { networkUnavailable: true }), 'NodeNotEligible'],
    ['excluded from load balancers', aNode('n1', { excluded: true }), 'NodeNotEligible'],
  ])('that is %s has no route', (_, node, reason) => {
    const world = announcedWorld();
    world.cluster.put(node);
    expect(world.decide().governed.decisions).toMatchObject([{ outcome: 'withdraw', cause: 'narrowing', reason }]);
  });

  it('is not judged by what is stale', () => {
    const world = announcedWorld();
    world.cluster.put(aNode('n1', { excluded: true }));
    world.cluster.stale('Node');
    expect(world.decide().governed.decisions).toMatchObject([{ outcome: 'hold', reason: 'InputStale' }]);
  });

  it('announces under Cluster what any other serves, and nothing new while it is not Ready itself', () => {
    const world = worldWith(aService({ externalTrafficPolicy: 'Cluster', healthCheckNodePort: 30_000 }), anUnreadyNode('n2'), aNode('n3'));
    const { intent: clusterWide, governed } = world.decide();
    expect(clusterWide).toMatchObject({ endpointPolicy: 'Cluster', gate: { mode: 'Auto', announceDelayMs: 1_000 } });
    expect(clusterWide.gate.healthCheckNodePort).toBeUndefined();
    expect(governed.decisions).toMatchObject([
      { outcome: 'announce', place: { node: 'n1' } },
      { outcome: 'hold', place: { node: 'n2' }, reason: 'NodeUnknown' },
      { outcome: 'hold', place: { node: 'n3' }, reason: 'SpeakerNotHeard' },
    ]);
    world.cluster.put(aSlice([notReady('n1')]));
    expect(world.decide().governed.decisions).toMatchObject([{ outcome: 'withdraw', place: { node: 'n1' }, cause: 'soft' }]);
  });

  it('waits for the health-check port under Local', () => {
    expect(intent(worldWith(aService({ healthCheckNodePort: 30_000 }))).gate).toEqual({
      mode: 'Auto',
      healthCheckNodePort: 30_000,
      announceDelayMs: 1_000,
    });
  });
});

describe('families', () => {
  it('are judged apart', () => {
    const both = { addresses: ['192.0.2.53', '2001:db8::53'], ingress: ['192.0.2.53', '2001:db8::53'] };
    const world = worldWith(aService(both), aSlice([ready('n1'), gone('n2')], { family: 'IPv6' }, 'dns/edge-v6'));
    world.cluster.put(aSlice([leaving('n1'), ready('n2')]));
    const { intent: judged } = world.decide();
    expect(judged.addresses.map(({ standings }) => standings.map(({ place, wanted }) => `${place.node} ${wanted}`))).toEqual([
      ['n1 ifAnnounced', 'n2 yes'],
      ['n1 yes', 'n2 no'],
    ]);
    expect(world.route('n1', '2001:db8::53/128')).toBeDefined();
    expect(world.route('n2', '2001:db8::53/128')).toBeUndefined();
  });
});
