import { describe, expect, it } from 'vitest';
import { wellKnownCommunities } from '#net/community.ts';
import { aNode, anAdvertisement, anUnreadyNode, aPeer, aRefinement, aSlice, leaving, notReady, ready } from '../testing/builders.ts';
import { aCluster, governedOf, World } from '../testing/world.ts';

const graceful = wellKnownCommunities['graceful-shutdown'];

/** `n1` and `n2` serve and are announced. */
function announcedWorld(): World {
  const world = new World(aCluster());
  world.cluster.put(aSlice([ready('n1'), ready('n2')]));
  world.decide();
  return world;
}

/** What was decided, short. */
const decided = (world: World): string[] =>
  world.decide().governed.decisions.map(({ place, outcome, reason }) => `${place.node} ${outcome} ${reason}`);

const endpoints = (world: World, ...list: Parameters<typeof aSlice>[0][number][]): void => world.cluster.put(aSlice(list));

/** Withdraws n1 and brings it up again, `times`, `n2` serving all the while. */
function flap(world: World, times: number): void {
  for (let count = 0; count < times; count++) {
    endpoints(world, notReady('n1'), ready('n2'));
    world.decide();
    endpoints(world, ready('n1'), ready('n2'));
    world.decide();
  }
}

describe('a difference', () => {
  it('has one decision, with everything that a person asks for', () => {
    const world = announcedWorld();
    world.nowMs = 5;
    endpoints(world, notReady('n1'), ready('n2'));
    expect(world.decide().governed).toEqual({
      ...governedOf('dns/edge'),
      decisions: [
        {
          place: { prefix: '192.0.2.53/32', node: 'n1' },
          peers: ['tor'],
          service: 'dns/edge',
          outcome: 'withdraw',
          cause: 'soft',
          rule: 'Admitted',
          reason: 'NoReadyEndpoint',
          evidence: [{ source: 'EndpointSlice', object: 'dns/edge-1', resourceVersion: '1', fact: 'ready=false (1 of 1) on n1' }],
          inputs: {},
          sinceMs: 5,
          exit: '',
          epoch: 7,
        },
      ],
      orders: [{ kind: 'remove', node: 'n1', key: 'route/192.0.2.53/32', countsAsFlap: true }],
    });
  });

  it('is decided once', () => {
    const world = announcedWorld();
    expect(world.decide().governed).toEqual(governedOf('dns/edge'));
  });

  it('is none while only the object behind it is newer', () => {
    const world = announcedWorld();
    world.cluster.put(aSlice([ready('n1'), ready('n2')], { resourceVersion: '99' }));
    expect(decided(world)).toEqual([]);
  });

  it('in how the data plane is waited for is an update for all peers', () => {
    const world = announcedWorld();
    world.cluster.put(aRefinement({ gateMode: 'Delay', announceDelayMs: 0 }));
    expect(decided(world)).toEqual(['n1 update Serving', 'n2 update Serving']);
    expect(world.route()?.gate).toEqual({ mode: 'Delay', announceDelayMs: 0 });
  });

  it('in attributes is an update for the peers that hear them, by the advertisements', () => {
    const world = announcedWorld();
    world.cluster.put(aPeer('spine', { labels: { role: 'spine' } }));
    world.decide();
    world.cluster.put(anAdvertisement({ peerSelector: { matchLabels: { role: 'spine' } }, attributes: { med: 3 } }, 'more'));
    expect(world.decide().governed.decisions).toMatchObject([
      { outcome: 'update', peers: ['spine'], evidence: [{ source: 'AnycastAdvertisement' }, { source: 'AnycastAdvertisement' }] },
      { outcome: 'update', peers: ['spine'] },
    ]);
  });

  it('in attributes is held while what says so is stale, and new peers wait with it', () => {
    const world = announcedWorld();
    world.cluster.put(anAdvertisement({ attributes: { med: 3 } }), aPeer('new'));
    world.cluster.stale('AnycastAdvertisement');
    const { decisions, orders } = world.decide().governed;
    expect(decisions.map(({ peers, outcome, cause }) => `${outcome} ${cause} ${peers}`)).toEqual([
      'hold attributes tor',
      'hold bringUp new',
      'hold attributes tor',
      'hold bringUp new',
    ]);
    expect(orders).toEqual([]);
  });

  it('takes effect for fewer peers with the old attributes, where the new ones are held', () => {
    const world = announcedWorld();
    world.cluster.put(aPeer('spine'));
    world.decide();
    world.cluster.put(anAdvertisement({ attributes: { med: 3 } }), aPeer('tor', { presence: 'deleted' }));
    world.cluster.stale('AnycastAdvertisement');
    world.decide();
    expect(world.route()?.exports).toEqual([{ peers: ['spine'], attributes: { communities: [], largeCommunities: [], prepend: 0 } }]);
  });
});

