import { describe, expect, it } from 'vitest';
import { compileNode } from '../compile-node.ts';
import { aConfig, aNode, aPeer } from '../testing/builders.ts';
import { aCluster, World } from '../testing/world.ts';
import type { ObservedObject } from '../view.ts';

function worldWith(...objects: ObservedObject[]): World {
  const cluster = aCluster();
  cluster.put(...objects);
  return new World(cluster);
}

function openWorld(): World {
  const world = worldWith();
  world.decideNode();
  return world;
}

/** What was decided, short. */
const decided = (world: World): string[] =>
  world
    .decideNode()
    .decisions.map(({ peer, outcome, effect, cause, reason }) => `${peer ?? 'node'} ${outcome} ${effect} ${cause} ${reason}`);

const notes = (world: World) => compileNode(world.cluster, world.ledger, 'n1').notes;

describe('how a node takes part', () => {
  it('begins with its identity and its sessions', () => {
    const world = worldWith(aPeer('spine', { nodeSelector: { matchLabels: { rack: 'r9' } } }));
    expect(decided(world)).toEqual(['node open none bringUp RouterIdSet', 'tor open none bringUp PeerSelected']);
    expect([...(world.speakers.get('n1')?.values() ?? [])]).toMatchObject([
      { kind: 'node', routerId: '10.0.0.1' },
      { kind: 'peer', name: 'tor', families: ['IPv4', 'IPv6'] },
    ]);
    expect(decided(world)).toEqual([]);
  });

  it('says nothing of a node that speaks to nobody', () => {
    const world = worldWith(aPeer('tor', { presence: 'deleted' }));
    expect(world.decideNode()).toEqual({ node: 'n1', decisions: [], orders: [] });
  });

  it('waits for the speaker', () => {
    const world = new World(aCluster(), []);
    expect(decided(world)).toEqual(['node hold none bringUp SpeakerNotHeard', 'tor hold none bringUp SpeakerNotHeard']);
    const since = world.decideNode().decisions.map((decision) => decision.sinceMs);
    world.nowMs = 500;
    expect(world.decideNode().decisions.map((decision) => decision.sinceMs)).toEqual(since);
  });

  it('takes the BGP Identifier from a person, else from the first IPv4 InternalIP', () => {
    const world = worldWith(aNode('n1', { routerId: '192.0.2.99' }));
    world.decideNode();
    expect(world.speakers.get('n1')?.get('node')).toMatchObject({ routerId: '192.0.2.99' });
  });

  it('says what to do where no BGP Identifier can be had, and keeps the one it had', () => {
    const addressless = aNode('n1', { internalAddresses: ['fd00::1'] });
    expect(notes(worldWith(addressless))).toMatchObject([{ kind: 'Node', object: 'n1', reason: 'NoRouterId' }]);
    const world = openWorld();
    world.cluster.put(addressless);
    expect(decided(world)).toEqual([]);
    expect(notes(world)).toEqual([]);
  });

  it('takes a new BGP Identifier for a change that bounces all sessions', () => {
    const world = openWorld();
    world.cluster.put(aNode('n1', { routerId: '192.0.2.99' }));
    expect(decided(world)).toEqual(['node change bounce narrowing RouterIdSet']);
  });

  it('tells a change that bounces a session from one that does not', () => {
    const world = openWorld();
    world.cluster.put(aPeer('tor', { session: { ...aPeer().session, connectRetryMs: 1 } }));
    expect(decided(world)).toEqual(['tor change none attributes PeerSelected']);
    world.cluster.put(aPeer('tor', { session: { ...aPeer().session, connectRetryMs: 1, peerAsn: 7 } }));
    expect(world.decideNode().decisions).toMatchObject([
      { outcome: 'change', effect: 'bounce', cause: 'narrowing', inputs: { fields: 'peerAsn' } },
    ]);
  });

  it.each([
    ['the peer is deleted', aPeer('tor', { presence: 'deleted' }), 'PeerDeleted'],
    ['the peer selects other nodes', aPeer('tor', { nodeSelector: { matchLabels: { rack: 'r9' } } }), 'PeerNotForNode'],
    ['the node is deleted', aNode('n1', { presence: 'deleted' }), 'NodeDeleted'],
  ])('closes a session when %s', (_, object, reason) => {
    const world = openWorld();
    world.cluster.put(object);
    expect(decided(world)).toEqual([`tor close bounce narrowing ${reason}`]);
    expect(decided(world)).toEqual([]);
  });

  it('closes nothing because a peer or the node is not seen', () => {
    const world = openWorld();
    world.cluster.forget('AnycastPeer', 'tor');
    expect(decided(world)).toEqual(['tor hold bounce narrowing InputMissing']);
    world.cluster.put(aPeer());
    world.cluster.forget('Node', 'n1');
    expect(decided(world)).toEqual([]);
  });

  it('opens no session before its password is known, and says what is needed', () => {
    const world = worldWith(aPeer('tor', { passwordSecret: 'key' }));
    expect(world.decideNode().decisions).toMatchObject([
      { outcome: 'open', reason: 'RouterIdSet' },
      {
        peer: 'tor',
        outcome: 'hold',
        rule: 'presentInput',
        reason: 'InputMissing',
        inputs: { kind: 'Secret', object: 'key' },
        exit: 'Secret key is there, with a password that can be used.',
      },
    ]);
    expect([...(world.speakers.get('n1')?.keys() ?? [])]).toEqual(['node']);
    world.cluster.put(aPeer('tor', { passwordSecret: 'key', session: { ...aPeer().session, password: 'p' } }));
    expect(decided(world)).toEqual(['tor open none bringUp PeerSelected']);
    expect(world.speakers.get('n1')?.get('peer/tor')).toMatchObject({ password: 'p' });
  });

  it('bounces no session that ran without a password before that is known', () => {
    const world = openWorld();
    world.cluster.put(aPeer('tor', { passwordSecret: 'key' }));
    expect(decided(world)).toEqual([]);
    world.cluster.put(aPeer('tor', { passwordSecret: 'key', session: { ...aPeer().session, peerAsn: 7 } }));
    expect(decided(world)).toEqual(['tor hold bounce narrowing InputMissing']);
    world.cluster.put(aPeer('tor', { passwordSecret: 'key', session: { ...aPeer().session, password: 'p' } }));
    expect(decided(world)).toEqual(['tor change bounce narrowing PeerSelected']);
  });

  it('changes nothing by what is stale, and says since when', () => {
    const world = openWorld();
    world.cluster.put(aPeer('tor', { session: { ...aPeer().session, peerAsn: 7 } }));
    world.cluster.stale('AnycastPeer');
    expect(decided(world)).toEqual(['tor hold bounce narrowing InputStale']);
    world.nowMs = 1_000;
    expect(world.decideNode().decisions).toMatchObject([{ rule: 'freshInput', sinceMs: 0, exit: expect.stringContaining('AnycastPeer') }]);
  });
});

