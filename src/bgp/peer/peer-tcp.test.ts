import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { PrefixTable } from '#bgp/rib/prefix-table.ts';
import { decodeMessage } from '#bgp/wire/decode.ts';
import { encodeMessage } from '#bgp/wire/encode.ts';
import { Framer } from '#bgp/wire/framer.ts';
import type { Message } from '#bgp/wire/messages.ts';
import type { DecodeContext } from '#bgp/wire/negotiated.ts';
import { Tcp } from '#linux/tcp.ts';
import { silentLogger } from '#obs/logger.ts';
import { realClock } from '#runtime/clock.ts';
import { realRandom } from '#runtime/random.ts';
import { err } from '#runtime/result.ts';
import { Peer } from './peer.ts';
import { keepingLogger } from './testing/log.ts';
import { manyPrefixes, routes, routesTo } from './testing/world.ts';

const context: DecodeContext = {
  fourOctetAsn: true,
  maxMessageLength: 4_096,
  maxReceivedLength: 4_096,
  peerType: 'ebgp',
  families: ['IPv4'],
};
const endings: (() => unknown)[] = [];

afterEach(async () => {
  for (const end of endings.splice(0).toReversed()) await end();
});

/** Polls every few milliseconds, at most ten seconds. */
async function until(what: string, condition: () => boolean): Promise<void> {
  for (let waited = 0; waited < 2_000; waited++) {
    if (condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  throw new Error(`never: ${what}`);
}

/** A router of a few lines on a real socket: answers the OPEN, then only listens, until it is told to stand still. */
async function realRouter() {
  const sockets: Socket[] = [];
  const heard: Message[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    const framer = new Framer();
    socket.on('data', (bytes) => {
      framer.push(bytes);
      for (let frame = framer.next(4_096); frame?.ok; frame = framer.next(4_096)) {
        const message = decodeMessage(frame.value, context);
        if (!message.ok) throw new Error(message.error.message);
        heard.push(message.value);
        if (message.value.kind !== 'open') continue;
        const capabilities = [{ kind: 'multiprotocol', afi: 1, safi: 1 } as const, { kind: 'fourOctetAsn', asn: 64501 } as const];
        socket.write(encodeMessage({ kind: 'open', asn: 64501, holdTimeS: 0, routerId: 9, capabilities }, context));
        socket.write(encodeMessage({ kind: 'keepalive' }, context));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endings.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  const prefixes = () =>
    heard.flatMap((message) => (message.kind === 'update' ? message.reachable.flatMap((group) => group.prefixes) : [])).length;
  return { port: typeof address === 'object' ? (address?.port ?? 0) : 0, sockets, heard, prefixes };
}

function startPeer(
  port: number,
  tcp = new Tcp(),
  logger = silentLogger,
  settings: { multihopTtl?: number; holdTimeMs?: number } = {},
): Peer {
  const peer = new Peer(
    {
      name: 'router',
      address: '127.0.0.1',
      port,
      localAsn: 64500,
      peerAsn: 64501,
      routerId: '10.0.0.1',
      families: ['IPv4'],
      holdTimeMs: 0,
      connectRetryMs: 5_000,
      nextHopIpv4: '10.0.0.1',
      ...settings,
    },
    { clock: realClock, random: realRandom, connector: tcp, logger, prefixes: new PrefixTable() },
    { routes: () => undefined, withdrawalsWritten: () => undefined, listed: () => undefined, session: () => undefined },
  );
  endings.push(() => peer.stop({ how: 'quiet' }));
  peer.start();
  return peer;
}

describe('a peer on real sockets', () => {
  it('gives another router its whole table while one stands still, and that one too when it goes on', async () => {
    const [slow, good] = [await realRouter(), await realRouter()];
    const [slowPeer, goodPeer] = [startPeer(slow.port), startPeer(good.port)];
    await until('both are Established', () => [slowPeer, goodPeer].every((peer) => peer.session().state === 'Established'));
    for (const socket of slow.sockets) socket.pause();
    const table = routesTo(manyPrefixes(50_000));
    slowPeer.change([], table);
    goodPeer.change([], table);
    await until('the good router has all', () => good.prefixes() === table.length);
    await until('the good router is known to have all', () => goodPeer.session().announcedPrefixes === table.length);
    goodPeer.change([table[0]?.prefix ?? ''], []);
    await until('the good router lost one', () => goodPeer.session().announcedPrefixes === table.length - 1);
    expect(slow.prefixes()).toBe(0);
    for (const socket of slow.sockets) socket.resume();
    await until('the slow router has all at last', () => slow.prefixes() === table.length);
    await until('the slow router is known to have all', () => slowPeer.session().announcedPrefixes === table.length);
  });

  it('withdraws, then says Cease with the text, when it stops', async () => {
    const router = await realRouter();
    const peer = startPeer(router.port);
    await until('Established', () => peer.session().state === 'Established');
    peer.change([], routes('192.0.2.53/32'));
    await until('announced', () => peer.session().announcedPrefixes === 1);
    await peer.stop({ how: 'withdraw', text: 'bye' });
    const [last, beforeLast] = router.heard.toReversed();
    expect(last).toMatchObject({ kind: 'notification', code: 6, subcode: 2, data: Buffer.from('\u0003bye') });
    expect(beforeLast).toMatchObject({ kind: 'update', unreachable: [{ family: 'IPv4' }] });
  });

  it('works without koffi, says what is missing, and counts what the kernel took as acknowledged', async () => {
    const router = await realRouter();
    const { logger, lines } = keepingLogger();
    const peer = startPeer(router.port, new Tcp(() => err('koffi is not here')), logger);
    peer.change([], routes('192.0.2.53/32'));
    await until('announced', () => peer.session().announcedPrefixes === 1);
    expect(lines.flatMap(([, fields, message]) => (fields.event === 'session-caveat' ? [message] : []))).toEqual([
      expect.stringContaining('hop limit 1 is not set'),
      expect.stringContaining('acknowledged means handed to the kernel'),
    ]);
  });

  it('does not connect without koffi where multihop asks for a hop limit, and says so', async () => {
    const router = await realRouter();
    const peer = startPeer(router.port, new Tcp(() => err('koffi is not here')), silentLogger, { multihopTtl: 3 });
    await until('refused', () => peer.session().lastError !== '');
    expect(peer.session().lastError).toBe('the hop limit 3 cannot be set: koffi is not here');
    expect(router.sockets).toEqual([]);
  });

  it('survives a pause of its own process that is longer than the hold time: what the router sent meanwhile counts', async () => {
    const child = spawn(process.execPath, [fileURLToPath(new URL('./testing/keepalive-router.ts', import.meta.url))], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    endings.push(() => child.kill());
    const [port] = (await once(child.stdout, 'data')) as [Buffer];
    const peer = startPeer(Number(port.toString()), new Tcp(), silentLogger, { holdTimeMs: 3_000 });
    await until('Established', () => peer.session().state === 'Established');
    // Stops the thread as a frozen machine would, without burning its processor; in the phase of the event loop before its timers.
    await new Promise<void>((resolve) => {
      setImmediate(() => {
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4_000);
        resolve();
      });
    });
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(peer.session()).toMatchObject({ state: 'Established', lastError: '' });
  });
});
