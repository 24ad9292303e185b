import { describe, expect, it } from 'vitest';
import { limits } from './limits.ts';
import { manyPrefixes, plain, routes, routesTo, World } from './testing/world.ts';

const v4 = '192.0.2.53/32';
const other = '192.0.2.54/32';
const v6 = '2001:db8:53::53/128';
const restarts = { gracefulRestart: { restartSeconds: 60, notification: false, restarted: false, forwardingPreserved: false } };
const announced = { announced: true, reason: 'Announced' };

describe('a peer whose session comes up', () => {
  it('tells the routes that were set before, then End-of-RIB of each family', async () => {
    const world = new World();
    const { peer, router } = await world.pair();
    peer.change([], routes(v4, v6));
    expect(peer.route(v4)).toEqual({ announced: false, reason: 'SessionDown' });
    peer.start();
    world.clock.advance(10);
    expect(router.heard).toEqual([`+${v4}`, `+${v6}`, 'end IPv4', 'end IPv6']);
    expect([peer.route(v4), peer.route(v6)]).toEqual([announced, announced]);
    expect(peer.session()).toMatchObject({
      peer: 'router-254',
      state: 'Established',
      families: ['IPv4', 'IPv6'],
      localAddress: '192.0.2.1',
      announcedPrefixes: 2,
      lastError: '',
    });
  });

  it('tells End-of-RIB also when there are no routes', async () => {
    const { router } = await new World().establishedPair();
    expect(router.heard).toEqual(['end IPv4', 'end IPv6']);
  });

  it('puts many routes with equal attributes into few messages', async () => {
    const world = new World();
    const { peer, router } = await world.pair();
    peer.change([], routesTo(manyPrefixes(2_000)));
    peer.start();
    world.clock.advance(100);
    expect(router.routes.size).toBe(2_000);
    expect(router.received.filter((message) => message.kind === 'update')).toHaveLength(3 + 2);
  });
});

describe('a peer whose session does not come up', () => {
  it('says what was refused, also while the router only refuses connections since then', async () => {
    const world = new World();
    const { peer, router, settings } = await world.pair({ router: { localAsn: 64_999 } });
    const refused = expect.stringMatching(/^OPEN: the router says AS 64999, configured is AS 64501; we sent .*Bad Peer AS \(2\/2\)$/);
    peer.start();
    world.clock.advance(10);
    expect(peer.session().lastError).toEqual(refused);
    world.network.change(settings.address, { refusesConnections: true });
    world.clock.advance(120_000);
    expect(peer.session().lastError).toMatch(/^OPEN: the router says AS 64999.*; since then: [^;]*$/);
    expect(router.sessions).toHaveLength(1);
  });
});

