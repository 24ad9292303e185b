import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Peer } from '#bgp/peer/peer.ts';
import { PrefixTable } from '#bgp/rib/prefix-table.ts';
import { Collector } from '#collector/collector.ts';
import { MemoryNetwork } from '#linux/memory-network.ts';
import { FakeLink } from '#linux/testing/fake-link.ts';
import { silentLogger } from '#obs/logger.ts';
import { Metrics } from '#obs/metrics.ts';
import { seededRandom } from '#runtime/random.ts';
import { err, ok, unwrap } from '#runtime/result.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import { MemoryDisk } from './keep/disk.ts';
import { Speaker } from './speaker.ts';

// A speaker behind whose interface a router is, on virtual time and network.

const prefix = '2001:db8::53/128';
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function aSpeaker(file: object) {
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock);
  const link = new FakeLink(clock);
  const prefixes = new PrefixTable();
  const folder = await mkdtemp(join(tmpdir(), 'anycast-unnumbered-'));
  cleanups.push(() => rm(folder, { recursive: true }));
  const configFile = join(folder, 'config.yaml');
  const write = (next: object): Promise<void> => writeFile(configFile, JSON.stringify(next));
  await write(file);
  const surroundings = { connector: network, clock, random: seededRandom(7), logger: silentLogger, prefixes, interfaceAddresses: () => [] };
  const speaker = new Speaker({
    node: 'n1',
    instance: 'i1',
    bootId: 'boot-1',
    software: 'test',
    clock,
    prefixes,
    makePeer: (settings, events, restart) => new Peer(settings, { ...surroundings, restart }, events),
    askPort: async () => ({ kind: 'failure', detail: 'ECONNREFUSED' }),
    inbound: { acceptor: network, at: [{ address: '::', port: 179 }] },
    sourceAddresses: ['2001:db8::99'],
    discovery: { open: link.open, random: seededRandom(8) },
    disk: new MemoryDisk(),
    logger: silentLogger,
    metrics: new Metrics(),
    configFile,
  });
  unwrap(await speaker.start());
  cleanups.push(() => Promise.all([speaker.stop(), clock.advanceAsync(60_000)]));
  const router = async (address: string): Promise<Collector> => {
    const collector = await Collector.start({
      listen: { address, port: 179 },
      asn: 64_500,
      routerId: '192.0.2.254',
      acceptor: network,
      clock,
      random: seededRandom(1),
      stamp: () => ({ monotonicUs: clock.nowMs() * 1_000, unixUs: clock.wallMs() * 1_000 }),
    });
    cleanups.push(() => Promise.all([unwrap(collector).stop(), clock.advanceAsync(60_000)]));
    return unwrap(collector);
  };
  const hear = async (address: string): Promise<void> => {
    link.say('advertisement', address);
    await clock.advanceAsync(2_000);
  };
  const session = () => speaker.admin.sessions()[0];
  return { clock, network, link, speaker, write, router, hear, session };
}

const file = (peer: object) => ({
  asn: 64_512,
  routerId: '192.0.2.1',
  peers: [{ name: 'tor', peerASN: 64_500, families: ['IPv6'], nextHop: { ipv6: '2001:db8::1' }, ...peer }],
  routes: [{ prefix }],
});
const prefixes = (collector: Collector): string[] => collector.routes().map((route) => route.prefix);

describe('a speaker with an unnumbered peer', () => {
  it('has the session as soon as its router is heard, and the router has what is announced', async () => {
    const { router, hear, session, clock } = await aSpeaker(file({ interface: 'eth0' }));
    const tor = await router('fe80::7');
    await clock.advanceAsync(60_000);
    expect(session()).toMatchObject({ state: 'Idle', lastError: expect.stringMatching(/no router has been heard on eth0/) });
    await hear('fe80::7');
    expect(session()).toMatchObject({ state: 'Established', localAddress: '2001:db8::1' });
    expect(prefixes(tor)).toEqual([prefix]);
  });

  it('says which capability is missing, instead of connecting', async () => {
    const { link, session, clock, write, speaker } = await aSpeaker(file({ address: '192.0.2.254', families: ['IPv4', 'IPv6'] }));
    link.refuses = err('it needs the capability NET_RAW');
    await write(file({ interface: 'eth0' }));
    unwrap(await speaker.reload());
    await clock.advanceAsync(60_000);
    expect(session()).toMatchObject({ state: 'Idle', lastError: 'routers on eth0 can not be heard: it needs the capability NET_RAW' });
    link.refuses = ok(undefined);
    await clock.advanceAsync(10_000);
    expect(session()?.lastError).toMatch(/no router has been heard/);
  });

  it('moves with its router to another address when the session is lost', async () => {
    const { network, router, hear, session, clock } = await aSpeaker(file({ interface: 'eth0' }));
    await router('fe80::7');
    await hear('fe80::7');
    const other = await router('fe80::8');
    await hear('fe80::8');
    expect(prefixes(other)).toEqual([]);
    network.change('fe80::7', { blackHole: true });
    await clock.advanceAsync(30_000);
    await hear('fe80::8');
    await clock.advanceAsync(10_000);
    expect(session()).toMatchObject({ state: 'Established' });
    expect(prefixes(other)).toEqual([prefix]);
  });

  it('takes connections from the address that was found, and from no other', async () => {
    const { network, hear, session, clock } = await aSpeaker(file({ interface: 'eth0', passive: true }));
    const connect = async (sourceAddress: string): Promise<string> => {
      let heard = 'nothing';
      network.connect({ address: '::', port: 179, sourceAddress }, (result) => {
        unwrap(result).attach({
          data: () => {
            heard = 'OPEN';
          },
          drained: () => undefined,
          closed: (reason) => {
            heard = reason;
          },
        });
      });
      await clock.advanceAsync(1_000);
      return heard;
    };
    expect(await connect('fe80::7')).toMatch(/closed/);
    await hear('fe80::7');
    expect(await connect('fe80::8')).toMatch(/closed/);
    expect(await connect('fe80::7')).toBe('OPEN');
    expect(session()).toMatchObject({ state: 'OpenSent' });
  });

  it('loses the router with the peer', async () => {
    const { router, hear, speaker, write, clock, link } = await aSpeaker(file({ interface: 'eth0' }));
    const tor = await router('fe80::7');
    await hear('fe80::7');
    await write(file({ address: '2001:db8::fe' }));
    unwrap(await speaker.reload());
    await clock.advanceAsync(5_000);
    expect(prefixes(tor)).toEqual([]);
    expect(link.isOpen).toBe(false);
  });
});
