import { describe, expect, it } from 'vitest';
import type { ByteStream } from '#linux/byte-stream.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import { limits } from './limits.ts';
import { SendHold } from './send-hold.ts';

const holdMs = 80_000;
const lookMs = holdMs / limits.sendHoldLooks;

/** A stream of which the test says what was written and acknowledged. */
function setUp() {
  const clock = new VirtualClock();
  const stream = { bytesWritten: 0, acknowledged: 0, looks: 0 };
  let expiredAtMs: number | undefined;
  const port = {
    get bytesWritten() {
      return stream.bytesWritten;
    },
    unacknowledgedBytes: () => {
      stream.looks++;
      return stream.bytesWritten - stream.acknowledged;
    },
  } as ByteStream;
  const sendHold = new SendHold(
    clock,
    port,
    () => holdMs,
    () => {
      expiredAtMs = clock.nowMs();
    },
  );
  const write = (bytes: number): void => {
    stream.bytesWritten += bytes;
    sendHold.wrote();
  };
  return { clock, stream, sendHold, write, expiredAtMs: () => expiredAtMs };
}

describe('the send hold timer', () => {
  it('expires when a byte is not acknowledged for the hold time, however much is written behind it', () => {
    const { clock, write, expiredAtMs } = setUp();
    for (let second = 0; second < 80; second++) {
      write(100);
      clock.advance(1_000);
    }
    expect(expiredAtMs()).toBe(holdMs);
  });

  it('expires for a byte that is written while older ones are under way, not much later', () => {
    const { clock, stream, write, expiredAtMs } = setUp();
    write(100);
    clock.advance(1);
    write(100);
    clock.advance(30_000);
    stream.acknowledged = 100;
    clock.advance(holdMs + lookMs - 30_000);
    expect(expiredAtMs()).toBeGreaterThanOrEqual(holdMs + 1);
    expect(expiredAtMs()).toBeLessThanOrEqual(holdMs + lookMs + 1);
  });

  it('never expires for a router that is slow but takes each byte in time', () => {
    const { clock, stream, write, expiredAtMs } = setUp();
    for (let round = 0; round < 100; round++) {
      write(1_000);
      clock.advance(holdMs / 2);
      stream.acknowledged = stream.bytesWritten - 900;
      clock.advance(holdMs / 4);
      stream.acknowledged = stream.bytesWritten;
    }
    expect(expiredAtMs()).toBeUndefined();
  });

  it('looks at nothing while nothing is under way, and leaves no timer', () => {
    const { clock, stream, write } = setUp();
    write(10);
    stream.acknowledged = 10;
    clock.advance(lookMs);
    expect(clock.pendingTimers).toBe(0);
    const { looks } = stream;
    clock.advance(10 * holdMs);
    expect(stream.looks).toBe(looks);
    write(10);
    expect(clock.pendingTimers).toBe(1);
  });

  it('does not run for what a stream that is over did not take', () => {
    const { clock, write } = setUp();
    write(0);
    expect(clock.pendingTimers).toBe(0);
  });

  it('is over when it is stopped', () => {
    const { clock, sendHold, write, expiredAtMs } = setUp();
    write(10);
    sendHold.stop();
    clock.advance(2 * holdMs);
    expect([clock.pendingTimers, expiredAtMs()]).toEqual([0, undefined]);
  });
});
