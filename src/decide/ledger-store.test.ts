import { describe, expect, it } from 'vitest';
import type { Entry, PeerEntry, RouteEntry } from '#state/entry.ts';
import type { RouteTruth } from '#state/truth.ts';
import type { Order } from './ledger.ts';
import { LedgerStore } from './ledger-store.ts';
import { maxRememberedWithdrawals, maxRoutesByWord } from './limits.ts';
import { aPeer } from './testing/builders.ts';
import { governedOf, hashOf, helloOf, truthOf } from './testing/world.ts';

const prefix = '192.0.2.53/32';
const place = { prefix, node: 'n1' };
const attributes = { communities: [], largeCommunities: [], prepend: 0 };
const route: RouteEntry = {
  kind: 'route',
  prefix,
  service: 'dns/edge',
  reason: 'Serving',
  gate: { mode: 'Auto', announceDelayMs: 1_000 },
  exports: [{ peers: ['spine', 'tor'], attributes }],
};
const peer: PeerEntry = { ...aPeer().session, families: ['IPv4'] };
const announced: RouteTruth = truthOf(route, 40);
const nowhere: RouteTruth = { prefix, peers: [], ageMs: 0 };

const set = (entry: Entry = route, node = 'n1'): Order => ({ kind: 'set', node, entry });
const remove = (key = `route/${prefix}`, countsAsFlap = false): Order => ({ kind: 'remove', node: 'n1', key, countsAsFlap });

function noted(ledger: LedgerStore, ...orders: Order[]): LedgerStore {
  ledger.apply(governedOf('dns/edge', ...orders), 100);
  return ledger;
}

const greeted = (entries: readonly Entry[] = [], routes: readonly RouteTruth[] = []): LedgerStore => {
  const ledger = new LedgerStore();
  ledger.applyHello(helloOf('n1', entries, routes), 100);
  return ledger;
};

describe('a Hello', () => {
  it('makes a node heard and live; the end of its stream only less live', () => {
    const ledger = greeted();
    expect([ledger.heard('n1'), ledger.live('n1'), ledger.heard('n2')]).toEqual([true, true, false]);
    ledger.applyLost('n1');
    expect([ledger.heard('n1'), ledger.live('n1')]).toEqual([true, false]);
  });

  it('says what the speaker can run; before it, that is nothing', () => {
    const ledger = greeted();
    ledger.applyHello({ ...helloOf('n1', [], []), features: ['role'] }, 200);
    expect([[...ledger.features('n1')], [...ledger.features('n2')]]).toEqual([['role'], []]);
  });

  it('brings what others ordered: routes as orphans, and sessions', () => {
    const ledger = greeted([route, peer], [announced]);
    expect(ledger.route(place)).toEqual({
      place,
      order: { hash: hashOf(route), peers: ['spine', 'tor'] },
      announced: ['spine', 'tor'],
      announcedSinceMs: 60,
    });
    expect([...ledger.orphans()]).toHaveLength(1);
    expect([...ledger.orphansOn('n1')]).toEqual([...ledger.orphans()]);
    expect([...ledger.orphansOn('n2')]).toEqual([]);
    expect([...ledger.peersOf('n1')]).toEqual(['tor']);
    expect([...ledger.peersOf('n2')]).toEqual([]);
    expect(ledger.session('n1', 'peer/tor')).toEqual({ hash: hashOf(peer) });
  });

  it('brings entries that no peer has yet, and routes of which only routers know', () => {
    expect(greeted([route], []).route(place)).toEqual({ place, order: { hash: hashOf(route), peers: [] }, announced: [] });
    const leaving = greeted([], [announced]);
    expect(leaving.route(place)).toEqual({ place, announced: ['spine', 'tor'], announcedSinceMs: 60 });
    expect([...leaving.orphans()]).toEqual([]);
    expect([...leaving.orphansOn('n1')]).toEqual([]);
  });

  it('tells of withdrawals that this leader has not seen', () => {
    const ledger = greeted([], [{ ...nowhere, ageMs: 30 }]);
    expect(ledger.withdrawals(place)).toEqual({ count: 1, lastMs: 70 });
    expect([...ledger.routesAt(prefix)]).toEqual([]);
    noted(ledger, set(), remove(undefined, true));
    ledger.applyHello(helloOf('n1', [], [{ ...nowhere, ageMs: 30 }]), 200);
    expect(ledger.withdrawals(place)).toEqual({ count: 2, lastMs: 100 });
    expect(greeted([route], [nowhere]).withdrawals(place)).toBeUndefined();
  });

  it('changes nothing of what this leader ordered', () => {
    const ledger = noted(greeted(), set(), set(peer));
    ledger.applyHello(helloOf('n1', [], []), 200);
    expect(ledger.route(place)).toMatchObject({ service: 'dns/edge', order: { entry: route } });
    expect(ledger.session('n1', 'peer/tor')).toEqual({ entry: peer });
    ledger.applyHello(helloOf('n1', [{ ...peer, port: 1 }], []), 200);
    expect(ledger.session('n1', 'peer/tor')).toEqual({ entry: peer });
  });

  it('renews what others ordered: it is what the speaker has now', () => {
    const ledger = greeted([route, peer], [announced]);
    const next: RouteEntry = { ...route, reason: 'Leaving' };
    ledger.applyHello(helloOf('n1', [next], [announced]), 200);
    expect(ledger.route(place)?.order?.hash).toBe(hashOf(next));
    expect(ledger.session('n1', 'peer/tor')).toBeUndefined();
    expect(ledger.applyHello(helloOf('n1', [], []), 300)).toEqual([prefix]);
    expect(ledger.route(place)).toBeUndefined();
  });

  it('ends a removal that the speaker knows nothing of any more', () => {
    const ledger = noted(greeted([route], [announced]), set(), remove());
    expect(ledger.applyHello(helloOf('n1', [route], [announced]), 200)).toEqual([]);
    expect(ledger.route(place)).toMatchObject({ announced: ['spine', 'tor'] });
    expect(ledger.applyHello(helloOf('n1', [], []), 300)).toEqual([prefix]);
  });
});

