import { describe, expect, it } from 'vitest';
import type { ByteStream, ConnectTarget, Listener, ListenOptions, SocketAddress } from '#linux/byte-stream.ts';
import { MemoryNetwork } from '#linux/memory-network.ts';
import { type LogFields, silentLogger } from '#obs/logger.ts';
import { err, ok, type Result, unwrap } from '#runtime/result.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import type { PeerEntry } from '#state/entry.ts';
import { aPeer } from '../testing/builders.ts';
import { Inbound } from './inbound.ts';

/** A router, named tor unless said otherwise. */
const peer = (more: Partial<PeerEntry> = {}): PeerEntry => aPeer('tor', more);
const here: readonly SocketAddress[] = [
  { address: '0.0.0.0', port: 179 },
  { address: '::', port: 179 },
];

/** A door on a network in memory, which is where it listens as well as by which VRF it was asked for. */
async function aDoor(at: readonly SocketAddress[] = here) {
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock);
  const asked: ListenOptions[] = [];
  const lines: LogFields[] = [];
  const connected: string[] = [];
  const acceptor = {
    listen(where: SocketAddress, accept: (stream: ByteStream) => void, options: ListenOptions = {}): Promise<Result<Listener, string>> {
      asked.push(options);
      if (options.vrf === 'broken') return Promise.resolve(err('the kernel refused to bind to the device broken'));
      return network.listen({ ...where, port: options.vrf === undefined ? where.port : 1_179 }, accept, options);
    },
  };
  const error = (fields: LogFields, text?: string): void => void lines.push({ ...fields, text });
  const onConnection = (name: string, stream: ByteStream): void => void connected.push(`${name} from ${stream.remote.address}`);
  const inbound = new Inbound({ acceptor, at, dscp: 48, logger: { ...silentLogger, error } as typeof silentLogger, onConnection });
  unwrap(await inbound.start());

  /** What a router hears that connects: `connected`, how it ended, or `nothing`. */
  const connect = async (sourceAddress: string, more: Partial<ConnectTarget> = {}): Promise<string> => {
    let heard = 'nothing';
    const address = sourceAddress.includes(':') ? '::' : '0.0.0.0';
    network.connect({ address, port: 179, sourceAddress, ...more }, (result) => {
      heard = result.ok ? 'connected' : result.error;
      if (result.ok) result.value.attach({ data: () => undefined, drained: () => undefined, closed: (reason) => (heard = reason) });
    });
    await clock.advanceAsync(1);
    return heard;
  };
  return { inbound, connect, connected, asked, lines, clock };
}

