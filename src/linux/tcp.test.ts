import { describe, expect, it } from 'vitest';
import { err, unwrap } from '#runtime/result.ts';
import type { ByteStream } from './byte-stream.ts';
import { load, socketOptions } from './socket-options.ts';
import { Tcp } from './tcp.ts';
import { describeSocketError } from './tcp-stream.ts';
import { streamContract } from './testing/stream-contract.ts';

/** Polls every few milliseconds, at most ten seconds. */
async function until(condition: () => boolean): Promise<boolean> {
  for (let waited = 0; waited < 2_000; waited++) {
    if (condition()) return true;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return condition();
}

const withoutKoffi = (): Tcp => new Tcp(() => err('koffi is not here'));

streamContract('TCP over IPv4', () => ({ network: new Tcp(), until, address: '127.0.0.1' }));
streamContract('TCP over IPv6', () => ({ network: new Tcp(), until, address: '::1' }));

async function connectOnce(tcp: Tcp, options: { hopLimit?: number; hopLimitRequired?: boolean; sourceAddress?: string }) {
  const accepted: ByteStream[] = [];
  const listener = unwrap(await tcp.listen({ address: '127.0.0.1', port: 0 }, (stream) => accepted.push(stream)));
  const result = await new Promise<Parameters<Parameters<Tcp['connect']>[1]>[0]>((resolve) => {
    tcp.connect({ ...listener.local, ...options }, resolve);
  });
  const local = result.ok ? result.value.local.address : undefined;
  const caveats = result.ok ? result.value.caveats : [];
  const acknowledgedBy = result.ok ? result.value.acknowledgedBy : undefined;
  if (result.ok) result.value.destroy();
  for (const stream of accepted) stream.destroy();
  await listener.close();
  return { result, local, caveats, acknowledgedBy };
}

describe('a TCP connection', () => {
  it('can be asked for what its other end acknowledged, where koffi is installed', async () => {
    expect(socketOptions().ok).toBe(true);
    expect((await connectOnce(new Tcp(), {})).acknowledgedBy).toBe('peer');
  });

  it('that never stops sending is read a piece at a time, and others get their turn in between', async () => {
    const tcp = new Tcp();
    const accepted: ByteStream[] = [];
    const listener = unwrap(await tcp.listen({ address: '127.0.0.1', port: 0 }, (stream) => accepted.push(stream)));
    const sender = await new Promise<ByteStream>((resolve) => tcp.connect(listener.local, (result) => resolve(unwrap(result))));
    expect(await until(() => accepted.length === 1)).toBe(true);
    const total = 4 * 1_024 * 1_024;
    let [received, thisTurn, most] = [0, 0, 0];
    const turn = (): void => {
      thisTurn = 0;
      if (received < total) setImmediate(turn);
    };
    turn();
    sender.attach({ data: () => undefined, drained: () => undefined, closed: () => undefined });
    sender.write(new Uint8Array(total));
    accepted[0]?.attach({
      data: (bytes) => {
        received += bytes.length;
        thisTurn += bytes.length;
        most = Math.max(most, thisTurn);
      },
      drained: () => undefined,
      closed: () => undefined,
    });
    expect(await until(() => received === total)).toBe(true);
    expect(most).toBeLessThanOrEqual(2 * 65_536);
    for (const stream of [sender, ...accepted]) stream.destroy();
    await listener.close();
  });

  it('starts from the source address', async () => {
    expect((await connectOnce(new Tcp(), { sourceAddress: '127.0.0.9' })).local).toBe('127.0.0.9');
    expect((await connectOnce(new Tcp(), { sourceAddress: '127.0.0.9', hopLimit: 1 })).local).toBe('127.0.0.9');
  });

  it('says that the machine does not have the source address', async () => {
    const { result } = await connectOnce(new Tcp(), { sourceAddress: '192.0.2.77' });
    expect(result).toEqual({ ok: false, error: expect.stringContaining('this machine does not have the source address') });
  });

  it('is made with a hop limit', async () => {
    const { result, caveats, acknowledgedBy } = await connectOnce(new Tcp(), { hopLimit: 1 });
    expect(result.ok).toBe(true);
    expect(caveats).toEqual([]);
    expect(acknowledgedBy).toBe('peer');
  });

  it('is refused without koffi when it needs a hop limit', async () => {
    const { result } = await connectOnce(withoutKoffi(), { hopLimit: 3 });
    expect(result).toEqual({ ok: false, error: 'the hop limit 3 cannot be set: koffi is not here' });
  });

  it('is made without koffi when the hop limit is only wished for, and says what is missing', async () => {
    const { result, caveats, acknowledgedBy } = await connectOnce(withoutKoffi(), { hopLimit: 1, hopLimitRequired: false });
    expect(result.ok).toBe(true);
    expect(acknowledgedBy).toBe('kernel');
    expect(caveats).toEqual([
      "the hop limit 1 is not set and the kernel's default is used: koffi is not here",
      'acknowledged means handed to the kernel here: its send queue cannot be read without koffi',
    ]);
  });

  it('reaches a listener on :: over IPv4, and is shown with IPv4 addresses', async () => {
    const accepted: ByteStream[] = [];
    const tcp = new Tcp();
    const listener = unwrap(await tcp.listen({ address: '::', port: 0 }, (stream) => accepted.push(stream)));
    const near = await new Promise<ByteStream>((resolve) =>
      tcp.connect({ address: '127.0.0.1', port: listener.local.port }, (result) => resolve(unwrap(result))),
    );
    expect(await until(() => accepted.length === 1)).toBe(true);
    expect(accepted[0]?.remote).toEqual(near.local);
    expect(accepted[0]?.local.address).toBe('127.0.0.1');
    for (const stream of [near, ...accepted]) stream.destroy();
    await listener.close();
  });

  it('says that a listening address is not of this machine', async () => {
    const result = await new Tcp().listen({ address: '192.0.2.77', port: 0 }, () => undefined);
    expect(result).toEqual({ ok: false, error: 'cannot listen on 192.0.2.77:0: this machine does not have that address' });
  });
});

describe('acknowledgement', () => {
  it('counts what the kernel of the other end has not taken, although Node has handed it over', async () => {
    const tcp = new Tcp();
    const accepted: ByteStream[] = [];
    const listener = unwrap(await tcp.listen({ address: '127.0.0.1', port: 0 }, (stream) => accepted.push(stream)));
    const near = await new Promise<ByteStream>((resolve) => tcp.connect(listener.local, (result) => resolve(unwrap(result))));
    near.attach({ data: () => undefined, drained: () => undefined, closed: () => undefined });
    // The accepting end never reads: its window closes, and the rest stays with us.
    for (let count = 0; count < 400; count++) near.write(new Uint8Array(50_000));
    expect(near.unacknowledgedBytes()).toBeGreaterThan(0);
    expect(near.unacknowledgedBytes()).toBeLessThanOrEqual(near.bytesWritten);
    near.destroy();
    // A destroyed stream never claims that its rest arrived.
    expect(near.unacknowledgedBytes()).toBeGreaterThan(0);
    for (const stream of accepted) stream.destroy();
    await listener.close();
  });
});

describe('the kernel calls', () => {
  it('say why they cannot be loaded', () => {
    const loaded = load(() => {
      throw new Error("Cannot find module 'koffi'\nRequire stack: …");
    });
    expect(loaded).toEqual({ ok: false, error: "the package koffi could not be loaded (Cannot find module 'koffi')" });
  });

  it('refuse a machine whose types have other sizes', () => {
    const loaded = load(() => ({
      load: () => ({ func: () => () => 0 }),
      struct: () => 0,
      pointer: () => 0,
      sizeof: () => 2,
      errno: () => 0,
    }));
    expect(loaded).toEqual({ ok: false, error: expect.stringContaining('sizes of 64-bit Linux') });
  });

  it('refuse an impossible hop limit and a foreign descriptor', () => {
    const options = unwrap(socketOptions());
    const fd = unwrap(options.tcpSocket('IPv4'));
    expect(options.protect(fd, '127.0.0.1', { hopLimit: 999 })).toEqual({ ok: false, error: expect.stringContaining('hop limit 999') });
    expect(options.bindToDevice(fd, 'no-such-device')).toEqual({ ok: false, error: expect.stringContaining('the device no-such-device') });
    options.close(fd);
    expect(options.unacknowledged(-1)).toBeUndefined();
  });
});

describe('a socket error', () => {
  it('is named in words with its code, and unknown ones keep their text', () => {
    expect(describeSocketError(Object.assign(new Error('connect EHOSTUNREACH'), { code: 'EHOSTUNREACH' }))).toBe(
      'no route to the host, or it does not answer (EHOSTUNREACH)',
    );
    expect(describeSocketError(new Error('something else'))).toBe('something else');
  });
});