describe('a route', () => {
  it('counts as announced from the acknowledgement of TCP on, until that of its withdrawal', async () => {
    const world = new World();
    const { peer, told, written } = await world.establishedPair();
    world.network.change('192.0.2.254', { delayMs: 50 });
    peer.change([], routes(v4));
    world.clock.advance(10);
    expect(peer.route(v4)).toEqual({ announced: false, reason: 'WaitingForAck' });
    expect(told).toEqual([]);
    world.clock.advance(200);
    expect(peer.route(v4)).toEqual(announced);
    expect(told).toEqual([v4]);
    peer.change([v4], []);
    expect(written).toEqual([v4]);
    world.clock.advance(10);
    expect(peer.route(v4)).toEqual({ announced: true, reason: 'WaitingForAck' });
    world.clock.advance(200);
    expect(peer.route(v4)).toBeUndefined();
    expect(told).toEqual([v4, v4]);
  });

  it('changes its attributes in place', async () => {
    const world = new World();
    const { peer, router } = await world.establishedPair();
    peer.change([], routes(v4));
    world.clock.advance(10);
    peer.change([], [{ prefix: v4, attributes: { ...plain, communities: [0xffff0000] } }]);
    world.clock.advance(100);
    expect(router.heard.slice(2)).toEqual([`+${v4}`, `+${v4}`]);
    expect(router.routes.get(v4)?.attributes.communities).toEqual([0xffff0000]);
    expect(peer.route(v4)).toEqual(announced);
  });

  it('that was never announced is unknown', async () => {
    const { peer } = await new World().establishedPair();
    peer.change([v4], []);
    expect(peer.route(v4)).toBeUndefined();
  });

  it('that is taken back before its announcement was acknowledged is not forgotten: the router may still get it', async () => {
    const world = new World();
    const { peer } = await world.establishedPair();
    world.network.change('192.0.2.254', { blackHole: true });
    peer.change([], routes(v4));
    peer.change([v4], []);
    world.clock.advance(5_000);
    expect(peer.route(v4)).toEqual({ announced: false, reason: 'WaitingForAck' });
    world.network.change('192.0.2.254', { blackHole: false });
    world.clock.advance(100);
    expect(peer.route(v4)).toBeUndefined();
  });

  it('that comes back before its withdrawal was acknowledged is announced again', async () => {
    const world = new World();
    const { peer, router } = await world.establishedPair();
    peer.change([], routes(v4));
    world.clock.advance(10);
    world.network.change('192.0.2.254', { delayMs: 20 });
    peer.change([v4], []);
    peer.change([], routes(v4));
    world.clock.advance(500);
    expect(peer.route(v4)).toEqual(announced);
    expect(router.routes.has(v4)).toBe(true);
  });

  it('says why the router does not hear it', async () => {
    const world = new World();
    const internal = await world.pair({ settings: { localAsn: 64501 }, router: { families: ['IPv4'], peerAsn: 64501 } });
    internal.peer.change([], [...routes(v6), { prefix: v4, attributes: { ...plain, prepend: 1 } }, ...routes(other)]);
    internal.peer.start();
    world.clock.advance(10);
    expect(internal.peer.route(v6)).toEqual({ announced: false, reason: 'FamilyNotNegotiated' });
    expect(internal.peer.route(v4)).toEqual({ announced: false, reason: 'PrependRefused' });
    expect(internal.peer.route(other)).toEqual(announced);
    expect([...internal.router.routes.keys()]).toEqual([other]);
  });

  it('is taken back when its new attributes are refused', async () => {
    const world = new World();
    const { peer, router } = await world.establishedPair({ settings: { localAsn: 64501 }, router: { peerAsn: 64501 } });
    peer.change([], routes(v4));
    world.clock.advance(10);
    peer.change([], [{ prefix: v4, attributes: { ...plain, prepend: 1 } }]);
    world.clock.advance(100);
    expect(router.routes.size).toBe(0);
    expect(peer.route(v4)).toEqual({ announced: false, reason: 'PrependRefused' });
  });
});

describe('a session that is lost', () => {
  it('takes all routes along, also one whose withdrawal was on its way, and brings them back when it returns', async () => {
    const world = new World();
    const { peer, router, told } = await world.establishedPair();
    peer.change([], routes(v4, other));
    world.clock.advance(10);
    world.network.change('192.0.2.254', { delayMs: 50 });
    peer.change([other], []);
    told.length = 0;
    world.network.reset('192.0.2.254');
    world.clock.advance(1);
    expect(told).toEqual([v4, other]);
    expect(peer.route(v4)).toEqual({ announced: false, reason: 'SessionDown' });
    expect(peer.route(other)).toBeUndefined();
    expect(peer.session()).toMatchObject({ state: 'Idle', announcedPrefixes: 0, localAddress: '', families: [] });
    router.heard.length = 0;
    world.clock.advance(5_000);
    expect(router.heard).toEqual([`+${v4}`, 'end IPv4', 'end IPv6']);
    expect(peer.route(v4)).toEqual(announced);
  });

  it('is logged with its reason, once as long as the reason is the same, and with no text that a router can forge', async () => {
    const world = new World();
    const { router } = await world.establishedPair();
    const text = new TextEncoder().encode('bye\n{"level":"error"}');
    router.send({ kind: 'notification', code: 6, subcode: 2, data: Uint8Array.of(text.length, ...text) });
    router.sessions.at(-1)?.stream?.end();
    world.network.change('192.0.2.254', { refusesConnections: true });
    world.clock.advance(600_000);
    const errors = world.log.lines.flatMap(([, fields]) => (fields['error'] === undefined ? [] : [fields['error']]));
    expect(errors).toEqual([
      'the router sent Cease, Administrative Shutdown (6/2): "bye?{"level":"error"}"',
      expect.stringContaining('connection refused'),
    ]);
    expect(world.log.lines[0]?.[1]).toMatchObject({ event: 'session', peer: 'router-254', state: 'Established' });
  });
});

