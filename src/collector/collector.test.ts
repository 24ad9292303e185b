import { describe, expect, it } from 'vitest';
import { Peer } from '#bgp/peer/peer.ts';
import type { PeerSettings } from '#bgp/peer/settings.ts';
import { PrefixTable } from '#bgp/rib/prefix-table.ts';
import { encodeMessage } from '#bgp/wire/encode.ts';
import type { ByteStream } from '#linux/byte-stream.ts';
import { MemoryNetwork } from '#linux/memory-network.ts';
import { silentLogger } from '#obs/logger.ts';
import { seededRandom } from '#runtime/random.ts';
import { unwrap } from '#runtime/result.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import { Collector, type CollectorOptions } from './collector.ts';
import { limits } from './limits.ts';
import type { CollectorEvent } from './views.ts';

const listen = { address: '192.0.2.254', port: 179 };
const v4 = '192.0.2.53/32';
const v6 = '2001:db8:53::53/128';
const attributes = { communities: [], largeCommunities: [], prepend: 0 };

async function setUp(options: Partial<CollectorOptions> = {}) {
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock);
  const collector = unwrap(
    await Collector.start({
      listen,
      asn: 64501,
      routerId: '192.0.2.254',
      acceptor: network,
      clock,
      random: seededRandom(7),
      stamp: () => ({ monotonicUs: clock.nowMs() * 1_000, unixUs: clock.wallMs() * 1_000 }),
      ...options,
    }),
  );
  const events: CollectorEvent[] = [];
  const unsubscribe = collector.subscribe((event) => events.push(event));
  const prefixes = new PrefixTable();
  /** A speaker with this number as BGP Identifier, started. */
  const speaker = (number: number, settings: Partial<PeerSettings> = {}): Peer => {
    const peer = new Peer(
      {
        name: 'router',
        ...listen,
        localAsn: 64500,
        peerAsn: 64501,
        routerId: `10.0.0.${number}`,
        families: ['IPv4', 'IPv6'],
        holdTimeMs: 9_000,
        connectRetryMs: 5_000,
        sourceAddress: `10.0.0.${number}`,
        nextHopIpv6: '2001:db8::1',
        ...settings,
      },
      { clock, random: seededRandom(number), connector: network, logger: silentLogger, prefixes, interfaceAddresses: () => [] },
      { routes: () => undefined, withdrawalsWritten: () => undefined, listed: () => undefined, session: () => undefined },
    );
    peer.start();
    clock.advance(10);
    return peer;
  };
  return { clock, network, collector, events, unsubscribe, speaker };
}

