import { describe, expect, it } from 'vitest';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import { HealthCheckRunner } from './health-check-runner.ts';
import type { HealthPort } from './health-port.ts';
import { limits } from './limits.ts';
import type { DataPlaneVerdict, ProbeOutcome } from './verdict.ts';

const serving: ProbeOutcome = { kind: 'answer', status: 200, body: '{"localEndpoints":1}' };

function aRunner(ask: (port: HealthPort) => Promise<ProbeOutcome>) {
  const clock = new VirtualClock();
  const asked: { port: HealthPort; atMs: number }[] = [];
  const verdicts: { port: HealthPort; verdict: DataPlaneVerdict }[] = [];
  const runner = new HealthCheckRunner({
    clock,
    ask: (port) => {
      asked.push({ port, atMs: clock.nowMs() });
      return ask(port);
    },
    onVerdict: (port, verdict) => verdicts.push({ port, verdict }),
  });
  return { clock, runner, asked, verdicts };
}

describe('the runner of health checks', () => {
  it('asks at once, then less and less often, but never less than once per longest interval', async () => {
    const { clock, runner, asked } = aRunner(async () => serving);
    runner.watch('IPv4 30000');
    runner.watch('IPv4 30000');
    await clock.advanceAsync(5_000);
    const gaps = asked.slice(1).map((question, index) => question.atMs - (asked[index]?.atMs ?? 0));
    expect(asked[0]?.atMs).toBe(0);
    expect(gaps.slice(0, 6)).toEqual([50, 100, 200, 400, 800, 1_000]);
    expect(Math.max(...gaps)).toBe(limits.intervalMaxMs);
  });

  it('stops when nobody waits any more', async () => {
    const { clock, runner, asked, verdicts } = aRunner(async () => serving);
    runner.watch('IPv4 30000');
    await clock.advanceAsync(0);
    expect(verdicts).toEqual([{ port: 'IPv4 30000', verdict: { answered: true, forwards: true, fact: '200 with 1 local endpoint' } }]);
    runner.stop();
    await clock.advanceAsync(60_000);
    expect(asked).toHaveLength(1);
    expect(clock.pendingTimers).toBe(0);
  });

  it('brings no verdict to a port that was unwatched meanwhile, and asks one question per port at a time', async () => {
    const answers: (() => void)[] = [];
    const { clock, runner, asked, verdicts } = aRunner(() => new Promise<ProbeOutcome>((resolve) => answers.push(() => resolve(serving))));
    runner.watch('IPv4 30000');
    runner.unwatch('IPv4 30000');
    runner.watch('IPv4 30000');
    expect(asked).toHaveLength(1);
    answers[0]?.();
    await clock.advanceAsync(0);
    expect(verdicts).toEqual([]);
    expect(asked).toHaveLength(2);
    answers[1]?.();
    await clock.advanceAsync(0);
    expect(verdicts).toHaveLength(1);
  });

  it('never asks more than the bound at a time, and reaches every port', async () => {
    let underWay = 0;
    let most = 0;
    const { clock, runner, verdicts } = aRunner(async () => {
      most = Math.max(most, ++underWay);
      await new Promise<void>((resolve) => clock.after(1, resolve));
      underWay--;
      return serving;
    });
    for (let port = 30_000; port < 30_100; port++) runner.watch(`IPv4 ${port}`);
    await clock.advanceAsync(20);
    expect(most).toBe(limits.concurrency);
    expect(new Set(verdicts.map(({ port }) => port)).size).toBe(100);
  });
});
