import { afterEach, describe, expect, it } from 'vitest';
import { err, ok, type Result, unwrap } from '#runtime/result.ts';
import type { ByteStream, ConnectTarget, Listener, ListenOptions, TcpKey } from './byte-stream.ts';
import { socketOptions } from './socket-options.ts';
import { Tcp } from './tcp.ts';
import { authenticationOption, md5Signature } from './tcp-keys.ts';

const tcp = new Tcp();
const md5 = (secret: string): TcpKey => ({ kind: 'MD5', secret });
const ao: TcpKey = { kind: 'AO', secret: 'secret', keyId: 1, receiveKeyId: 2, algorithm: 'HMAC-SHA-1-96' };

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

type World = { readonly listener: Listener; readonly accepted: ByteStream[] };

async function listening(address: string, options: ListenOptions = {}): Promise<World> {
  const accepted: ByteStream[] = [];
  const listener = unwrap(await tcp.listen({ address, port: 0 }, (stream) => accepted.push(stream), options));
  cleanups.push(() => listener.close());
  cleanups.push(() => {
    for (const stream of accepted) stream.destroy();
  });
  return { listener, accepted };
}

/** Connects; `unanswered` when nothing came back within the time in which a loopback would have answered many times. */
async function connect(listener: Listener, target: Partial<ConnectTarget> = {}): Promise<Result<ByteStream, string>> {
  return new Promise((resolve) => {
    const attempt = tcp.connect({ ...listener.local, ...target }, (result) => {
      clearTimeout(timer);
      if (result.ok) cleanups.push(() => result.value.destroy());
      resolve(result);
    });
    const timer = setTimeout(() => {
      attempt.cancel();
      resolve(err('unanswered'));
    }, 300);
  });
}

const outcome = async (result: Promise<Result<ByteStream, string>>): Promise<string> => {
  const answered = await result;
  return answered.ok ? 'connected' : answered.error;
};

describe.each(['127.0.0.1', '::1'])('a key of TCP MD5, on %s', (address) => {
  it('lets in who has it, and nobody else', async () => {
    const { listener } = await listening(address, { v6only: true });
    unwrap(listener.setKey(address, md5('right')));
    expect(await outcome(connect(listener, { key: md5('right') }))).toBe('connected');
    expect(await outcome(connect(listener, { key: md5('wrong') }))).toBe('unanswered');
    expect(await outcome(connect(listener))).toBe('unanswered');
  });

  it('is asked of its address only', async () => {
    const { listener } = await listening(address, { v6only: true });
    unwrap(listener.setKey(address === '::1' ? '2001:db8::9' : '192.0.2.9', md5('other')));
    expect(await outcome(connect(listener))).toBe('connected');
    expect(await outcome(connect(listener, { key: md5('right') }))).toBe('unanswered');
  });

  it('is replaced by another in one step: a listener without one would take what is not signed', async () => {
    const kernel = unwrap(socketOptions());
    const removed: string[] = [];
    const removeKey = (fd: number, remote: string): void => {
      removed.push(remote);
      kernel.removeKey(fd, remote);
    };
    const watched = new Tcp(() => ok({ ...kernel, removeKey }));
    const listener = unwrap(await watched.listen({ address, port: 0 }, (stream) => stream.destroy(), { v6only: true }));
    cleanups.push(() => listener.close());
    unwrap(listener.setKey(address, md5('old')));
    unwrap(listener.setKey(address, md5('new')));
    expect(removed).toEqual([]);
    unwrap(listener.setKey(address, undefined));
    expect(removed).toEqual([address]);
  });

  it('can be changed and taken away, and connections that are there go on', async () => {
    const { listener, accepted } = await listening(address, { v6only: true });
    unwrap(listener.setKey(address, md5('old')));
    const before = unwrap(await connect(listener, { key: md5('old') }));
    unwrap(listener.setKey(address, md5('new')));
    expect(await outcome(connect(listener, { key: md5('old') }))).toBe('unanswered');
    expect(await outcome(connect(listener, { key: md5('new') }))).toBe('connected');
    unwrap(listener.setKey(address, undefined));
    expect(await outcome(connect(listener))).toBe('connected');

    const heard = new Promise<string>((resolve) => {
      accepted[0]?.attach({ data: (bytes) => resolve(Buffer.from(bytes).toString()), drained: () => undefined, closed: resolve });
    });
    before.write(Buffer.from('still here'));
    expect(await heard).toBe('still here');
  });

  it('can be asked of a connection that is accepted already: nothing unsigned is read from it', async () => {
    const { listener, accepted } = await listening(address, { v6only: true });
    const near = unwrap(await connect(listener));
    const far = accepted[0];
    if (far === undefined) throw new Error('nothing was accepted');
    unwrap(far.protect({ key: md5('right') }));
    let heard = '';
    far.attach({ data: (bytes) => (heard += Buffer.from(bytes).toString()), drained: () => undefined, closed: () => undefined });
    near.write(Buffer.from('unsigned'));
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(heard).toBe('');
  });
});