describe('a speaker that lacks a feature', () => {
  const peerWith = (options: object) => aPeer('tor', { session: { ...aPeer().session, ...options } });

  /** A speaker that can run what protocol 1 has, and `features`. */
  function olderWorld(...features: string[]): World {
    const world = new World(aCluster(), []);
    world.features = features;
    world.hello('n1');
    return world;
  }

  it('gets no entry that needs it, and all others', () => {
    const world = olderWorld('role');
    world.cluster.put(peerWith({ role: 'Customer', roleStrict: true }), aPeer('old'));
    expect(decided(world)).toEqual([
      'node open none bringUp RouterIdSet',
      'old open none bringUp PeerSelected',
      'tor hold none bringUp FeatureMissing',
    ]);
    expect(world.decideNode().decisions).toMatchObject([
      { rule: 'speakerAble', inputs: { features: 'role-strict' }, exit: expect.stringContaining('when the speaker on n1 is one that can') },
    ]);
  });

  it('goes on with what it runs, whatever the change would do to the session, until another takes its place', () => {
    const world = olderWorld();
    world.decideNode();
    const before = world.speakers.get('n1')?.get('peer/tor');
    world.cluster.put(peerWith({ role: 'Customer' }));
    expect(decided(world)).toEqual(['tor hold bounce narrowing FeatureMissing']);
    world.cluster.put(peerWith({ maxPrefixes: 5 }));
    expect(decided(world)).toEqual(['tor hold refresh attributes FeatureMissing']);
    expect(world.speakers.get('n1')?.get('peer/tor')).toBe(before);
    world.features = ['max-prefixes'];
    world.hello('n1');
    expect(decided(world)).toEqual(['tor change refresh attributes PeerSelected']);
  });

  it('may have others that this version does not know', () => {
    const world = olderWorld('role', 'of-a-later-version');
    world.cluster.put(peerWith({ role: 'Customer' }));
    expect(decided(world)).toContain('tor open none bringUp PeerSelected');
  });

  it('keeps a session that needs it and runs, and loses it when the peer is deleted', () => {
    const world = worldWith(peerWith({ role: 'Customer' }));
    world.decideNode();
    world.features = [];
    world.changeLeader();
    expect(decided(world)).toEqual([]);
    world.cluster.put(aPeer('tor', { presence: 'deleted' }));
    expect(decided(world)).toEqual(['tor close bounce narrowing PeerDeleted']);
  });
});

