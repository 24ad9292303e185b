import { describe, expect, it } from 'vitest';
import type { ByteStream } from '#linux/byte-stream.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import { Acknowledgements } from './acknowledgements.ts';
import { limits } from './limits.ts';

/** A stream of which only the counts matter. */
function setUp() {
  const counts = { written: 0, unacknowledged: 0, looks: 0 };
  const stream = {
    get bytesWritten() {
      return counts.written;
    },
    unacknowledgedBytes: () => {
      counts.looks++;
      return counts.unacknowledged;
    },
  } as ByteStream;
  const clock = new VirtualClock();
  const done: string[] = [];
  const acknowledgements = new Acknowledgements<string>(clock, stream, (name) => done.push(name));
  const write = (name: string, bytes: number) => {
    counts.written += bytes;
    counts.unacknowledged += bytes;
    acknowledgements.wrote(name);
  };
  return { counts, clock, done, acknowledgements, write };
}

describe('acknowledgements', () => {
  it('are noticed at the end of the turn in which the writer pauses where TCP is that fast', () => {
    const { counts, clock, done, acknowledgements, write } = setUp();
    acknowledgements.pause();
    write('a', 10);
    acknowledgements.pause();
    acknowledgements.pause();
    counts.unacknowledged = 0;
    expect(done).toEqual([]);
    clock.advance(0);
    expect(done).toEqual(['a']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('are looked for seldom while more and more is written', () => {
    const { counts, clock, done, write } = setUp();
    for (let chunk = 0; chunk < limits.acksPerTurn; chunk++) {
      write(`${chunk}`, 10);
      counts.unacknowledged = 0;
      clock.advance(limits.ackPollBusyMs / limits.acksPerTurn);
    }
    expect(counts.looks).toBe(1);
    expect(done).toHaveLength(limits.acksPerTurn);
  });

  it('of very many chunks are told some in a turn, so that others get theirs', () => {
    const { counts, clock, done, acknowledgements, write } = setUp();
    const chunks = 2 * limits.acksPerTurn + 1;
    for (let chunk = 0; chunk < chunks; chunk++) write(`${chunk}`, 10);
    counts.unacknowledged = 0;
    acknowledgements.pause();
    const toldBefore: number[] = [];
    const turn = (): void => {
      toldBefore.push(done.length);
      if (toldBefore.length < 4) clock.soon(turn);
    };
    clock.soon(turn);
    clock.advance(0);
    expect(toldBefore).toEqual([limits.acksPerTurn, 2 * limits.acksPerTurn, chunks, chunks]);
    expect(acknowledgements.pending).toBe(false);
    expect(clock.pendingTimers).toBe(0);
  });

  it('come in the order of writing, each when all its bytes are there', () => {
    const { counts, clock, done, acknowledgements, write } = setUp();
    write('a', 10);
    write('b', 10);
    write('c', 10);
    counts.unacknowledged = 11;
    clock.advance(100);
    expect(done).toEqual(['a']);
    counts.unacknowledged = 10;
    clock.advance(100);
    expect(done).toEqual(['a', 'b']);
    expect(acknowledgements.pending).toBe(true);
    counts.unacknowledged = 0;
    clock.advance(100);
    expect(done).toEqual(['a', 'b', 'c']);
    expect(acknowledgements.pending).toBe(false);
  });

  it('are looked for ever less often, and not at all when nothing is outstanding', () => {
    const { counts, clock, write } = setUp();
    write('a', 10);
    clock.advance(10_000);
    expect(counts.looks).toBeLessThan(10_000 / limits.ackPollMaxMs + 10);
    counts.unacknowledged = 0;
    clock.advance(limits.ackPollMaxMs);
    counts.looks = 0;
    clock.advance(10_000);
    expect(counts.looks).toBe(0);
  });

  it('are looked for at once again after something new was written', () => {
    const { counts, clock, done, acknowledgements, write } = setUp();
    write('a', 10);
    clock.advance(10_000);
    write('b', 10);
    acknowledgements.pause();
    counts.unacknowledged = 0;
    clock.advance(0);
    expect(done).toEqual(['a', 'b']);
  });

  it('are not told after the end', () => {
    const { counts, clock, done, acknowledgements, write } = setUp();
    write('a', 10);
    clock.advance(5);
    write('b', 10);
    acknowledgements.stop();
    counts.unacknowledged = 0;
    clock.advance(10_000);
    expect(done).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });
});
