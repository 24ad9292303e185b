import { setTimeout as delay } from 'node:timers/promises';
import type { CollectorEvent } from '#collector/views.ts';
import { eventually } from '../../test/support/eventually.ts';
import type { DecisionLine, Fabric } from './fabric.ts';
import { addressOf, writeReadiness } from './objects.ts';

/**
 * Between two changes of which each is measured alone, in milliseconds: what is told of a change (logs, events, statuses) is written
 * after it and would otherwise be measured with the next.
 */
const restMs = 25;

/** One place that failed: what the operator logged about it, and what the router heard. */
export type Withdrawal = { readonly decision: DecisionLine; readonly heard: CollectorEvent };

/**
 * Fails one place after the other, each once: of the first Service on the first node, on the second and so on, then of the next
 * Service. Each is waited for at the router; one that the operator logged nothing about is left out.
 */
export async function failOneByOne(fabric: Fabric, places: number): Promise<Withdrawal[]> {
  const { nodes } = fabric;
  const heard = new Map<string, CollectorEvent>();
  for (let place = 0; place < places; place++) {
    const number = Math.floor(place / nodes.length);
    const index = place % nodes.length;
    const prefix = `${addressOf(number)}/32`;
    const withdrawn = fabric.next((event) => event.kind === 'withdraw' && event.prefix === prefix);
    await writeReadiness(fabric.client, { number, nodes, ready: new Set(nodes.slice(index + 1)) });
    heard.set(`${prefix}@${nodes[index]}`, await withdrawn);
    await delay(restMs);
  }
  const decisions = await eventually(
    'the operator has logged every withdrawal',
    () => fabric.operatorLines.all().filter((line) => line.event === 'withdraw'),
    (lines) => lines.length >= heard.size,
  );
  return decisions.flatMap((decision) => {
    const event = heard.get(`${decision.prefix}@${decision.node}`);
    return event === undefined ? [] : [{ decision, heard: event }];
  });
}