describe('mode Observe of the configuration', () => {
  const observing = aConfig([], { isObserved: true });

  it('opens no session, and sends no identity', () => {
    const world = worldWith(observing);
    expect(world.decideNode()).toEqual({ node: 'n1', decisions: [], orders: [] });
    expect(compileNode(world.cluster, world.ledger, 'n1').peers).toMatchObject([{ peer: 'tor', reason: 'ObserveOnly' }]);
  });

  it('says where no BGP Identifier could be had', () => {
    expect(notes(worldWith(observing, aNode('n1', { internalAddresses: [] })))).toMatchObject([{ reason: 'NoRouterId' }]);
  });

  it('closes sessions as a narrowing edit, and opens them when it ends', () => {
    const world = openWorld();
    world.cluster.put(observing);
    expect(world.decideNode().decisions).toMatchObject([
      {
        peer: 'tor',
        outcome: 'close',
        cause: 'narrowing',
        reason: 'ObserveOnly',
        evidence: [{ source: 'AnycastConfig', fact: 'mode Observe' }],
      },
    ]);
    expect(decided(world)).toEqual([]);
    world.cluster.put(aConfig([]));
    expect(decided(world)).toEqual(['tor open none bringUp PeerSelected']);
  });

  it('closes also the session of a peer that is not seen, for no session is to be', () => {
    const world = openWorld();
    world.cluster.forget('AnycastPeer', 'tor');
    world.cluster.put(observing);
    expect(decided(world)).toEqual(['tor close bounce narrowing ObserveOnly']);
  });

  it.each([
    ['stale', (world: World) => world.cluster.stale('AnycastConfig'), ['tor hold bounce narrowing InputStale']],
    ['missing', (world: World) => world.cluster.mark('AnycastConfig', 'default', 'missing'), ['tor hold bounce narrowing InputMissing']],
    ['deleted', (world: World) => world.cluster.mark('AnycastConfig', 'default', 'deleted'), []],
    ['not seen', (world: World) => world.cluster.forget('AnycastConfig', 'default'), []],
  ])('closes nothing while the configuration is %s', (_, change, expected) => {
    const world = openWorld();
    world.cluster.put(observing);
    change(world);
    expect(decided(world)).toEqual(expected);
    expect(world.speakers.get('n1')?.has('peer/tor')).toBe(true);
  });

  it('goes on while it is missing, and ends when it is deleted', () => {
    const world = worldWith(observing);
    world.cluster.mark('AnycastConfig', 'default', 'missing');
    expect(decided(world)).toEqual([]);
    world.cluster.mark('AnycastConfig', 'default', 'deleted');
    expect(decided(world)).toEqual(['node open none bringUp RouterIdSet', 'tor open none bringUp PeerSelected']);
  });
});

describe('a configuration that is not known', () => {
  it('lets no session be opened, for its mode may be Observe, and touches none that is there', () => {
    const world = worldWith();
    world.cluster.stale('AnycastConfig');
    expect(decided(world)).toEqual(['node open none bringUp RouterIdSet', 'tor hold none bringUp InputStale']);
    world.cluster.fresh();
    world.decideNode();
    world.cluster.stale('AnycastConfig');
    world.cluster.put(aPeer('tor', { session: { ...aPeer().session, connectRetryMs: 1 } }));
    expect(decided(world)).toEqual(['tor change none attributes PeerSelected']);
  });

  it('is one that is missing, too', () => {
    const world = worldWith(aConfig([], { presence: 'missing' }));
    expect(decided(world)).toEqual(['node open none bringUp RouterIdSet', 'tor hold none bringUp InputMissing']);
  });
});

describe('a new leader', () => {
  it('confirms what speakers have, and bounces no session', () => {
    const world = openWorld();
    world.changeLeader();
    const governed = world.decideNode();
    expect(governed.decisions).toEqual([]);
    expect(governed.orders).toHaveLength(2);
    expect(world.decideNode().orders).toEqual([]);
  });

  it('leaves a session with a password that it can not read as it is, until it can or the peer is deleted', () => {
    const known = aPeer('tor', { passwordSecret: 'key', session: { ...aPeer().session, password: 'p' } });
    const world = worldWith(known);
    world.decideNode();
    world.changeLeader();
    world.cluster.put(aPeer('tor', { passwordSecret: 'key' }));
    expect(decided(world)).toEqual(['tor hold bounce narrowing InputMissing']);
    expect(world.speakers.get('n1')?.get('peer/tor')).toMatchObject({ password: 'p' });
    world.cluster.put(known);
    expect(decided(world)).toEqual([]);
    world.cluster.put(aPeer('tor', { passwordSecret: 'key', presence: 'deleted' }));
    expect(decided(world)).toEqual(['tor close bounce narrowing PeerDeleted']);
  });

  it('assumes the worst of a change that it can not compare', () => {
    const world = openWorld();
    world.cluster.put(aPeer('tor', { session: { ...aPeer().session, connectRetryMs: 1 } }), aNode('n1', { routerId: '192.0.2.99' }));
    world.changeLeader();
    expect(decided(world)).toEqual(['node change bounce narrowing RouterIdSet', 'tor change bounce narrowing PeerSelected']);
  });

  it('forgets sessions that a speaker has no more', () => {
    const world = openWorld();
    world.changeLeader();
    world.speakers.get('n1')?.clear();
    world.hello('n1');
    expect(decided(world)).toEqual(['node open none bringUp RouterIdSet', 'tor open none bringUp PeerSelected']);
  });
});