describe('leaving endpoints', () => {
  it('make a route that is up the last choice, and bring up none', () => {
    const world = new World(aCluster());
    endpoints(world, ready('n1'), leaving('n2'));
    expect(decided(world)).toEqual(['n1 announce Serving']);
    endpoints(world, leaving('n1'), leaving('n2'));
    expect(decided(world)).toEqual(['n1 update Leaving']);
    expect(world.route()).toMatchObject({ reason: 'Leaving', exports: [{ attributes: { communities: [graceful] } }] });
    endpoints(world, ready('n1'), leaving('n2'));
    expect(decided(world)).toEqual(['n1 update Serving']);
    expect(world.route()?.exports[0]?.attributes.communities).toEqual([]);
  });

  it('bring the route to no new peer', () => {
    const world = announcedWorld();
    endpoints(world, leaving('n1'), ready('n2'));
    world.decide();
    world.cluster.put(aPeer('new'));
    expect(decided(world)).toEqual(['n2 announce Serving']);
  });

  it('leave the route as it is while the node is unknown', () => {
    const world = announcedWorld();
    endpoints(world, leaving('n1'), ready('n2'));
    world.decide();
    world.cluster.put(anUnreadyNode('n1'));
    endpoints(world, notReady('n1'), ready('n2'));
    expect(decided(world)).toEqual(['n1 hold NodeUnknown']);
    expect(world.route()?.reason).toBe('Leaving');
    endpoints(world, ready('n1'), ready('n2'));
    expect(decided(world)).toEqual([]);
    expect(world.route()?.reason).toBe('Leaving');
  });
});

describe('an unknown node', () => {
  it('changes nothing while it is not Ready, nor for 30 s after; then time alone decides', () => {
    const world = announcedWorld();
    world.cluster.put(anUnreadyNode('n1'), anUnreadyNode('n2'));
    endpoints(world, notReady('n1'), notReady('n2'));
    expect(decided(world)).toEqual(['n1 hold NodeUnknown', 'n2 hold NodeUnknown']);
    expect(world.decide().governed.wakeAtMs).toBeUndefined();
    world.nowMs = 90_000;
    world.cluster.put(aNode('n1', { readySinceMs: 90_000 }), aNode('n2', { readySinceMs: 80_000 }));
    expect(world.decide().governed.wakeAtMs).toBe(110_000);
    world.nowMs = 110_000;
    expect(decided(world)).toEqual(['n1 hold NodeUnknown', 'n2 withdraw NoReadyEndpoint']);
  });

  it('brings up nothing', () => {
    const world = new World(aCluster());
    world.cluster.put(anUnreadyNode('n1'));
    endpoints(world, ready('n1'));
    expect(decided(world)).toEqual(['n1 hold NodeUnknown']);
    expect(world.announced()).toEqual([]);
  });
});

describe('a hold', () => {
  it('keeps its beginning while it goes on, and begins anew with another reason', () => {
    const world = announcedWorld();
    world.cluster.put(anUnreadyNode('n1'));
    endpoints(world, notReady('n1'), ready('n2'));
    world.decide();
    world.nowMs = 10;
    expect(world.decide().governed.decisions).toMatchObject([{ outcome: 'hold', rule: 'nodeKnown', sinceMs: 0 }]);
    world.nowMs = 20;
    world.cluster.stale('EndpointSlice');
    expect(world.decide().governed.decisions).toMatchObject([{ outcome: 'hold', rule: 'freshInput', sinceMs: 20 }]);
    world.cluster.fresh();
    world.cluster.put(aNode('n1'));
    expect(decided(world)).toEqual(['n1 withdraw NoReadyEndpoint']);
    expect(world.ledger.hold('dns/edge', '192.0.2.53/32@n1 soft')).toBeUndefined();
  });
});