describe('the collector', () => {
  it('shows the routes of every speaker as they are on the wire', async () => {
    const { clock, collector, speaker } = await setUp();
    const one = speaker(1);
    const two = speaker(2, { localAsn: 64501 });
    clock.advance(1_000);
    one.change(
      [],
      [{ prefix: v4, attributes: { communities: [0xffff0000, 4_226_809_956], largeCommunities: [[64500, 1, 2]], med: 7, prepend: 1 } }],
    );
    two.change([], [{ prefix: v6, attributes: { ...attributes, localPref: 200 } }]);
    clock.advance(10);
    expect(collector.routes()).toEqual([
      {
        peer: '10.0.0.1/AS64500',
        prefix: v4,
        nextHop: '10.0.0.1',
        asPath: [64500, 64500],
        origin: 'IGP',
        med: 7,
        localPref: null,
        communities: ['64496:100', '65535:0'],
        largeCommunities: ['64500:1:2'],
        monotonicUs: 1_020_000,
        unixUs: expect.any(Number),
      },
      {
        peer: '10.0.0.2/AS64501',
        prefix: v6,
        nextHop: '2001:db8::1',
        asPath: [],
        origin: 'IGP',
        med: null,
        localPref: 200,
        communities: [],
        largeCommunities: [],
        monotonicUs: 1_020_000,
        unixUs: expect.any(Number),
      },
    ]);
  });

  it('tells what changes, with the time at which it was received', async () => {
    const { clock, events, unsubscribe, speaker } = await setUp();
    const peer = speaker(1);
    expect(events.flatMap((event) => (event.kind === 'endOfRib' ? [event.family] : []))).toEqual(['IPv4', 'IPv6']);
    expect(events.flatMap((event) => (event.kind === 'session' ? [event.state] : []))).toEqual([
      'Active',
      'OpenSent',
      'OpenConfirm',
      'Established',
    ]);
    events.length = 0;
    peer.change([], [{ prefix: v4, attributes }]);
    clock.advance(10);
    peer.change([v4], []);
    clock.advance(10);
    expect(events).toEqual([
      expect.objectContaining({ kind: 'announce', peer: '10.0.0.1/AS64500', prefix: v4, nextHop: '10.0.0.1', monotonicUs: 10_000 }),
      { kind: 'withdraw', peer: '10.0.0.1/AS64500', prefix: v4, monotonicUs: 20_000, unixUs: expect.any(Number) },
    ]);
    unsubscribe();
    peer.change([], [{ prefix: v4, attributes }]);
    clock.advance(10);
    expect(events).toHaveLength(2);
  });

  it('forgets the routes of a session that ends, and shows why it ended', async () => {
    const { clock, collector, events, speaker } = await setUp();
    const peer = speaker(1);
    peer.change([], [{ prefix: v4, attributes }]);
    await clock.advanceAsync(10);
    void peer.stop({ how: 'withdraw', text: 'node n1 leaves' });
    await clock.advanceAsync(5_000);
    expect(collector.routes()).toEqual([]);
    expect(collector.sessions()).toEqual([
      {
        peer: '10.0.0.1/AS64500',
        address: expect.stringMatching(/^10\.0\.0\.1:\d+$/),
        localAddress: '192.0.2.254:179',
        asn: 64500,
        routerId: '10.0.0.1',
        state: 'Idle',
        ageMs: expect.any(Number),
        families: ['IPv4', 'IPv6'],
        holdTimeMs: 9_000,
        endOfRib: ['IPv4', 'IPv6'],
        prefixes: 0,
        refusedPrefixes: 0,
        messagesReceived: { open: 1, update: 4, notification: 1, keepalive: 1, routeRefresh: 0 },
        messagesSent: { open: 1, update: 0, notification: 0, keepalive: 1, routeRefresh: 0 },
        malformedUpdates: 0,
        lastNotificationSent: '',
        lastNotificationReceived: 'Cease, Administrative Shutdown (6/2): "node n1 leaves"',
        lastError: 'the router sent Cease, Administrative Shutdown (6/2): "node n1 leaves"',
      },
    ]);
    expect(events.at(-1)).toMatchObject({ kind: 'session', state: 'Idle', error: expect.stringContaining('node n1 leaves') });
  });

  it('takes the AS that it is told, and refuses others with a reason', async () => {
    const { collector, speaker } = await setUp({ peerAsn: 64499 });
    speaker(1);
    expect(collector.sessions()[0]).toMatchObject({ state: 'Idle', lastNotificationSent: 'OPEN Message Error, Bad Peer AS (2/2)' });
  });

  it('keeps the older of two sessions with one speaker', async () => {
    const { collector, speaker } = await setUp();
    const first = speaker(1);
    const twin = speaker(1);
    expect(first.session().state).toBe('Established');
    expect(twin.session().lastError).toContain('Cease, Connection Collision Resolution (6/7)');
    expect(collector.sessions().map(({ state }) => state)).toEqual(['Established', 'Idle']);
  });

  it('ends its sessions with a text when it stops, and listens no more', async () => {
    const { clock, network, collector, speaker } = await setUp();
    const peer = speaker(1);
    const stopping = collector.stop('end of the test');
    await clock.advanceAsync(10);
    await stopping;
    expect(peer.session().lastError).toContain('"end of the test"');
    const results: boolean[] = [];
    network.connect(listen, (result) => results.push(result.ok));
    clock.advance(10);
    expect(results).toEqual([false]);
  });
});