describe.each(['127.0.0.1', '::1'])('TTL security, on %s', (address) => {
  it('lets in packets from near enough, and none from further away', async () => {
    const { listener, accepted } = await listening(address, { protection: { hopLimit: 255, dscp: 48 } });
    const near = unwrap(await connect(listener, { hopLimit: 255, minHopLimit: 255, dscp: 48, userTimeoutMs: 30_000 }));
    unwrap(accepted[0]?.protect({ minHopLimit: 255 }) ?? err('nothing was accepted'));
    const heard = new Promise<string>((resolve) => {
      accepted[0]?.attach({ data: (bytes) => resolve(Buffer.from(bytes).toString()), drained: () => undefined, closed: resolve });
    });
    near.write(Buffer.from('near'));
    expect(await heard).toBe('near');
  });

  it('takes no answer that comes from further away', async () => {
    const { listener } = await listening(address, { protection: { hopLimit: 254 } });
    expect(await outcome(connect(listener, { hopLimit: 255, minHopLimit: 255 }))).toBe('unanswered');
    expect(await outcome(connect(listener, { hopLimit: 255, minHopLimit: 254 }))).toBe('connected');
  });
});

describe('a listener', () => {
  it('drops who is not admitted', async () => {
    const { listener, accepted } = await listening('127.0.0.1', { admits: ({ address }) => address === '127.0.0.9' });
    const stranger = unwrap(await connect(listener));
    const ended = new Promise<string>((resolve) => {
      stranger.attach({ data: () => undefined, drained: () => undefined, closed: resolve });
    });
    expect(await ended).toMatch(/closed by the remote end|ECONNRESET/);
    expect(accepted).toEqual([]);
    expect(await outcome(connect(listener, { sourceAddress: '127.0.0.9' }))).toBe('connected');
  });

  it('takes no IPv4 on :: where it is told so', async () => {
    const { listener } = await listening('::', { v6only: true });
    expect(await outcome(connect(listener, { address: '127.0.0.1' }))).toMatch(/ECONNREFUSED/);
  });

  it('says that there is no such device', async () => {
    const result = await tcp.listen({ address: '127.0.0.1', port: 0 }, () => undefined, { vrf: 'no-such-vrf' });
    expect(result).toMatchObject({ error: expect.stringContaining('refused to bind to the device no-such-vrf') });
  });
});

describe('what the kernel, or koffi, does not have', () => {
  const bare = new Tcp(() => err('koffi is not here'));
  const refusal = (target: Partial<ConnectTarget>): Promise<string> =>
    new Promise((resolve) => {
      bare.connect({ address: '127.0.0.1', port: 1, ...target }, (result) => resolve(result.ok ? 'connected' : result.error));
    });

  it('is a refusal with a reason, and never a connection without it', async () => {
    expect(await refusal({ key: md5('secret') })).toBe('the key of TCP MD5 cannot be set: koffi is not here');
    expect(await refusal({ minHopLimit: 255, hopLimit: 255 })).toBe(
      'the hop limit 255, the least hop limit 255 cannot be set: koffi is not here',
    );
    expect(await refusal({ vrf: 'blue' })).toBe('the device blue cannot be set: koffi is not here');
    const listener = unwrap(await bare.listen({ address: '127.0.0.1', port: 0 }, () => undefined));
    cleanups.push(() => listener.close());
    expect(listener.setKey('192.0.2.1', md5('secret'))).toEqual(err('koffi is not here'));
    expect(listener.setKey('192.0.2.1', undefined).ok).toBe(true);
  });

  it('is said of TCP-AO, or a key is taken', async () => {
    const { listener } = await listening('127.0.0.1');
    const set = listener.setKey('127.0.0.1', ao);
    if (set.ok) expect(await outcome(connect(listener))).toBe('unanswered');
    else expect(set.error).toBe('the TCP-AO key can not be set: this kernel does not have it');
  });

  it('never has a key in its error', () => {
    const options = unwrap(socketOptions());
    const answers = [md5('very secret'), { ...ao, secret: 'very secret' }].map((key) => options.protect(-1, '192.0.2.1', { key }));
    expect(JSON.stringify(answers)).not.toContain('very secret');
    expect(answers.every(({ ok }) => !ok)).toBe(true);
  });
});

describe('the structures of keys', () => {
  it('have address, length and key where the kernel looks for them', () => {
    const ipv4 = md5Signature('192.0.2.1', 'key');
    expect([ipv4.length, ipv4.readUInt16LE(0), ipv4.subarray(4, 8).join('.'), ipv4.readUInt16LE(130)]).toEqual([216, 2, '192.0.2.1', 3]);
    expect(ipv4.subarray(136, 139).toString()).toBe('key');
    const ipv6 = md5Signature('2001:db8::1', undefined);
    expect([ipv6.readUInt16LE(0), ipv6.subarray(8, 24).toString('hex'), ipv6.readUInt16LE(130)]).toEqual([
      10,
      '20010db8000000000000000000000001',
      0,
    ]);
  });

  it('of TCP-AO have algorithm, ids and prefix', () => {
    const option = authenticationOption('1:2:3:4:5:6:7:8', ao);
    expect([option.length, option.subarray(128, 138).toString(), option.readUInt32LE(196)]).toEqual([288, 'hmac(sha1)', 3]);
    expect([...option.subarray(202, 208)]).toEqual([128, 1, 2, 12, 0, 6]);
    expect(option.subarray(8, 24).toString('hex')).toBe('00010002000300040005000600070008');
  });
});
