import { describe, expect, it } from 'vitest';
import { aHold, aNamespace, aNode, anAdvertisement, anUnreadyNode, aPeer, aPool, aSlice, notReady, ready } from '../testing/builders.ts';
import { aCluster, World } from '../testing/world.ts';

const prefix = '192.0.2.53/32';

/** `n1` and `n2` announce the only prefix of the pool, and so a person has to approve that it goes. */
function guardedWorld(graceMs = 0): World {
  const world = new World(aCluster(), ['n1', 'n2', 'n3']);
  world.removalGuard = { graceMs, maxPercent: 25, maxPrefixes: 100, holdsLastOfPool: true };
  world.cluster.put(aNode('n3'), aSlice([ready('n1'), ready('n2')]));
  world.decide();
  return world;
}

/** What was decided, short. */
const decided = (world: World): string[] =>
  world.decide().governed.decisions.map(({ place, outcome, cause, reason }) => `${place.node} ${outcome} ${cause} ${reason}`);

const announcing = (world: World): string[] => world.announced().map((text) => text.slice(0, 2));

function approve(world: World): void {
  const [batch = ''] = world.ledger.removals.batches();
  world.ledger.removals.applyHold(aHold(world.ledger.removals.batch(batch), { isApproved: true }, batch), 7, world.nowMs);
}

describe('a Service whose removal is held', () => {
  function held(): World {
    const world = guardedWorld();
    world.cluster.mark('Service', 'dns/edge', 'deleting');
    expect(decided(world)).toEqual(['n1 hold removal RemovalHeld', 'n2 hold removal RemovalHeld']);
    return world;
  }

  it('is listed with why it would go', () => {
    const { removals } = held().ledger;
    expect([...removals.batches()].map((name) => removals.batch(name))).toEqual([
      [{ prefix, service: 'dns/edge', cause: 'removal', reason: 'ServiceDeleted' }],
    ]);
  });

  it('goes down where its endpoints fail, and comes up where they serve', () => {
    const world = held();
    world.cluster.put(aSlice([notReady('n1'), ready('n2'), ready('n3')]));
    expect(decided(world)).toEqual([
      'n1 hold removal RemovalHeld',
      'n1 withdraw soft NoReadyEndpoint',
      'n2 hold removal RemovalHeld',
      'n3 announce bringUp Serving',
    ]);
    expect(announcing(world)).toEqual(['n2', 'n3']);
  });

  it('goes when the last of its EndpointSlices is deleted with it, as where its namespace ends', () => {
    const world = held();
    world.cluster.stale('EndpointSlice');
    world.cluster.mark('EndpointSlice', 'dns/edge-1', 'missing');
    expect(decided(world)).toEqual(['n1 hold removal RemovalHeld', 'n2 hold removal RemovalHeld']);
    world.cluster.fresh();
    world.cluster.forget('EndpointSlice', 'dns/edge-1');
    expect(decided(world)).toContain('n1 withdraw soft NoEndpoint');
    expect(announcing(world)).toEqual([]);
  });

  it('stays without EndpointSlices where a person wants it made anew', () => {
    const world = held();
    const [batch = ''] = world.ledger.removals.batches();
    world.ledger.removals.applyHold(aHold(world.ledger.removals.batch(batch), { isReleased: true }, batch), 7, 0);
    world.cluster.forget('EndpointSlice', 'dns/edge-1');
    expect(decided(world)).toContain('n1 hold soft NoEvidence');
    world.cluster.mark('Service', 'dns/edge', 'deleted');
    world.decide();
    expect(announcing(world)).toEqual(['n1', 'n2']);
  });

  it('goes when a person approves', () => {
    const world = held();
    approve(world);
    expect(decided(world)).toEqual(['n1 withdraw removal ServiceDeleted', 'n2 withdraw removal ServiceDeleted']);
    expect([announcing(world), [...world.ledger.removals.batches()]]).toEqual([[], []]);
  });

  it('is held no longer when it is there again', () => {
    const world = held();
    world.cluster.mark('Service', 'dns/edge', 'present');
    expect(decided(world)).toEqual([]);
    expect(world.ledger.removals.of(prefix)).toBeUndefined();
  });
});

