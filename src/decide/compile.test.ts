import { describe, expect, it } from 'vitest';
import { aNamespace, aNode, anAdvertisement, aPeer, aPool, aService, aSlice, notReady, ready } from './testing/builders.ts';
import { aCluster, World } from './testing/world.ts';
import type { ObservedObject } from './view.ts';

function worldWith(...objects: ObservedObject[]): World {
  const cluster = aCluster();
  cluster.put(aSlice([ready('n1')]), ...objects);
  return new World(cluster);
}

const peersOf = (world: World, node = 'n1'): string[] => world.route(node)?.exports.flatMap((item) => item.peers) ?? [];

/** What was decided, short. */
const decided = (world: World): string[] =>
  world.decide().governed.decisions.map(({ outcome, cause, reason, peers }) => `${outcome} ${cause} ${reason} ${peers.join('+')}`);

const rack = (name: string) => ({ matchLabels: { rack: name } });

describe('which peers hear a route', () => {
  it('is all peers of the node that take the family, where an advertisement selects everything', () => {
    const world = worldWith(aPeer('v6only', { families: ['IPv6'] }), aPeer('elsewhere', { nodeSelector: rack('r2') }), aPeer('abc'));
    world.decide();
    expect(peersOf(world)).toEqual(['abc', 'tor']);
  });

  it('is by default the family of the peer address', () => {
    const { families: _, ...peer } = aPeer('v6', { session: { ...aPeer().session, address: '2001:db8:ffff::1' } });
    const world = worldWith(peer);
    world.decide();
    expect(peersOf(world)).toEqual(['tor']);
  });

  it.each([
    ['pool', { poolSelector: rack('r1') }, aPool({ labels: { rack: 'r1' } })],
    ['namespace', { namespaceSelector: rack('r1') }, aNamespace('dns', { labels: { rack: 'r1' } })],
    ['Service', { serviceSelector: rack('r1') }, aService({ labels: { rack: 'r1' } })],
    ['node', { nodeSelector: rack('r1') }, aNode('n1', { labels: { rack: 'r1' } })],
    ['peer', { peerSelector: rack('r1') }, aPeer('tor', { labels: { rack: 'r1' } })],
  ])('is none where the selector for the %s does not match', (_, selector, matching) => {
    const world = worldWith(anAdvertisement(selector));
    expect(decided(world)).toEqual([]);
    world.cluster.put(matching);
    expect(decided(world)).toEqual(['announce bringUp Serving tor']);
  });

  it('has different attributes for each, where advertisements differ; equal ones share an export', () => {
    const world = worldWith(
      aPeer('a', { labels: { rack: 'r1' } }),
      aPeer('b'),
      anAdvertisement({ peerSelector: rack('r1'), attributes: { med: 5 } }, 'extra'),
    );
    world.decide();
    expect(world.route()?.exports).toEqual([
      { peers: ['a'], attributes: { communities: [], largeCommunities: [], med: 5, prepend: 0 } },
      { peers: ['b', 'tor'], attributes: { communities: [], largeCommunities: [], prepend: 0 } },
    ]);
  });

  it('names each ignored attribute once, on however many nodes', () => {
    const world = worldWith(
      anAdvertisement({ attributes: { med: 1 } }),
      anAdvertisement({ attributes: { med: 2 }, createdAt: '2026-02-01T00:00:00Z' }, 'late'),
      aSlice([ready('n1'), ready('n2')]),
    );
    expect(world.decide().proposal.notes).toMatchObject([{ object: 'late', reason: 'AttributeIgnored' }]);
  });
});

