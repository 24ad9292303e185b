import { describe, expect, it } from 'vitest';
import { unwrap } from '#runtime/result.ts';
import type { Acceptor, ByteStream, Connector, Listener } from '../byte-stream.ts';

/** A network under test, and how its time passes. */
export type NetworkUnderTest = {
  readonly network: Connector & Acceptor;
  /** Lets things happen until `condition` holds; false when it never does. */
  readonly until: (condition: () => boolean) => Promise<boolean>;
  /** An address where listeners can be. */
  readonly address: string;
};

/** A stream and all that it told. */
type Recorded = { readonly stream: ByteStream; received: Buffer; drains: number; readonly closed: string[] };

function record(stream: ByteStream): Recorded {
  const recorded: Recorded = { stream, received: Buffer.alloc(0), drains: 0, closed: [] };
  stream.attach({
    data: (bytes) => {
      recorded.received = Buffer.concat([recorded.received, bytes]);
    },
    drained: () => {
      recorded.drains++;
    },
    closed: (reason) => recorded.closed.push(reason),
  });
  return recorded;
}

/** What every network owes the rooms above: run with the real one and with the one in memory. */
export function streamContract(name: string, make: () => NetworkUnderTest): void {
  describe(`${name}: the contract of byte streams`, () => {
    async function withPair(
      test: (near: Recorded, far: Recorded, under: NetworkUnderTest, listener: Listener) => Promise<void>,
    ): Promise<void> {
      const under = make();
      const accepted: ByteStream[] = [];
      const listener = unwrap(await under.network.listen({ address: under.address, port: 0 }, (stream) => accepted.push(stream)));
      const connected: ByteStream[] = [];
      under.network.connect(listener.local, (result) => connected.push(unwrap(result)));
      expect(await under.until(() => connected.length === 1 && accepted.length === 1)).toBe(true);
      const [near, far] = [connected[0], accepted[0]];
      if (near === undefined || far === undefined) throw new Error('not connected');
      try {
        await test(record(near), record(far), under, listener);
      } finally {
        near.destroy();
        far.destroy();
        await listener.close();
      }
    }

    it('knows both ends', () =>
      withPair(async (near, far, under, listener) => {
        expect(near.stream.remote).toEqual(listener.local);
        expect(far.stream.local).toEqual(listener.local);
        expect(far.stream.remote).toEqual(near.stream.local);
        expect(near.stream.local.port).toBeGreaterThan(0);
        expect(near.stream.caveats).toEqual([]);
        expect(under.address).toBe(listener.local.address);
      }));

    it('carries bytes both ways, in order, and says when they are acknowledged', () =>
      withPair(async (near, far, under) => {
        const sent = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
        for (let at = 0; at < sent.length; at += 10_000) near.stream.write(sent.subarray(at, at + 10_000));
        far.stream.write(Buffer.from('answer'));
        expect(near.stream.bytesWritten).toBe(100_000);
        expect(await under.until(() => far.received.length === 100_000 && near.received.length === 6)).toBe(true);
        expect(far.received.equals(sent)).toBe(true);
        expect(near.received.toString()).toBe('answer');
        expect(await under.until(() => near.stream.unacknowledgedBytes() === 0)).toBe(true);
      }));

    it('sends what was written before the end, and both sides learn that it is over, once', () =>
      withPair(async (near, far, under) => {
        near.stream.write(Buffer.from('last words'));
        near.stream.end();
        near.stream.end();
        expect(near.stream.write(Buffer.from('too late'))).toBe(false);
        expect(await under.until(() => far.closed.length > 0 && near.closed.length > 0)).toBe(true);
        expect(far.received.toString()).toBe('last words');
        expect(far.closed).toEqual(['closed by the remote end']);
        expect(near.closed).toHaveLength(1);
      }));

    it('tells both sides of a destroyed stream, and takes no more bytes', () =>
      withPair(async (near, far, under) => {
        near.stream.destroy();
        near.stream.destroy();
        expect(await under.until(() => near.closed.length > 0 && far.closed.length > 0)).toBe(true);
        expect(near.closed).toEqual(['closed by this end']);
        expect(near.stream.write(Buffer.from('x'))).toBe(false);
        expect(near.stream.bytesWritten).toBe(0);
      }));

    it('asks to wait when the other end does not keep up, and says when to go on', () =>
      withPair(async (near, far, under) => {
        let wrote = 0;
        while (near.stream.write(new Uint8Array(64_000))) wrote++;
        expect(wrote).toBeLessThan(10_000);
        expect(await under.until(() => near.drains === 1)).toBe(true);
        expect(await under.until(() => far.received.length === near.stream.bytesWritten)).toBe(true);
      }));

    it('tells late handlers what they missed', async () => {
      const under = make();
      const accepted: ByteStream[] = [];
      const listener = unwrap(await under.network.listen({ address: under.address, port: 0 }, (stream) => accepted.push(stream)));
      under.network.connect(listener.local, (result) => {
        unwrap(result).write(Buffer.from('early'));
        unwrap(result).end();
      });
      expect(await under.until(() => accepted.length === 1)).toBe(true);
      const far = record(accepted[0] as ByteStream);
      expect(await under.until(() => far.closed.length === 1)).toBe(true);
      expect(far.received.toString()).toBe('early');
      await listener.close();
    });

    it('says why a connection was not made', async () => {
      const under = make();
      const listener = unwrap(await under.network.listen({ address: under.address, port: 0 }, () => undefined));
      await listener.close();
      const errors: string[] = [];
      under.network.connect(listener.local, (result) => errors.push(result.ok ? 'connected' : result.error));
      expect(errors).toEqual([]);
      expect(await under.until(() => errors.length === 1)).toBe(true);
      expect(errors[0]).toContain('connection refused');
    });

    it('says nothing about an attempt that was cancelled', async () => {
      const under = make();
      const accepted: ByteStream[] = [];
      const listener = unwrap(await under.network.listen({ address: under.address, port: 0 }, (stream) => accepted.push(stream)));
      const results: unknown[] = [];
      under.network.connect(listener.local, (result) => results.push(result)).cancel();
      const second: ByteStream[] = [];
      under.network.connect(listener.local, (result) => second.push(unwrap(result)));
      expect(await under.until(() => second.length === 1 && accepted.length >= 1)).toBe(true);
      expect(results).toEqual([]);
      for (const stream of [...second, ...accepted]) stream.destroy();
      await listener.close();
    });

    it('names the endpoint that is in use', async () => {
      const under = make();
      const listener = unwrap(await under.network.listen({ address: under.address, port: 0 }, () => undefined));
      const again = await under.network.listen(listener.local, () => undefined);
      expect(again).toEqual({ ok: false, error: expect.stringContaining(`:${listener.local.port}: it is in use`) });
      await listener.close();
    });
  });
}