describe('an address that is not allowed any more, and held', () => {
  function held(): World {
    const world = guardedWorld();
    world.cluster.put(aNamespace(), aPool({ prefixes: [] }));
    expect(decided(world)).toEqual(['n1 hold narrowing RemovalHeld', 'n2 hold narrowing RemovalHeld']);
    return world;
  }

  it('goes down where its endpoints surely fail, and comes up nowhere', () => {
    const world = held();
    world.cluster.put(aSlice([notReady('n1'), ready('n2'), ready('n3')]));
    expect(decided(world)).toEqual(['n1 hold narrowing RemovalHeld', 'n1 withdraw soft NoReadyEndpoint', 'n2 hold narrowing RemovalHeld']);
    world.cluster.put(aSlice([ready('n1'), ready('n2')]));
    expect(decided(world)).toEqual(['n2 hold narrowing RemovalHeld']);
  });

  it('stays where nobody knows about the endpoints', () => {
    const world = held();
    world.cluster.put(anUnreadyNode('n1'), aSlice([notReady('n1'), ready('n2')]));
    expect(decided(world)).toEqual(['n1 hold narrowing RemovalHeld', 'n2 hold narrowing RemovalHeld']);
  });

  it('stays where its endpoints fail and what says so is old', () => {
    const world = held();
    world.cluster.put(aSlice([notReady('n1'), ready('n2')]));
    world.cluster.stale('EndpointSlice');
    expect(announcing(world)).toEqual(['n1', 'n2']);
    expect(decided(world)).toContain('n1 hold narrowing RemovalHeld');
  });

  it('is one place after another: the last one is held', () => {
    const world = guardedWorld();
    world.cluster.put(aNode('n1', { excluded: true }));
    expect(decided(world)).toEqual(['n1 withdraw narrowing NodeNotEligible']);
    world.cluster.put(aNode('n2', { excluded: true }));
    expect(decided(world)).toEqual(['n2 hold narrowing RemovalHeld']);
    approve(world);
    expect(decided(world)).toEqual(['n2 withdraw narrowing NodeNotEligible']);
  });

  it('is what no advertisement selects any more', () => {
    const world = guardedWorld();
    world.cluster.put(anAdvertisement({ nodeSelector: { matchLabels: { rack: 'r9' } } }));
    expect(decided(world)).toEqual(['n1 hold narrowing RemovalHeld', 'n2 hold narrowing RemovalHeld']);
  });
});

describe('the grace', () => {
  it('is told as such, wakes when it is over, and is not counted when what was taken is back', () => {
    const world = guardedWorld(5_000);
    world.removalGuard = { ...world.removalGuard, holdsLastOfPool: false };
    world.cluster.mark('Service', 'dns/edge', 'deleting');
    expect(world.decide().governed).toMatchObject({ wakeAtMs: 5_000, removals: { grace: [prefix], held: [], removed: [] } });
    world.nowMs = 4_000;
    world.cluster.mark('Service', 'dns/edge', 'present');
    expect(world.decide().governed.removals).toMatchObject({ grace: [], kept: [prefix] });
    world.cluster.mark('Service', 'dns/edge', 'deleted');
    expect(world.decide().governed.wakeAtMs).toBe(9_000);
    world.nowMs = 9_000;
    expect(world.decide().governed.removals).toMatchObject({ removed: [prefix] });
    expect(announcing(world)).toEqual([]);
  });

  it('is given to one router that hears no more, where others do', () => {
    const world = guardedWorld(5_000);
    world.cluster.put(aPeer('spine'));
    world.decide();
    world.cluster.put(aPeer('spine', { presence: 'deleted' }));
    expect(decided(world)).toEqual(['n1 hold narrowing RemovalGrace', 'n2 hold narrowing RemovalGrace']);
    world.nowMs = 5_000;
    expect(decided(world)).toEqual(['n1 withdraw narrowing PeerNotSelected', 'n2 withdraw narrowing PeerNotSelected']);
  });

  it('is given to a session, which ends after its routes', () => {
    const world = guardedWorld(5_000);
    world.removalGuard = { ...world.removalGuard, holdsLastOfPool: false };
    world.decideNode();
    world.cluster.put(aPeer('tor', { presence: 'deleted' }));
    const session = (): string[] => world.decideNode().decisions.map(({ outcome, reason }) => `${outcome} ${reason}`);
    world.decide();
    expect(session()).toEqual(['hold RemovalGrace']);
    world.nowMs = 5_000;
    expect(session()).toEqual(['hold RoutesRemain']);
    world.decide();
    expect(session()).toEqual(['close PeerDeleted']);
  });
});
