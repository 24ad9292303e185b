import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { emptyQueue, type PrefixQueue, PrefixQueues } from './prefix-queues.ts';
import { PrefixTable } from './prefix-table.ts';

/** What is in a queue, from its first to its last. */
function contents(queues: PrefixQueues, queue: PrefixQueue): number[] {
  const prefixes: number[] = [];
  for (let prefix = queue.first; prefix >= 0; prefix = queues.after(prefix)) prefixes.push(prefix);
  expect([prefixes.length, prefixes.at(-1) ?? -1]).toEqual([queue.size, queue.last]);
  return prefixes;
}

describe('queues of prefixes', () => {
  it('keep their order, whatever is removed from wherever', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat({ max: 20 }), fc.nat({ max: 2 }))), (moves) => {
        const queues = new PrefixQueues(new PrefixTable());
        const all = [emptyQueue(), emptyQueue(), emptyQueue()] as const;
        const model: number[][] = [[], [], []];
        // Each prefix leaves the queue that it is in, and goes to the end of another.
        for (const [prefix, to] of moves) {
          const from = model.findIndex((queue) => queue.includes(prefix));
          if (from >= 0) queues.remove(all[from as 0], prefix);
          if (from >= 0) model[from]?.splice(model[from].indexOf(prefix), 1);
          queues.append(all[to as 0], prefix);
          model[to]?.push(prefix);
          expect(all.map((queue) => contents(queues, queue))).toEqual(model);
        }
      }),
    );
  });
});
