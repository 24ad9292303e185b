import { describe, expect, it } from 'vitest';
import type { OperatorMessage } from '#state/messages.ts';
import { helloOf } from '../testing/term.ts';
import { Deliveries } from './deliveries.ts';

const entry = (key: string) => ({ key, bytes: new TextEncoder().encode(key) });

function connected() {
  const deliveries = new Deliveries(() => 7);
  const sent: Record<string, OperatorMessage[]> = { n1: [], n2: [] };
  for (const node of ['n1', 'n2']) deliveries.of(node).connect(helloOf(node), (message) => sent[node]?.push(message));
  deliveries.flush();
  for (const node of ['n1', 'n2']) deliveries.of(node).onAck(1, []);
  return { deliveries, sent };
}

describe('deliveries', () => {
  it('are flushed where something changed, and nowhere else', () => {
    const { deliveries, sent } = connected();
    deliveries.of('n1').set(entry('route/a'));
    deliveries.flush();
    deliveries.flush();
    expect([sent['n1']?.length, sent['n2']?.length]).toEqual([2, 1]);
  });

  it('are one for each node, made at first need', () => {
    const { deliveries } = connected();
    expect(deliveries.peek('n3')).toBeUndefined();
    expect(deliveries.of('n3')).toBe(deliveries.peek('n3'));
    expect([...deliveries.nodes()]).toHaveLength(3);
  });

  it('are forgotten with the node, or with the term', () => {
    const { deliveries, sent } = connected();
    deliveries.of('n1').set(entry('route/a'));
    deliveries.forget('n1');
    deliveries.forget('n9');
    deliveries.of('n2').set(entry('route/a'));
    deliveries.clear();
    deliveries.flush();
    expect([deliveries.peek('n1'), deliveries.peek('n2')]).toEqual([undefined, undefined]);
    expect([sent['n1']?.length, sent['n2']?.length]).toEqual([1, 1]);
  });
});
