import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Peer, type PeerSurroundings } from '#bgp/peer/peer.ts';
import { PrefixTable } from '#bgp/rib/prefix-table.ts';
import { Collector } from '#collector/collector.ts';
import { MemoryNetwork } from '#linux/memory-network.ts';
import { Tcp } from '#linux/tcp.ts';
import { silentLogger } from '#obs/logger.ts';
import { Metrics } from '#obs/metrics.ts';
import { encodeEntry } from '#rpc/entry-codec.ts';
import type { OperatorLink } from '#rpc/speaker-link.ts';
import { realClock } from '#runtime/clock.ts';
import { realRandom, seededRandom } from '#runtime/random.ts';
import { unwrap } from '#runtime/result.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import type { Entry } from '#state/entry.ts';
import type { OperatorMessage, SpeakerMessage } from '#state/messages.ts';
import type { MakePeer } from './advertise/peer-port.ts';
import { MemoryDisk } from './keep/disk.ts';
import { Speaker } from './speaker.ts';
import { aDelta, aFull, aNode, aPeer, aRoute, noAttributes } from './testing/builders.ts';

// The speaker with real sessions, against collectors: on virtual time and network, and once over TCP.

const [p1, p2, p6] = ['192.0.2.53/32', '192.0.2.54/32', '2001:db8::53/128'];
const torA = '198.51.100.1';
const torB = '198.51.100.2';

function peersOn(surroundings: Omit<PeerSurroundings, 'prefixes'>): { prefixes: PrefixTable; makePeer: MakePeer } {
  const prefixes = new PrefixTable();
  return { prefixes, makePeer: (settings, events, restart) => new Peer(settings, { ...surroundings, restart, prefixes }, events) };
}

/** An operator of one speaker, for orders. */
class Orderer implements OperatorLink {
  readonly operator = 'test';
  readonly congested = false;
  readonly heard: SpeakerMessage[] = [];
  #deliver: (message: OperatorMessage) => void = () => undefined;
  #entries: readonly Entry[] = [];
  #version = 0;

  send(message: SpeakerMessage): void {
    this.heard.push(message);
  }

  onMessage(handler: (message: OperatorMessage) => void): void {
    this.#deliver = handler;
  }

  onClose(): void {}

  close(): void {}

  say(message: OperatorMessage): void {
    this.#deliver(message);
  }