describe('a report', () => {
  it('of ever more routes that nobody ordered is believed up to a bound, and what was ordered beyond it', () => {
    const ledger = noted(greeted(), set());
    const unordered = (index: number): RouteTruth => ({
      ...announced,
      prefix: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}/32`,
    });
    ledger.applyReport('n1', { routes: Array.from({ length: maxRoutesByWord + 10 }, (_, index) => unordered(index)) }, 200);
    expect(ledger.announcedOn('n1')).toBe(maxRoutesByWord - 1);
    ledger.applyReport('n1', { routes: [announced] }, 300);
    expect(ledger.announcedOn('n1')).toBe(maxRoutesByWord);
  });
});

describe('a removal', () => {
  it('keeps the prefix in use until it is acknowledged and no router has it, in either order', () => {
    const reportedFirst = noted(greeted([route], [announced]), set(), remove());
    expect(reportedFirst.applyReport('n1', { routes: [nowhere] }, 200)).toEqual([]);
    expect(reportedFirst.applySettled('n1')).toEqual([prefix]);
    const settledFirst = noted(greeted([route], [announced]), set(), remove());
    expect(settledFirst.applySettled('n1')).toEqual([]);
    expect([...settledFirst.routesAt(prefix)]).toHaveLength(1);
    expect(settledFirst.applyReport('n1', { routes: [nowhere] }, 200)).toEqual([prefix]);
    expect([...settledFirst.routesAt(prefix)]).toEqual([]);
    expect([...settledFirst.routesOf('dns/edge')]).toEqual([]);
    expect([...settledFirst.servicesOn('n1')]).toEqual([]);
  });

  it('does not free a prefix that another node has', () => {
    const ledger = noted(greeted(), set(), set(route, 'n2'), remove());
    expect(ledger.applySettled('n1')).toEqual([]);
    expect([...ledger.routesAt(prefix)]).toMatchObject([{ place: { node: 'n2' } }]);
  });

  it('is undone by a new order', () => {
    const ledger = noted(greeted([route], [announced]), set(), remove(), set());
    ledger.applyReport('n1', { routes: [nowhere] }, 200);
    expect(ledger.applySettled('n1')).toEqual([]);
    expect(ledger.route(place)).toMatchObject({ order: { entry: route }, announced: [] });
  });

  it('of what is not there is nothing', () => {
    const ledger = noted(greeted(), remove(), remove('peer/tor'));
    ledger.applyNode({ node: 'n2', decisions: [], orders: [{ kind: 'remove', node: 'n2', key: 'peer/x', countsAsFlap: false }] }, 0);
    expect(ledger.route(place)).toBeUndefined();
  });

  it('of a session forgets it', () => {
    const ledger = noted(greeted([peer]), remove('peer/tor'));
    expect(ledger.session('n1', 'peer/tor')).toBeUndefined();
  });

  it('counts towards hold-down only where it says so', () => {
    expect(noted(greeted([route]), remove()).withdrawals(place)).toBeUndefined();
    expect(noted(greeted([route]), set(), remove(undefined, true)).withdrawals(place)).toEqual({ count: 1, lastMs: 100 });
  });
});

describe('the ledger', () => {
  it('finds routes by Service, prefix and node', () => {
    const ledger = noted(greeted(), set(), set(route, 'n2'), set({ ...route, prefix: '192.0.2.54/32' }));
    expect([...ledger.routesOf('dns/edge')]).toHaveLength(3);
    expect([...ledger.routesAt(prefix)]).toHaveLength(2);
    expect([...ledger.servicesOn('n1')]).toEqual(['dns/edge']);
    expect([...ledger.servicesOn('n3')]).toEqual([]);
    expect([...greeted([route]).servicesOn('n1')]).toEqual([]);
  });

  it('gives a route to another Service when that has it now', () => {
    const ledger = noted(greeted(), set());
    ledger.apply(governedOf('dns/other', set({ ...route, service: 'dns/other' })), 0);
    expect([...ledger.routesOf('dns/edge')]).toEqual([]);
    expect([...ledger.routesOf('dns/other')]).toHaveLength(1);
  });

  it('hears of routes that it did not know, where a router has them', () => {
    const ledger = greeted();
    expect(ledger.applyReport('n1', { routes: [nowhere] }, 0)).toEqual([]);
    expect(ledger.route(place)).toBeUndefined();
    ledger.applyReport('n1', { routes: [announced] }, 100);
    expect(ledger.route(place)).toEqual({ place, announced: ['spine', 'tor'], announcedSinceMs: 60 });
  });

  it('tells of a Service whose last route is gone: acknowledged, given to another, or of a node that is', () => {
    const bare: string[] = [];
    const ledger = noted(new LedgerStore((service) => bare.push(service)), set(), set(route, 'n2'));
    ledger.applyHello(helloOf('n1', [], []), 0);
    ledger.apply(governedOf('dns/edge', remove()), 0);
    ledger.applySettled('n1');
    expect(bare).toEqual([]);
    ledger.apply(governedOf('dns/other', set({ ...route, service: 'dns/other' }, 'n2')), 0);
    expect(bare).toEqual(['dns/edge']);
    expect(ledger.forgetNode('n2')).toEqual([prefix]);
    expect(bare).toEqual(['dns/edge', 'dns/other']);
  });

  it('forgets a node with all that was known of it, acknowledged or not', () => {
    const ledger = noted(greeted([peer], [announced]), set(), remove());
    expect(ledger.forgetNode('n1')).toEqual([prefix]);
    expect([ledger.heard('n1'), ledger.live('n1'), [...ledger.peersOf('n1')], ledger.route(place)]).toEqual([false, false, [], undefined]);
    expect(ledger.forgetNode('n1')).toEqual([]);
  });

  it('counts the routes of a node that a router has', () => {
    const ledger = noted(greeted([route], [announced]), set({ ...route, prefix: '192.0.2.54/32' }));
    expect([ledger.announcedOn('n1'), ledger.announcedOn('n2')]).toEqual([1, 0]);
  });

  it('knows the node entry of a node', () => {
    const ledger = noted(greeted(), set({ kind: 'node', routerId: '10.0.0.1' }));
    expect(ledger.session('n1', 'node')).toEqual({ entry: { kind: 'node', routerId: '10.0.0.1' } });
    expect([...ledger.peersOf('n1')]).toEqual([]);
  });

  it('remembers a bounded number of withdrawals', () => {
    const ledger = greeted();
    for (let count = 0; count <= maxRememberedWithdrawals; count++) {
      const other = { ...route, prefix: `p${count}` };
      ledger.apply(governedOf('s', set(other), remove(`route/p${count}`, true)), count);
      if (count % 1_000 === 0) ledger.applySettled('n1');
    }
    expect(ledger.withdrawals({ prefix: 'p0', node: 'n1' })).toBeUndefined();
    expect(ledger.withdrawals({ prefix: 'p1', node: 'n1' })).toBeDefined();
  });
});