describe('routers that connect', () => {
  it('are taken where they are configured, and dropped where they are not', async () => {
    const { inbound, connect, connected } = await aDoor();
    inbound.setPeer(peer());
    inbound.setPeer(peer({ name: 'tor6', address: '2001:db8::fe' }));
    expect(await connect('192.0.2.254')).toBe('connected');
    expect(await connect('2001:db8::fe')).toBe('connected');
    expect(await connect('192.0.2.253')).toMatch(/closed/);
    inbound.removePeer('tor');
    inbound.removePeer('never-there');
    expect(await connect('192.0.2.254')).toMatch(/closed/);
    expect(connected).toEqual(['tor from 192.0.2.254', 'tor6 from 2001:db8::fe']);
  });

  it('sign from their first packet on where they have a key, which can be changed and taken away', async () => {
    const { inbound, connect } = await aDoor();
    inbound.setPeer(peer({ password: 'old' }));
    inbound.setPeer(peer({ name: 'other', address: '192.0.2.9' }));
    expect(await connect('192.0.2.254')).toBe('nothing');
    expect(await connect('192.0.2.254', { key: { kind: 'MD5', secret: 'old' } })).toBe('connected');
    inbound.setPeer(peer({ password: 'new' }));
    expect(await connect('192.0.2.254', { key: { kind: 'MD5', secret: 'old' } })).toBe('nothing');
    const tcpAo = { keyId: 1, receiveKeyId: 2, algorithm: 'HMAC-SHA-1-96' } as const;
    inbound.setPeer(peer({ password: 'new', tcpAo }));
    expect(await connect('192.0.2.254', { key: { kind: 'AO', secret: 'new', ...tcpAo } })).toBe('connected');
    inbound.setPeer(peer());
    expect(await connect('192.0.2.254')).toBe('connected');
    expect(await connect('192.0.2.9')).toBe('connected');
  });

  it('are not taken unsigned where no listener took their key', async () => {
    const { inbound, connect, lines, connected } = await aDoor();
    const refuses = {
      setKey: () => err('the TCP-AO key can not be set: this kernel does not have it'),
      local: { address: '0.0.0.0', port: 1 },
    };
    const acceptor = { listen: () => Promise.resolve(ok({ ...refuses, close: () => Promise.resolve() })) };
    const error = (fields: LogFields, text?: string): void => void lines.push({ ...fields, text });
    const door = new Inbound({
      acceptor,
      at: here.slice(0, 1),
      dscp: 48,
      logger: { ...silentLogger, error } as typeof silentLogger,
      onConnection: () => connected.push('taken'),
    });
    unwrap(await door.start());
    door.setPeer(peer({ password: 'very secret' }));
    expect(lines).toEqual([
      expect.objectContaining({ event: 'key-refused', peer: 'tor', text: expect.stringMatching(/the router can not connect/) }),
    ]);
    expect(JSON.stringify(lines)).not.toContain('very secret');
    inbound.setPeer(peer());
    expect(await connect('192.0.2.254')).toBe('connected');
  });

  it('sign at every moment while a peer changes: its key is replaced, never taken away before', async () => {
    const told: (string | undefined)[] = [];
    const refused = new Set(['refused']);
    const listener: Listener = {
      local: { address: '0.0.0.0', port: 1 },
      setKey: (_, key) => {
        told.push(key?.secret);
        return key !== undefined && refused.has(key.secret) ? err('the kernel refused the TCP MD5 key (errno 12)') : ok(undefined);
      },
      close: () => Promise.resolve(),
    };
    let admits: ListenOptions['admits'];
    const acceptor = {
      listen: (_: SocketAddress, __: unknown, options: ListenOptions = {}) => {
        admits = options.admits;
        return Promise.resolve(ok(listener));
      },
    };
    const door = new Inbound({ acceptor, at: here.slice(0, 1), dscp: 48, logger: silentLogger, onConnection: () => undefined });
    unwrap(await door.start());
    const router = { address: '192.0.2.254', port: 40_000 };
    door.setPeer(peer({ password: 'old' }));
    door.setPeer(peer({ password: 'old', holdTimeMs: 30_000 }));
    door.setPeer(peer({ password: 'new' }));
    expect([told, admits?.(router)]).toEqual([['old', 'old', 'new'], true]);
    // What the kernel does not take leaves no other key behind, and nobody is let in.
    door.setPeer(peer({ password: 'refused' }));
    expect([told.slice(3), admits?.(router)]).toEqual([['refused', undefined], false]);
    door.setPeer(peer({ password: 'new' }));
    door.setPeer(peer({ password: 'new', address: '192.0.2.253' }));
    expect(told.slice(5)).toEqual(['new', undefined, 'new']);
  });

  it('in a VRF come to listeners of their own, made for the first of them', async () => {
    const { inbound, asked, lines, clock, connect } = await aDoor();
    inbound.setPeer(peer({ vrf: 'blue', password: 'p' }));
    inbound.setPeer(peer({ name: 'second', address: '192.0.2.253', vrf: 'blue' }));
    await clock.advanceAsync(1);
    expect(asked.map(({ vrf }) => vrf)).toEqual([undefined, undefined, 'blue', 'blue']);
    expect(asked.every(({ protection }) => protection?.hopLimit === 255 && protection.dscp === 48)).toBe(true);
    expect(await connect('192.0.2.253')).toMatch(/closed/);
    expect(await connect('192.0.2.253', { port: 1_179 })).toBe('connected');
    inbound.setPeer(peer({ vrf: 'broken' }));
    await clock.advanceAsync(1);
    expect(lines).toEqual([expect.objectContaining({ event: 'listen-failed', vrf: 'broken' })]);
    await inbound.stop();
    expect(await connect('192.0.2.253', { port: 1_179 })).toMatch(/ECONNREFUSED/);
  });

  it('can not where nothing was asked for', async () => {
    const { inbound, connect, asked } = await aDoor([]);
    inbound.setPeer(peer({ password: 'p' }));
    expect([asked, await connect('192.0.2.254')]).toEqual([[], expect.stringMatching(/ECONNREFUSED/)]);
  });
});
