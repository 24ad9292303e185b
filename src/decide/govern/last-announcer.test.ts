import { describe, expect, it } from 'vitest';
import { aHold, aNode, anAdvertisement, anUnreadyNode, aPeer, aSlice, ready } from '../testing/builders.ts';
import { aCluster, World } from '../testing/world.ts';

const toTor = (tor: string) => anAdvertisement({ peerSelector: { matchLabels: { tor } } });

/** `n1` announces to the peer `one`; the peer `two` is there, and hears nothing. */
function aWorld(): World {
  const world = new World(aCluster(), ['n1', 'n2']);
  world.removalGuard = { graceMs: 5_000, maxPercent: 25, maxPrefixes: 100, holdsLastOfPool: true };
  world.cluster.forget('AnycastPeer', 'tor');
  world.cluster.put(aPeer('one', { labels: { tor: '1' } }), aPeer('two', { labels: { tor: '2' } }), toTor('1'), aSlice([ready('n1')]));
  world.decide();
  expect(peersOf(world)).toEqual(['one']);
  return world;
}

const peersOf = (world: World, node = 'n1'): string[] | undefined => world.route(node)?.exports.flatMap(({ peers }) => peers);

/** What was decided, short. */
const decided = (world: World): string[] =>
  world.decide().governed.decisions.map(({ place, outcome, reason }) => `${place.node} ${outcome} ${reason}`);

describe('the last router that has a route', () => {
  it('loses it when the next one has it, and not before', () => {
    const world = aWorld();
    world.cluster.put(toTor('2'));
    expect(decided(world)).toEqual(['n1 hold RemovalGrace', 'n1 announce Serving']);
    expect(peersOf(world)?.sort()).toEqual(['one', 'two']);
    world.nowMs = 5_000;
    expect(decided(world)).toEqual(['n1 withdraw PeerNotSelected']);
    expect(peersOf(world)).toEqual(['two']);
  });

  it('keeps it where there is no next one, until a person approves', () => {
    const world = aWorld();
    world.cluster.put(toTor('3'));
    expect([decided(world), world.ledger.hasHoldsOf('dns/edge')]).toEqual([['n1 hold RemovalHeld'], true]);
    world.cluster.put(toTor('1'));
    expect([decided(world), world.ledger.hasHoldsOf('dns/edge')]).toEqual([[], false]);
  });

  it('keeps it from a node that nobody knows about, and no other is told meanwhile', () => {
    const world = aWorld();
    world.cluster.put(anUnreadyNode('n1'), toTor('2'));
    decided(world);
    expect(peersOf(world)).toEqual(['one']);
  });

  it('keeps what another leader ordered, of which the entry is not known', () => {
    const world = aWorld();
    world.changeLeader();
    world.cluster.put(toTor('2'));
    decided(world);
    expect(peersOf(world)).toEqual(['one']);
  });

  it('loses it where a person approved, though the peer was let go and is not known to a new leader', () => {
    const world = aWorld();
    world.cluster.mark('AnycastPeer', 'one', 'deleting');
    expect(decided(world)).toEqual(['n1 hold RemovalHeld']);
    const [batch = ''] = world.ledger.removals.batches();
    const listed = world.ledger.removals.batch(batch);
    world.changeLeader();
    world.cluster.forget('AnycastPeer', 'one');
    world.ledger.removals.applyHold(aHold(listed, {}, batch), 8, world.nowMs);
    expect(decided(world)).toEqual(['n1 hold InputMissing']);
    world.ledger.removals.applyHold(aHold(listed, { isApproved: true }, batch), 8, world.nowMs);
    expect(decided(world)).toEqual(['n1 withdraw NotSelected']);
  });
});

describe('a place', () => {
  it('whose speaker is away is not what a prefix can be left to', () => {
    const world = aWorld();
    world.cluster.put(aSlice([ready('n1'), ready('n2')]));
    world.decide();
    world.ledger.applyLost('n2');
    world.cluster.put(aNode('n1', { excluded: true }));
    expect(decided(world)).toContain('n1 hold RemovalGrace');
    world.nowMs = 5_000;
    expect(decided(world)).toContain('n1 hold RemovalHeld');
    world.hello('n2');
    expect(decided(world)).toContain('n1 withdraw NodeNotEligible');
  });

  it('that no router has is left to any other', () => {
    const world = aWorld();
    world.cluster.put(aSlice([ready('n1'), ready('n2')]));
    world.decide();
    for (const node of ['n1', 'n2']) world.ledger.applyReport(node, { routes: [{ prefix: '192.0.2.53/32', peers: [], ageMs: 0 }] }, 0);
    world.ledger.applyLost('n2');
    world.cluster.put(aNode('n1', { excluded: true }));
    expect(decided(world)).toContain('n1 withdraw NodeNotEligible');
  });
});

describe('a session that shall not carry a family any more', () => {
  it('loses it after the routes of it, when it is its turn', () => {
    const world = aWorld();
    world.decideNode();
    world.decideNode('n2');
    const isUp = {
      peer: 'one',
      state: 'Established',
      ageMs: 0,
      families: [],
      localAddress: '',
      announcedPrefixes: 0,
      lastError: '',
    } as const;
    for (const node of ['n1', 'n2']) world.ledger.turns.hear(node, [isUp], 0);
    world.cluster.put(aPeer('one', { labels: { tor: '1' }, families: ['IPv6'] }));
    const session = (): string[] =>
      world.decideNode().decisions.flatMap(({ peer, outcome, reason }) => (peer === 'one' ? [`${outcome} ${reason}`] : []));
    expect(session()).toEqual(['hold RemovalGrace']);
    world.nowMs = 5_000;
    expect(session()).toEqual(['hold RoutesRemain']);
    world.cluster.put(aSlice([]));
    world.decide();
    world.ledger.turns.order('n2', 'one', 5_000);
    expect(session()).toEqual(['hold SessionsInTurn']);
    world.ledger.turns.hear('n2', [isUp], 6_000);
    expect(session()).toEqual(['change PeerSelected']);
    expect(world.ledger.turns.now).toMatchObject({ of: 2, anew: 1, first: { node: 'n1', peer: 'one' } });
  });
});
