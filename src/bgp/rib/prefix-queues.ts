import { PrefixColumn } from './prefix-column.ts';
import type { PrefixHandle, PrefixTable } from './prefix-table.ts';

/** A queue of prefixes, oldest first. What links them is in {@link PrefixQueues}. */
export type PrefixQueue = {
  first: PrefixHandle;
  last: PrefixHandle;
  size: number;
  /** What they take in UPDATEs. */
  octets: number;
};

const none = -1;

/** A queue without prefixes. */
export const emptyQueue = (): PrefixQueue => ({ first: none, last: none, size: 0, octets: 0 });

/**
 * Any number of queues of which a prefix is in at most one: appending and removing take the same short time wherever it stands,
 * and memory is two numbers for each prefix (a million in a Set take 40 MiB). The caller knows which prefix is in which queue.
 */
export class PrefixQueues {
  /** Both are a handle and 1, so that 0 is none. */
  readonly #next: PrefixColumn;
  readonly #previous: PrefixColumn;
  readonly #table: PrefixTable;

  constructor(table: PrefixTable) {
    this.#table = table;
    this.#next = new PrefixColumn(table);
    this.#previous = new PrefixColumn(table);
  }

  /** Appends a prefix that is in no queue. */
  append(queue: PrefixQueue, prefix: PrefixHandle): void {
    if (queue.last === none) queue.first = prefix;
    else this.#next.set(queue.last, prefix + 1);
    this.#previous.set(prefix, queue.last + 1);
    this.#next.set(prefix, 0);
    queue.last = prefix;
    queue.size += 1;
    queue.octets += this.#table.encodedOctets(prefix);
  }

  /** Removes a prefix that is in the queue. */
  remove(queue: PrefixQueue, prefix: PrefixHandle): void {
    const next = this.after(prefix);
    const previous = this.#previous.get(prefix) - 1;
    if (previous === none) queue.first = next;
    else this.#next.set(previous, next + 1);
    if (next === none) queue.last = previous;
    else this.#previous.set(next, previous + 1);
    queue.size -= 1;
    queue.octets -= this.#table.encodedOctets(prefix);
  }

  /** The prefix that stands behind this one in its queue, or -1. */
  after(prefix: PrefixHandle): PrefixHandle {
    return this.#next.get(prefix) - 1;
  }
}