describe('a router that stands still', () => {
  it.each([{ stalledReader: true }, { blackHole: true }])('delays no other: %o', async (broken) => {
    const world = new World();
    const slow = await world.establishedPair({ number: 253 });
    const good = await world.establishedPair({ number: 254 });
    world.network.change('192.0.2.253', broken);
    const many = routesTo(manyPrefixes(60_000));
    slow.peer.change([], many);
    good.peer.change([], many);
    world.clock.advance(100);
    expect(good.router.routes.size).toBe(60_000);
    good.peer.change([many[0]?.prefix ?? ''], []);
    world.clock.advance(2);
    expect(good.router.routes.size).toBe(59_999);
  });

  it('holds a bounded part of the table, and hears withdrawals first when it goes on', async () => {
    const world = new World();
    const { peer, router } = await world.establishedPair({ router: { holdTimeMs: 0 } });
    world.network.change('192.0.2.254', { stalledReader: true });
    const prefixes = manyPrefixes(120_000);
    peer.change([], routesTo(prefixes));
    world.clock.advance(1_000);
    const stream = router.sessions.at(-1)?.stream;
    expect(stream).toBeDefined();
    peer.change(prefixes.slice(0, 1_000), []);
    world.clock.advance(1_000);
    router.heard.length = 0;
    world.network.change('192.0.2.254', { stalledReader: false });
    world.clock.advance(1_000);
    expect(router.routes.size).toBe(119_000);
    // What was on its way before comes first, then the withdrawals, then the rest of the table.
    const first = router.heard.findIndex((heard) => heard.startsWith('-'));
    expect(first).toBeLessThan((2 * limits.inFlightBytes) / 5);
    expect(router.heard.slice(first, first + 1_000).every((heard) => heard.startsWith('-'))).toBe(true);
    expect(peer.session().announcedPrefixes).toBe(119_000);
  });
});

describe('a router that asks for a refresh', () => {
  it('hears all routes of the family again', async () => {
    const world = new World();
    const { peer, router } = await world.establishedPair();
    peer.change([], routes(v4, v6));
    world.clock.advance(10);
    router.heard.length = 0;
    router.send({ kind: 'routeRefresh', afi: 1, safi: 1, subtype: 0 });
    world.clock.advance(10);
    expect(router.heard).toEqual([`+${v4}`]);
    expect(peer.route(v4)).toEqual(announced);
  });

  it('is told where they begin and end, once also when it asks again meanwhile', async () => {
    const world = new World();
    const { peer, router } = await world.establishedPair();
    const prefixes = manyPrefixes(60_000);
    peer.change([], routesTo(prefixes));
    world.clock.advance(100);
    world.network.change('192.0.2.254', { stalledReader: true });
    router.heard.length = 0;
    router.received.length = 0;
    for (let time = 0; time < 2; time++) router.send({ kind: 'routeRefresh', afi: 1, safi: 1, subtype: 0 });
    world.clock.advance(100);
    world.network.change('192.0.2.254', { stalledReader: false });
    world.clock.advance(1_000);
    const marks = router.received.flatMap((message, index) => (message.kind === 'routeRefresh' ? [[index, message.subtype]] : []));
    expect(marks).toEqual([
      [0, 1],
      [router.received.length - 1, 2],
    ]);
    expect(new Set(router.heard)).toEqual(new Set(prefixes.map((prefix) => `+${prefix}`)));
  });

  it('is told no beginning and end where it does not know them, or has not got End-of-RIB', async () => {
    const world = new World();
    const { router } = await world.establishedPair({
      settings: { gracefulRestart: { restartSeconds: 60, notification: false } },
      router: restarts,
    });
    router.send({ kind: 'routeRefresh', afi: 1, safi: 1, subtype: 0 });
    world.clock.advance(10);
    expect(router.received.filter(({ kind }) => kind === 'routeRefresh')).toEqual([]);
  });

  it('of what is not carried, or in the middle of one, hears nothing', async () => {
    const world = new World();
    const { peer, router } = await world.establishedPair();
    peer.change([], routes(v4));
    world.clock.advance(10);
    router.heard.length = 0;
    router.send({ kind: 'routeRefresh', afi: 25, safi: 70, subtype: 0 });
    router.send({ kind: 'routeRefresh', afi: 1, safi: 1, subtype: 1 });
    world.clock.advance(10);
    expect(router.heard).toEqual([]);
    expect(router.state).toBe('Established');
  });
});

