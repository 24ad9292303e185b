import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { assert, unreachable } from './assert.ts';
import { realClock } from './clock.ts';
import { err, ok, unwrap } from './result.ts';
import { Shutdown } from './shutdown.ts';

describe('shutdown', () => {
  it('stops in reverse order, one after the other', async () => {
    const shutdown = new Shutdown();
    const stopped: string[] = [];
    shutdown.add('first', () => void stopped.push('first'));
    shutdown.add('second', async () => {
      await Promise.resolve();
      stopped.push('second');
    });
    expect(await shutdown.run()).toEqual([]);
    expect(stopped).toEqual(['second', 'first']);
  });

  it('goes on where a part fails to stop, and says which did', async () => {
    const shutdown = new Shutdown();
    const stopped: string[] = [];
    shutdown.add('good', () => void stopped.push('good'));
    shutdown.add('throwing', () => {
      throw new Error('no');
    });
    shutdown.add('rejecting', () => Promise.reject(new Error('never')));
    const errors = await shutdown.run();
    expect(errors.map((error) => error.message)).toEqual(['stopping rejecting failed', 'stopping throwing failed']);
    expect(errors.map((error) => (error.cause as Error).message)).toEqual(['never', 'no']);
    expect(stopped).toEqual(['good']);
  });

  it('happens once, however often it is asked for', async () => {
    const shutdown = new Shutdown();
    let count = 0;
    shutdown.add('part', () => void count++);
    await Promise.all([shutdown.run(), shutdown.run()]);
    await shutdown.run();
    expect(count).toBe(1);
  });
});

describe('a result', () => {
  it('is unwrapped, or says what went wrong', () => {
    expect(unwrap(ok(5))).toBe(5);
    expect(() => unwrap(err('no such thing'))).toThrow('unwrap: no such thing');
    expect(() => unwrap(err({ code: 7 }))).toThrow('unwrap: {"code":7}');
  });
});

describe('an assertion', () => {
  it('stops on a bug and says which rule was broken', () => {
    expect(() => assert(false, 'two is two')).toThrow('assertion failed: two is two');
    expect(() => assert(true, 'two is two')).not.toThrow();
    expect(() => unreachable('what' as never)).toThrow('assertion failed: unexpected case "what"');
  });
});

describe('the real clock', () => {
  it('is the one that all processes of the machine share, from the first reading on', () => {
    const clock = join(import.meta.dirname, 'clock.ts');
    const program = `
      import { realClock } from ${JSON.stringify(clock)};
      const hrtimeMs = () => Number(process.hrtime.bigint()) / 1e6;
      const readings = [hrtimeMs(), realClock.nowMs(), hrtimeMs()];
      console.log(JSON.stringify(readings));
    `;
    const readings: number[] = JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }));
    expect(readings).toHaveLength(3);
    expect(readings).toEqual(readings.toSorted((a, b) => a - b));
  });

  it('goes forward, runs tasks after their delay, and not those that were cancelled', async () => {
    const begin = realClock.nowMs();
    const ran: string[] = [];
    const cancelled = realClock.after(0, () => void ran.push('cancelled'));
    cancelled.cancel();
    await new Promise<void>((resolve) => realClock.after(5, resolve));
    expect(realClock.nowMs() - begin).toBeGreaterThanOrEqual(4);
    expect(Math.abs(realClock.wallMs() - Date.now())).toBeLessThan(5_000);
    await new Promise<void>((resolve) => realClock.soon(resolve));
    cancelled.cancel();
    expect(ran).toEqual([]);
  });
});