  /** Orders that exactly these entries are there. */
  order(...entries: readonly Entry[]): void {
    const before = new Map(this.#entries.map(encodeEntry).map((entry) => [entry.key, entry]));
    const after = new Map(entries.map(encodeEntry).map((entry) => [entry.key, entry]));
    const removals = [...before.keys()].filter((key) => !after.has(key));
    this.#entries = entries;
    const baseVersion = this.#version++;
    if (baseVersion === 0) this.say(aFull(entries));
    else this.say(aDelta(entries, { baseVersion, version: this.#version, removals, upserts: [...after.values()] }));
  }
}

async function aFabric() {
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock);
  const collector = (address: string, asn: number): Promise<Collector> =>
    Collector.start({
      listen: { address, port: 179 },
      asn,
      routerId: address,
      acceptor: network,
      clock,
      random: seededRandom(1),
      stamp: () => ({ monotonicUs: clock.nowMs() * 1_000, unixUs: clock.wallMs() * 1_000 }),
    }).then(unwrap);
  const [a, b] = [await collector(torA, 64_500), await collector(torB, 64_512)];
  const disk = new MemoryDisk();
  const boot = async (): Promise<Speaker> => {
    const speaker = new Speaker({
      node: 'n1',
      instance: 'i1',
      bootId: 'boot-1',
      software: 'test',
      clock,
      ...peersOn({ connector: network, clock, random: seededRandom(7), logger: silentLogger, interfaceAddresses: () => [] }),
      askPort: async () => ({ kind: 'failure', detail: 'ECONNREFUSED' }),
      disk,
      logger: silentLogger,
      metrics: new Metrics(),
    });
    unwrap(await speaker.start());
    return speaker;
  };
  const speaker = await boot();
  const operator = new Orderer();
  speaker.attach(operator);
  const stop = (ending: Speaker): Promise<unknown> => Promise.all([ending.stop(), clock.advanceAsync(5_000)]);
  return { clock, network, a, b, speaker, operator, boot, stop };
}

const peers = [
  aPeer('a', { address: torA, families: ['IPv4', 'IPv6'], nextHopIpv6: '2001:db8::1' }),
  aPeer('b', { address: torB, peerAsn: 64_512 }),
];
const prefixes = (collector: Collector): string[] => collector.routes().map(({ prefix }) => prefix);

describe('a speaker and its routers', () => {
  it('announces to each router what it shall hear, and knows that it has it', async () => {
    const { clock, a, b, operator, speaker, stop } = await aFabric();
    const attributes = { ...noAttributes, communities: [64_500 * 0x10000 + 7], med: 5, prepend: 1 };
    const internal = { ...noAttributes, localPref: 250 };
    const exports = [
      { peers: ['a'], attributes },
      { peers: ['b'], attributes: internal },
    ];
    operator.order(aNode(), ...peers, aRoute(p1, [], { exports }), aRoute(p6, ['a', 'b']));
    await clock.advanceAsync(2_000);
    expect(a.routes()).toMatchObject([
      { prefix: p1, asPath: [64_512, 64_512], communities: ['64500:7'], med: 5, localPref: null, nextHop: '192.0.2.1' },
      { prefix: p6, asPath: [64_512], nextHop: '2001:db8::1' },
    ]);
    expect(b.routes()).toMatchObject([{ prefix: p1, asPath: [], localPref: 250, med: null }]);
    expect(a.sessions()).toMatchObject([{ state: 'Established', routerId: '192.0.2.1', endOfRib: ['IPv4', 'IPv6'] }]);
    expect(speaker.admin.routes()).toMatchObject([
      {
        prefix: p1,
        peers: [
          { peer: 'a', announced: true, reason: 'Announced' },
          { peer: 'b', announced: true },
        ],
      },
      {
        prefix: p6,
        peers: [
          { peer: 'a', announced: true },
          { peer: 'b', announced: false, reason: 'FamilyNotNegotiated' },
        ],
      },
    ]);
    await stop(speaker);
  });

  it('withdraws and changes attributes on the running session', async () => {
    const { clock, a, operator, speaker, stop } = await aFabric();
    operator.order(aNode(), ...peers, aRoute(p1, ['a', 'b']), aRoute(p2, ['a', 'b']));
    await clock.advanceAsync(2_000);
    const exports = [{ peers: ['a', 'b'], attributes: { ...noAttributes, med: 9 } }];
    operator.order(aNode(), ...peers, aRoute(p2, [], { exports }));
    await clock.advanceAsync(100);
    expect(a.routes()).toMatchObject([{ prefix: p2, med: 9 }]);
    expect(a.sessions()).toMatchObject([{ messagesReceived: { open: 1 } }]);
    expect(speaker.admin.routes().map(({ prefix, peers: at }) => [prefix, at.map(({ announced }) => announced)])).toEqual([
      [p2, [true, true]],
      [p1, []],
    ]);
    await stop(speaker);
  });

  it('delays no router because another one does not read', async () => {
    const { clock, network, a, b, operator, speaker, stop } = await aFabric();
    const many = Array.from({ length: 3_000 }, (_, index) => aRoute(`10.0.${index >> 8}.${index & 255}/32`, ['a', 'b']));
    operator.order(aNode(), ...peers, aRoute(p1, ['a', 'b']));
    await clock.advanceAsync(2_000);
    network.change(torA, { stalledReader: true });
    operator.order(aNode(), ...peers, ...many);
    await clock.advanceAsync(100);
    expect(b.routes()).toHaveLength(many.length);
    expect(prefixes(a)).toEqual([p1]);
    network.change(torA, { stalledReader: false });
    await clock.advanceAsync(1_000);
    expect(a.routes()).toHaveLength(many.length);
    await stop(speaker);
  });

  it('comes back by itself after a router was away, with everything', async () => {
    const { clock, network, a, operator, speaker, stop } = await aFabric();
    operator.order(aNode(), ...peers, aRoute(p1, ['a', 'b']));
    await clock.advanceAsync(2_000);
    network.change(torA, { refusesConnections: true });
    network.reset(torA);
    await clock.advanceAsync(30_000);
    expect(prefixes(a)).toEqual([]);
    expect(speaker.admin.routes()).toMatchObject([
      { peers: [{ peer: 'a', announced: false, reason: 'SessionDown' }, { announced: true }] },
    ]);
    expect(speaker.admin.sessions()[0]?.lastError).toMatch(/refused/);
    network.change(torA, { refusesConnections: false });
    await clock.advanceAsync(120_000);
    expect(prefixes(a)).toEqual([p1]);
    await stop(speaker);
  });

  it('ends the session of a peer that is removed, after taking its routes back, and disturbs no other', async () => {
    const { clock, a, b, operator, speaker, stop } = await aFabric();
    operator.order(aNode(), ...peers, aRoute(p1, ['a', 'b']));
    await clock.advanceAsync(2_000);
    const events: string[] = [];
    a.subscribe((event) => events.push(event.kind));
    operator.order(aNode(), ...peers.slice(1), aRoute(p1, ['b']));
    await clock.advanceAsync(5_000);
    expect(events).toEqual(['withdraw', 'session']);
    expect(a.sessions()[0]?.lastNotificationReceived).toMatch(/Cease.*removed from the configuration/);
    expect(prefixes(b)).toEqual([p1]);
    expect(b.sessions()).toMatchObject([{ state: 'Established', messagesReceived: { open: 1 } }]);
    expect(speaker.admin.sessions().map(({ peer }) => peer)).toEqual(['b']);
    await stop(speaker);
  });

  it('leaves in order: routes taken back and acknowledged, then Cease with a text', async () => {
    const { clock, a, operator, speaker } = await aFabric();
    operator.order(aNode(), ...peers, aRoute(p1, ['a', 'b']));
    await clock.advanceAsync(2_000);
    const events: string[] = [];
    a.subscribe((event) => events.push(event.kind));
    const left = speaker.leave();
    operator.say({ kind: 'leaveAnswer', epoch: 1, action: 'withdraw' });
    await clock.advanceAsync(5_000);
    await left;
    expect(events).toEqual(['withdraw', 'session']);
    expect(a.sessions()[0]?.lastNotificationReceived).toMatch(/Cease.*\(6\/2\).*the speaker is leaving/);
    expect(operator.heard.at(-1)).toMatchObject({ kind: 'report' });
  });

  it('says that it restarts where no graceful restart was agreed, and the next one announces the same from disk', async () => {
    const { clock, a, operator, speaker, boot, stop } = await aFabric();
    operator.order(aNode(), ...peers, aRoute(p1, ['a', 'b']));
    await clock.advanceAsync(2_000);
    const left = speaker.leave();
    operator.say({ kind: 'leaveAnswer', epoch: 1, action: 'restart' });
    await clock.advanceAsync(1_000);
    await left;
    expect(a.sessions().map(({ lastNotificationReceived }) => lastNotificationReceived)).toEqual([
      expect.stringMatching(/the speaker restarts/),
    ]);
    const next = await boot();
    await clock.advanceAsync(2_000);
    expect(prefixes(a)).toEqual([p1]);
    await stop(next);
  });

  it('leaves no timer behind', async () => {
    const { clock, a, b, operator, speaker } = await aFabric();
    operator.order(aNode(), ...peers, aRoute(p1, ['a', 'b']));
    await clock.advanceAsync(60_000);
    await Promise.all([speaker.stop(), a.stop(), b.stop(), clock.advanceAsync(10_000)]);
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('a speaker with a file, over TCP', () => {
  it('announces, follows the file, and leaves', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'anycast-speaker-'));
    const collector = unwrap(await Collector.start({ listen: { address: '127.0.0.1', port: 0 }, asn: 64_500, routerId: '192.0.2.254' }));
    const configFile = join(folder, 'config.yaml');
    const write = (routes: string): Promise<void> =>
      writeFile(
        configFile,
        `asn: 64512\nrouterId: 192.0.2.1\npeers: [{name: tor, address: 127.0.0.1, port: ${collector.local.port}, peerASN: 64500}]\n${routes}`,
      );
    await write(`routes: [{prefix: ${p1}, attributes: {communities: ["64500:1"]}}]\nroutesFile: routes.txt\n`);
    await writeFile(join(folder, 'routes.txt'), '198.51.100.0/24\n203.0.113.0/24\n');
    const speaker = new Speaker({
      node: 'n1',
      instance: 'i1',
      bootId: 'boot-1',
      software: 'test',
      clock: realClock,
      ...peersOn({ connector: new Tcp(), clock: realClock, random: realRandom, logger: silentLogger }),
      askPort: async () => ({ kind: 'failure', detail: 'ECONNREFUSED' }),
      disk: new MemoryDisk(),
      logger: silentLogger,
      metrics: new Metrics(),
      configFile,
    });
    try {
      unwrap(await speaker.start());
      await expect
        .poll(() => prefixes(collector).toSorted(), { timeout: 10_000 })
        .toEqual([p1, '198.51.100.0/24', '203.0.113.0/24'].toSorted());
      await expect
        .poll(() => speaker.admin.routes().every(({ peers: at }) => at[0]?.reason === 'Announced'), { timeout: 10_000 })
        .toBe(true);
      expect(speaker.notReady()).toBeUndefined();
      await write('routesFile: routes.txt\n');
      await writeFile(join(folder, 'routes.txt'), '203.0.113.0/24\n');
      unwrap(await speaker.reload());
      await expect.poll(() => prefixes(collector), { timeout: 10_000 }).toEqual(['203.0.113.0/24']);
      expect(collector.sessions()).toMatchObject([{ messagesReceived: { open: 1 } }]);
      await speaker.leave();
      await expect
        .poll(() => collector.sessions()[0]?.lastNotificationReceived, { timeout: 10_000 })
        .toMatch(/Cease.*the speaker is leaving/);
    } finally {
      await speaker.stop();
      await collector.stop();
      await rm(folder, { recursive: true });
    }
  });
});