describe('new settings', () => {
  it('of the connect retry time change nothing that runs', async () => {
    const world = new World();
    const { peer, router, settings } = await world.establishedPair();
    peer.reconfigure({ ...settings, connectRetryMs: 60_000 });
    world.clock.advance(1_000);
    expect(router.sessions).toHaveLength(1);
    expect(router.state).toBe('Established');
  });

  it('of the next hop are told in the running session, routes without one come and go', async () => {
    const world = new World();
    const { peer, router, settings } = await world.establishedPair();
    peer.change([], routes(v4));
    world.clock.advance(10);
    peer.reconfigure({ ...settings, nextHopIpv4: '192.0.2.77' });
    world.clock.advance(10);
    expect(router.sessions).toHaveLength(1);
    expect([...(router.routes.get(v4)?.nextHop.octets ?? [])]).toEqual([192, 0, 2, 77]);
  });

  it('of the session begin a new one, with Cease and without waiting', async () => {
    const world = new World();
    const { peer, router, settings } = await world.establishedPair();
    peer.change([], routes(v4));
    world.clock.advance(10);
    peer.reconfigure({ ...settings, families: ['IPv4'] });
    world.clock.advance(10);
    expect(router.received.filter((message) => message.kind === 'notification')).toEqual([
      expect.objectContaining({ code: 6, subcode: 6 }),
    ]);
    expect(router.sessions).toHaveLength(2);
    expect(peer.session()).toMatchObject({ state: 'Established', families: ['IPv4'] });
    expect(peer.route(v4)).toEqual(announced);
  });
});

describe('a peer that is stopped', () => {
  it('withdraws, waits for the acknowledgement, then sends Cease with the text, and leaves nothing behind', async () => {
    const world = new World();
    const { peer, router } = await world.establishedPair();
    world.network.change('192.0.2.254', { delayMs: 30 });
    peer.change([], routes(v4, v6));
    await world.clock.advanceAsync(500);
    let stopped = false;
    void peer.stop({ how: 'withdraw', text: 'maintenance of rack 7' }).then(() => {
      stopped = true;
    });
    await world.clock.advanceAsync(25);
    expect(router.received.some((message) => message.kind === 'notification')).toBe(false);
    await world.clock.advanceAsync(500);
    expect(stopped).toBe(true);
    expect(router.heard.slice(-2)).toEqual([`-${v4}`, `-${v6}`]);
    expect(router.sessions[0]?.session.lastError).toContain('"maintenance of rack 7"');
    expect(peer.session().state).toBe('Idle');
    await world.clock.advanceAsync(limits.lingerMs);
    expect(world.prefixes.size).toBe(0);
    expect(world.clock.pendingTimers).toBe(0);
  });

  it('does not wait for ever for a router that does not answer', async () => {
    const world = new World();
    const { peer } = await world.establishedPair();
    peer.change([], routes(v4));
    await world.clock.advanceAsync(10);
    world.network.change('192.0.2.254', { blackHole: true });
    let stopped = false;
    void peer.stop({ how: 'withdraw', text: 'bye' }).then(() => {
      stopped = true;
    });
    await world.clock.advanceAsync(limits.withdrawalAckMs - 100);
    expect(peer.session().state).toBe('Established');
    await world.clock.advanceAsync(limits.lingerMs + 200);
    expect(stopped).toBe(true);
    expect(world.prefixes.size).toBe(0);
  });

  it('quietly says nothing to the router', async () => {
    const world = new World();
    const { peer, router } = await world.establishedPair();
    peer.change([], routes(v4));
    await world.clock.advanceAsync(10);
    const stopping = peer.stop({ how: 'quiet' });
    await world.clock.advanceAsync(10);
    await stopping;
    expect(router.received.some((message) => message.kind === 'notification')).toBe(false);
    expect(router.heard).not.toContain(`-${v4}`);
    expect(router.sessions[0]?.session.lastError).toBe('closed by the remote end');
  });

  it('stays stopped, whatever it is told, and stops once', async () => {
    const world = new World();
    const { peer, settings } = await world.establishedPair();
    const stopping = peer.stop({ how: 'withdraw', text: '' });
    expect(peer.stop({ how: 'quiet' })).toBe(stopping);
    peer.start();
    peer.change([], routes(v4));
    peer.reconfigure({ ...settings, holdTimeMs: 30_000 });
    await world.clock.advanceAsync(60_000);
    await stopping;
    expect(world.attempts).toBe(1);
    expect(peer.route(v4)).toBeUndefined();
  });

  it('while it only tries to connect is gone at once', async () => {
    const world = new World();
    const { peer } = await world.pair();
    world.network.change('192.0.2.254', { blackHole: true });
    peer.start();
    await peer.stop({ how: 'withdraw', text: '' });
    expect(peer.session().state).toBe('Idle');
  });
});
