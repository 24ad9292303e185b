import { percentile, rounded } from '../statistics.ts';
import type { Fabric } from './fabric.ts';
import type { Withdrawal } from './fail-one-by-one.ts';

/** Brings together what router, operator and speakers say about each withdrawal: the whole in the first row, then its parts. */
export function withdrawalStages(fabric: Fabric, withdrawals: readonly Withdrawal[]): Record<string, string | number>[] {
  const inSpeaker = new Map<string, { orderedMs: number; writtenMs: number }>();
  for (const [node, lines] of fabric.speakerLines) {
    for (const { event, prefix, orderedAt, writtenAt } of lines.all()) {
      if (event === 'withdraw' && writtenAt !== undefined)
        inSpeaker.set(`${prefix}@${node}`, { orderedMs: orderedAt, writtenMs: writtenAt });
    }
  }
  const total: number[] = [];
  const operator: number[] = [];
  const speaker: number[] = [];
  const toSpeaker: number[] = [];
  const toRouter: number[] = [];
  for (const { heard, decision } of withdrawals) {
    const { prefix, node, observedMs, latencyMs } = decision;
    const at = inSpeaker.get(`${prefix}@${node}`);
    if (at === undefined) continue;
    const receivedMs = heard.monotonicUs / 1000;
    // Speakers log the time of day.
    const toMonotonicMs = (heard.monotonicUs - heard.unixUs) / 1000;
    total.push(receivedMs - observedMs);
    operator.push(latencyMs);
    toSpeaker.push(at.orderedMs + toMonotonicMs - observedMs - latencyMs);
    speaker.push(at.writtenMs - at.orderedMs);
    toRouter.push(receivedMs - at.writtenMs - toMonotonicMs);
  }
  const totalMs = total.reduce((sum, value) => sum + value, 0);
  const row = (stage: string, values: readonly number[]) => ({
    stage,
    samples: values.length,
    p50Ms: rounded(percentile(values, 50)),
    p99Ms: rounded(percentile(values, 99)),
    maxMs: rounded(Math.max(...values)),
    sharePercent: rounded((100 * values.reduce((sum, value) => sum + value, 0)) / totalMs),
  });
  return [
    row('watch event at the operator → withdrawal received by the router', total),
    row('operator: observe, decide, send', operator),
    row('gRPC to the speaker', toSpeaker),
    row('speaker: accept, gate, advertise, write', speaker),
    row('TCP to the router', toRouter),
  ];
}