describe('a narrowing edit', () => {
  function announced(): World {
    const world = worldWith(aPeer('spine'));
    world.decide();
    return world;
  }

  it('of a selector withdraws from the peers that it no longer names, with the object as evidence', () => {
    const world = announced();
    world.cluster.put(aPeer('spine', { labels: { rack: 'r1' } }), anAdvertisement({ peerSelector: rack('r1'), resourceVersion: '9' }));
    const [decision] = world.decide().governed.decisions;
    expect(decision).toMatchObject({
      outcome: 'withdraw',
      cause: 'narrowing',
      reason: 'PeerNotSelected',
      peers: ['tor'],
      evidence: [{ source: 'AnycastAdvertisement', object: 'all', resourceVersion: '9' }],
    });
    expect(peersOf(world)).toEqual(['spine']);
  });

  it('that leaves no peer withdraws the place', () => {
    const world = announced();
    world.cluster.put(anAdvertisement({ nodeSelector: rack('r9') }));
    expect(decided(world)).toEqual(['withdraw narrowing NotSelected spine+tor']);
    expect(world.route()).toBeUndefined();
  });

  it.each([
    ['is deleted', aPeer('tor', { presence: 'deleted' }), 'deleted'],
    ['is being deleted', aPeer('tor', { presence: 'deleting' }), 'deleted'],
    ['gives up the family', aPeer('tor', { families: ['IPv6'] }), 'does not carry IPv4'],
    ['leaves the node', aPeer('tor', { nodeSelector: rack('r9') }), 'does not select n1'],
  ])('of a peer that %s rests on the peer', (_, peer) => {
    const world = announced();
    world.cluster.put(peer);
    const [decision] = world.decide().governed.decisions;
    expect(decision).toMatchObject({ outcome: 'withdraw', peers: ['tor'], evidence: [{ source: 'AnycastPeer', object: 'tor' }] });
  });

  it('by a tombstone needs nothing else to be fresh', () => {
    const world = announced();
    world.cluster.mark('AnycastPeer', 'tor', 'deleted');
    world.cluster.stale('AnycastPool', 'AnycastAdvertisement', 'AnycastPeer');
    expect(decided(world)).toEqual(['withdraw narrowing PeerNotSelected tor']);
  });

  it('is none where an advertisement or peer is missing: both stay in force', () => {
    const world = announced();
    world.cluster.mark('AnycastAdvertisement', 'all', 'missing');
    world.cluster.mark('AnycastPeer', 'tor', 'missing');
    expect(decided(world)).toEqual([]);
  });

  it('is none where an advertisement or peer is simply not seen', () => {
    const world = announced();
    world.cluster.forget('AnycastAdvertisement', 'all');
    expect(decided(world)).toEqual(['hold narrowing NoEvidence spine+tor']);
    const other = announced();
    other.cluster.forget('AnycastPeer', 'tor');
    expect(decided(other)).toEqual(['hold narrowing InputMissing tor']);
  });

  it('is held while what it rests on is stale', () => {
    const world = announced();
    world.cluster.put(anAdvertisement({ nodeSelector: rack('r9') }));
    world.cluster.stale('AnycastAdvertisement');
    expect(decided(world)).toEqual(['hold narrowing InputStale spine+tor']);
    world.cluster.fresh();
    expect(decided(world)).toEqual(['withdraw narrowing NotSelected spine+tor']);
  });

  it('is not made of labels of a node that was never seen', () => {
    const world = announced();
    world.cluster.forget('Node', 'n1');
    expect(world.decide().governed.decisions).toMatchObject([
      { outcome: 'hold', reason: 'InputMissing', exit: expect.stringMatching(/^Bring Node n1 back; .*: kubectl get node n1$/) },
    ]);
  });

  it('applies also while the node is unknown', () => {
    const world = announced();
    const { readySinceMs: _, ...unready } = aNode('n1');
    world.cluster.put(unready, aSlice([notReady('n1')]), aPeer('tor', { presence: 'deleted' }));
    expect(decided(world)).toEqual(['hold soft NodeUnknown spine+tor', 'withdraw narrowing PeerNotSelected tor']);
    expect(peersOf(world)).toEqual(['spine']);
    world.cluster.put(anAdvertisement({ presence: 'deleted' }));
    expect(decided(world)).toEqual(['withdraw narrowing NotSelected spine']);
  });

  it('says why nothing was announced where endpoints fail and no advertisement matches', () => {
    const world = worldWith(anAdvertisement({ nodeSelector: rack('r9') }), aSlice([notReady('n1'), ready('n2')]));
    const [first, second] = world.decide().proposal.places;
    expect(first?.standing.reason).toBe('NoReadyEndpoint');
    expect(second?.standing.reason).toBe('NotSelected');
  });
});

describe('a widening edit', () => {
  it('brings up only what it itself has seen, and does not wait for what else is in doubt', () => {
    const world = worldWith();
    world.decide();
    world.cluster.put(aPeer('new'), aPeer('gone', { presence: 'missing' }));
    expect(decided(world)).toEqual(['announce bringUp Serving new', 'hold bringUp InputMissing gone']);
    expect(peersOf(world)).toEqual(['new', 'tor']);
  });

  it('brings up nothing by an advertisement that is missing', () => {
    const world = worldWith(anAdvertisement({ presence: 'missing' }));
    expect(decided(world)).toEqual(['hold bringUp InputMissing tor']);
    world.cluster.put(anAdvertisement({}, 'other'));
    expect(decided(world)).toEqual(['announce bringUp Serving tor']);
  });
});