describe('what the collector is told', () => {
  it.each([
    ['192.0.2', 'router id "192.0.2" is not an IPv4 address: write it as 192.0.2.1'],
    ['2001:db8::1', 'router id "2001:db8::1" is not an IPv4 address: write it as 192.0.2.1'],
    ['0.0.0.0', 'router id 0.0.0.0 is reserved (RFC 6286): choose an address of this machine'],
  ])('router id %s is refused', async (routerId, error) => {
    expect(await Collector.start({ listen, asn: 64501, routerId })).toEqual({ ok: false, error });
  });

  it('an endpoint that is in use is named', async () => {
    const { network } = await setUp();
    const again = await Collector.start({ listen, asn: 64501, routerId: '192.0.2.254', acceptor: network });
    expect(again).toEqual({ ok: false, error: expect.stringContaining('192.0.2.254:179: it is in use') });
  });
});

describe('a hostile peer', () => {
  async function connected() {
    const context = await setUp();
    const received: Uint8Array[] = [];
    const streams: ByteStream[] = [];
    context.network.connect(listen, (result) => {
      const stream = unwrap(result);
      stream.attach({ data: (bytes) => received.push(bytes), drained: () => undefined, closed: () => undefined });
      streams.push(stream);
    });
    context.clock.advance(0);
    return { ...context, stream: streams[0] as ByteStream };
  }

  it('whatever it sends, gets an answer at most, and leaves the others alone', async () => {
    const { clock, network, collector, speaker } = await setUp();
    const good = speaker(1);
    const random = seededRandom(42);
    const open = encodeMessage(
      { kind: 'open', asn: 64777, holdTimeS: 90, routerId: 77, capabilities: [] },
      { fourOctetAsn: false, maxMessageLength: 4_096 },
    );
    const keepalive = encodeMessage({ kind: 'keepalive' }, { fourOctetAsn: false, maxMessageLength: 4_096 });
    for (let round = 0; round < 300; round++) {
      network.connect(listen, (result) => {
        const stream = unwrap(result);
        stream.attach({ data: () => undefined, drained: () => undefined, closed: () => undefined });
        if (round % 3 > 0) stream.write(open);
        if (round % 3 > 1) stream.write(keepalive);
        const body = Uint8Array.from({ length: Math.floor(random() * 80) }, () => Math.floor(random() * 256));
        const header = [...new Uint8Array(16).fill(0xff), 0, 19 + body.length, 1 + Math.floor(random() * 5)];
        stream.write(Uint8Array.from([...header, ...body]));
        stream.end();
      });
      clock.advance(5);
    }
    expect(good.session().state).toBe('Established');
    expect(collector.sessions().filter(({ state }) => state !== 'Idle')).toHaveLength(1);
    expect(collector.sessions().length).toBeLessThanOrEqual(limits.endedSessions + 1);
  });

  it('that says nothing is let go after a while', async () => {
    const { clock, collector } = await connected();
    expect(collector.sessions()[0]).toMatchObject({ state: 'OpenSent', asn: 0, routerId: '', peer: expect.stringMatching(/ port \d+$/) });
    clock.advance(240_000);
    expect(collector.sessions()[0]).toMatchObject({ state: 'Idle', lastNotificationSent: 'Hold Timer Expired (4/0)' });
  });

  it('that opens ever more connections gets no more than the limit', async () => {
    const { clock, network, collector } = await setUp();
    for (let count = 0; count < limits.sessions + 20; count++) network.connect(listen, () => undefined);
    clock.advance(10);
    expect(collector.sessions()).toHaveLength(limits.sessions);
  });

  it('that sends a malformed attribute loses the route, not the session', async () => {
    const { clock, collector, stream } = await connected();
    const context = { fourOctetAsn: false, maxMessageLength: 4_096 };
    stream.write(encodeMessage({ kind: 'open', asn: 64777, holdTimeS: 90, routerId: 77, capabilities: [] }, context));
    stream.write(encodeMessage({ kind: 'keepalive' }, context));
    // ORIGIN with the value 9, and 192.0.2.53/32.
    const attributesAndRoute = [0, 0, 0, 4, 0x40, 1, 1, 9, 32, 192, 0, 2, 53];
    stream.write(Uint8Array.from([...new Uint8Array(16).fill(0xff), 0, 19 + attributesAndRoute.length, 2, ...attributesAndRoute]));
    clock.advance(10);
    expect(collector.sessions()[0]).toMatchObject({ state: 'Established', malformedUpdates: 1, prefixes: 0 });
  });
});
