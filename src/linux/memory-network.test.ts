import { describe, expect, it } from 'vitest';
import { unwrap } from '#runtime/result.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import type { ByteStream } from './byte-stream.ts';
import { MemoryNetwork } from './memory-network.ts';
import { streamContract } from './testing/stream-contract.ts';

function until(clock: VirtualClock): (condition: () => boolean) => Promise<boolean> {
  return async (condition) => {
    for (let step = 0; step < 1_000 && !condition(); step++) await clock.advanceAsync(1);
    return condition();
  };
}

streamContract('memory network', () => {
  const clock = new VirtualClock();
  return { network: new MemoryNetwork(clock), until: until(clock), address: '192.0.2.254' };
});

streamContract('memory network with delay and small pieces', () => {
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock);
  network.change('2001:db8::fe', { delayMs: 3, chunkBytes: 777 });
  return { network, until: until(clock), address: '2001:db8::fe' };
});

async function pair() {
  const clock = new VirtualClock();
  const network = new MemoryNetwork(clock);
  const router = { address: '192.0.2.254', port: 179 };
  const streams: ByteStream[] = [];
  unwrap(await network.listen(router, (stream) => streams.push(stream)));
  network.connect(router, (result) => streams.push(unwrap(result)));
  clock.advance(0);
  const [near, far] = streams as [ByteStream, ByteStream];
  const log: string[] = [];
  let received = 0;
  const recorder = (name: string, counts: boolean) => ({
    data: (bytes: Uint8Array) => {
      received += counts ? bytes.length : 0;
    },
    drained: () => log.push(`${name} drained`),
    closed: (reason: string) => log.push(`${name} ${reason}`),
  });
  near.attach(recorder('near', false));
  far.attach(recorder('far', true));
  clock.advance(0);
  return { clock, network, router: router.address, near, far, log, received: () => received };
}

describe('a broken path', () => {
  it('stalled reader: the window fills, then the writer is asked to wait, until the reader goes on', async () => {
    const { clock, network, router, near, received } = await pair();
    network.change(router, { stalledReader: true });
    near.write(new Uint8Array(64_000));
    near.write(new Uint8Array(64_000));
    clock.advance(1_000);
    // The kernel of the router acknowledged what fitted into its window, although nobody read it.
    expect(near.unacknowledgedBytes()).toBe(0);
    expect(near.write(new Uint8Array(64_000))).toBe(true);
    expect(near.write(new Uint8Array(64_000))).toBe(false);
    clock.advance(1_000);
    expect(near.unacknowledgedBytes()).toBe(128_000);
    expect(received()).toBe(0);
    network.change(router, { stalledReader: false });
    clock.advance(10);
    expect(received()).toBe(256_000);
    expect(near.unacknowledgedBytes()).toBe(0);
  });

  it('black hole: nothing arrives and nobody is told, not even of a close', async () => {
    const { clock, network, router, near, log, received } = await pair();
    network.change(router, { blackHole: true });
    near.write(new Uint8Array(10));
    clock.advance(60_000);
    expect([received(), near.unacknowledgedBytes()]).toEqual([0, 10]);
    near.destroy();
    clock.advance(60_000);
    expect(log).toEqual(['near closed by this end']);
  });

  it('black hole: a new connection is neither made nor refused', async () => {
    const { clock, network, router } = await pair();
    network.change(router, { blackHole: true });
    const results: unknown[] = [];
    network.connect({ address: router, port: 179 }, (result) => results.push(result));
    clock.advance(600_000);
    expect(results).toEqual([]);
  });

  it('a write to an end that is gone is answered with a reset', async () => {
    const { clock, network, router, near, far, log } = await pair();
    network.change(router, { blackHole: true });
    far.destroy();
    clock.advance(10);
    network.change(router, { blackHole: false });
    near.write(new Uint8Array(1));
    clock.advance(10);
    expect(log).toEqual(['far closed by this end', 'near connection reset by the remote end (ECONNRESET)']);
  });

  it('a close that throws written bytes away is a reset', async () => {
    const { clock, near, log } = await pair();
    near.write(new Uint8Array(1));
    near.destroy();
    clock.advance(10);
    expect(log).toEqual(['near closed by this end', 'far connection reset by the remote end (ECONNRESET)']);
  });

  it('a reset ends both sides of every connection of the router', async () => {
    const { clock, network, router, log } = await pair();
    network.reset(router);
    clock.advance(10);
    expect(log.toSorted()).toEqual([
      'far connection reset by the remote end (ECONNRESET)',
      'near connection reset by the remote end (ECONNRESET)',
    ]);
  });

  it('refuses connections when told to', async () => {
    const { clock, network, router } = await pair();
    network.change(router, { refusesConnections: true });
    const results: boolean[] = [];
    network.connect({ address: router, port: 179 }, (result) => results.push(result.ok));
    clock.advance(10);
    expect(results).toEqual([false]);
  });
});