describe('hold-down', () => {
  it('meets no first withdrawal', () => {
    const world = announcedWorld();
    world.nowMs = 3_000;
    flap(world, 1);
    expect(world.route('n1')).toBeDefined();
  });

  it('delays the second coming up within 10 min, and wakes when it ends', () => {
    const world = announcedWorld();
    world.nowMs = 3_000;
    flap(world, 2);
    const { governed } = world.decide();
    expect(governed).toMatchObject({
      decisions: [
        {
          outcome: 'hold',
          rule: 'holdDown',
          reason: 'HoldDown',
          inputs: { withdrawals: 2, remainingMs: 10_000, countedElsewhere: 1 },
          untilMs: 13_000,
        },
      ],
      orders: [],
      wakeAtMs: 13_000,
    });
    world.nowMs = 13_000;
    expect(decided(world)).toEqual(['n1 announce Serving']);
  });

  it('never delays withdrawals', () => {
    const world = announcedWorld();
    world.nowMs = 3_000;
    flap(world, 2);
    world.nowMs = 13_000;
    world.decide();
    endpoints(world, notReady('n1'), ready('n2'));
    expect(decided(world)).toEqual(['n1 withdraw NoReadyEndpoint']);
  });

  it('delays no new peer of a place that is up', () => {
    const world = announcedWorld();
    world.nowMs = 3_000;
    flap(world, 1);
    flap(world, 1);
    world.nowMs = 13_000;
    world.decide();
    flap(world, 0);
    world.cluster.put(aPeer('new'));
    expect(decided(world)).toEqual(['n1 announce Serving', 'n2 announce Serving']);
  });

  it.each<[string, (world: World) => void]>([
    ['serves', (world) => endpoints(world, ready('n1'), notReady('n2'))],
    ['is known to serve', (world) => world.cluster.put(anUnreadyNode('n2'))],
    ['is announced', (world) => world.cluster.put(aNode('n2', { excluded: true }))],
    ['has a speaker that can be reached', (world) => world.ledger.applyLost('n2')],
    ['was announced for 2 s', (world) => world.ledger.applyReport('n2', { routes: [shortTruth] }, world.nowMs)],
    ['has acknowledged', (world) => world.ledger.applyReport('n2', { routes: [{ ...shortTruth, peers: [] }] }, world.nowMs)],
  ])('delays nothing while no other place %s', (_, lose) => {
    const world = announcedWorld();
    world.nowMs = 3_000;
    flap(world, 2);
    lose(world);
    expect(decided(world)).toContain('n1 announce Serving');
  });

  it('is not caused by what a person ordered', () => {
    const world = announcedWorld();
    world.nowMs = 3_000;
    for (let count = 0; count < 3; count++) {
      world.cluster.mark('AnycastAdvertisement', 'all', 'deleted');
      world.decide();
      world.cluster.mark('AnycastAdvertisement', 'all', 'present');
      world.decide();
    }
    expect(world.route('n1')).toBeDefined();
  });
});

const shortTruth = { prefix: '192.0.2.53/32', peers: [{ peer: 'tor', announced: true, reason: 'Announced' }], ageMs: 1_999 } as const;

describe('a new leader', () => {
  it('confirms what speakers have without a decision', () => {
    const world = announcedWorld();
    world.changeLeader();
    const { decisions, orders } = world.decide().governed;
    expect(decisions).toEqual([]);
    expect(orders).toHaveLength(2);
    expect(world.decide().governed.orders).toEqual([]);
  });

  it('decides nothing for a node before its speaker said Hello', () => {
    const world = announcedWorld();
    const before = world.announced();
    world.ledger = new World(aCluster(), []).ledger;
    endpoints(world, notReady('n1'), ready('n2'));
    expect(decided(world)).toEqual(['n2 hold SpeakerNotHeard']);
    expect(world.announced()).toEqual(before);
  });

  it('sees what changed while nobody led', () => {
    const world = announcedWorld();
    endpoints(world, notReady('n1'), ready('n2'));
    world.changeLeader();
    expect(decided(world)).toEqual(['n1 withdraw NoReadyEndpoint']);
  });

  it('updates what it can not compare, and narrows it', () => {
    const world = announcedWorld();
    world.cluster.put(anAdvertisement({ attributes: { med: 1 } }));
    world.changeLeader();
    expect(decided(world)).toEqual(['n1 update Serving', 'n2 update Serving']);
    world.cluster.put(aPeer('spine'));
    world.decide();
    world.changeLeader();
    world.cluster.put(aPeer('tor', { presence: 'deleted' }));
    expect(decided(world)).toEqual(['n1 withdraw PeerNotSelected', 'n2 withdraw PeerNotSelected']);
  });

  it('touches nothing of what it can not compare while the change is held', () => {
    const world = announcedWorld();
    const before = world.announced();
    world.cluster.put(anAdvertisement({ attributes: { med: 1 } }));
    world.cluster.stale('AnycastAdvertisement');
    world.changeLeader();
    expect(decided(world)).toEqual(['n1 hold Serving', 'n2 hold Serving'].map((text) => text.replace('Serving', 'InputStale')));
    expect(world.announced()).toEqual(before);
  });

  it('does not undo what another leader told of leaving endpoints, while it can not know better', () => {
    const world = announcedWorld();
    endpoints(world, leaving('n1'), ready('n2'));
    world.decide();
    const before = world.announced();
    world.cluster.put(anUnreadyNode('n1'), anUnreadyNode('n2'));
    endpoints(world, notReady('n1'), notReady('n2'));
    world.changeLeader();
    expect(decided(world)).toEqual(['n1 hold NodeUnknown', 'n2 hold NodeUnknown']);
    expect(world.announced()).toEqual(before);
  });

  it('keeps what speakers have that no Service explains', () => {
    const world = announcedWorld();
    world.cluster.forget('Service', 'dns/edge');
    world.changeLeader();
    world.decideAll();
    expect(world.announced()).toHaveLength(2);
    expect([...world.ledger.orphans()].map(({ place }) => place.node)).toEqual(['n1', 'n2']);
  });
});
