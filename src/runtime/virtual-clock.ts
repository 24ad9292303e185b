import type { Clock, Timer } from './clock.ts';

type Entry = { readonly dueMs: number; readonly order: number; readonly task: () => void };

/** What may be set about a {@link VirtualClock}. */
export type VirtualClockOptions = {
  /** Virtual time at the start, in milliseconds. Default 0. */
  readonly startMs?: number;
  /** Wall-clock time at virtual time zero, in milliseconds since 1970. Default 2026-01-01. */
  readonly epochMs?: number;
  /** More tasks than this in one call to `advance` is a loop that feeds itself. Default 10,000,000. */
  readonly maxTasksPerAdvance?: number;
};

/**
 * A clock that only moves when told to. Tasks run in the order they are due; equal times run in the order they were set,
 * so that a run with the same inputs is the same run.
 */
export class VirtualClock implements Clock {
  #nowMs: number;
  #order = 0;
  readonly #heap: Entry[] = [];
  readonly #cancelled = new WeakSet<Entry>();
  #pending = 0;
  readonly #epochMs: number;
  readonly #maxTasksPerAdvance: number;

  constructor(options: VirtualClockOptions = {}) {
    this.#nowMs = options.startMs ?? 0;
    this.#epochMs = options.epochMs ?? 1_767_225_600_000;
    this.#maxTasksPerAdvance = options.maxTasksPerAdvance ?? 10_000_000;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#epochMs + this.#nowMs;
  }

  after(delayMs: number, task: () => void): Timer {
    const entry: Entry = { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, task };
    push(this.#heap, entry);
    this.#pending++;
    return {
      cancel: () => {
        if (this.#cancelled.has(entry)) return;
        this.#cancelled.add(entry);
        this.#pending--;
      },
    };
  }

  soon(task: () => void): void {
    this.after(0, task);
  }

  /** Number of timers that are set and not cancelled: a test that expects none finds leaks. */
  get pendingTimers(): number {
    return this.#pending;
  }

  /** When the next timer is due, or undefined when none is set. */
  get nextDueMs(): number | undefined {
    this.#dropCancelled();
    return this.#heap[0]?.dueMs;
  }

  /** Moves time forward by `byMs`, running everything that becomes due on the way, including what those tasks set. */
  advance(byMs: number): void {
    const endMs = this.#nowMs + byMs;
    for (let count = 0; ; count++) {
      if (count > this.#maxTasksPerAdvance) {
        throw new Error(`virtual clock: more than ${this.#maxTasksPerAdvance} tasks in one advance: a task feeds itself`);
      }
      this.#dropCancelled();
      const next = this.#heap[0];
      if (next === undefined || next.dueMs > endMs) break;
      pop(this.#heap);
      // Marked, so that a cancel after it fired does not count it twice.
      this.#cancelled.add(next);
      this.#pending--;
      this.#nowMs = next.dueMs;
      next.task();
    }
    this.#nowMs = endMs;
  }

  /** Like {@link advance}, but lets promise callbacks run between the tasks. */
  async advanceAsync(byMs: number): Promise<void> {
    const endMs = this.#nowMs + byMs;
    await drainMicrotasks();
    for (let due = this.nextDueMs; due !== undefined && due <= endMs; due = this.nextDueMs) {
      this.advance(Math.max(0, due - this.#nowMs));
      await drainMicrotasks();
    }
    this.advance(endMs - this.#nowMs);
  }

  #dropCancelled(): void {
    for (let top = this.#heap[0]; top !== undefined && this.#cancelled.has(top); top = this.#heap[0]) pop(this.#heap);
  }
}

/** Promise chains of the code under test are short; a bounded number of turns lets them settle without real time. */
async function drainMicrotasks(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await Promise.resolve();
}

const before = (a: Entry, b: Entry): boolean => a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);

function push(heap: Entry[], entry: Entry): void {
  let index = heap.push(entry) - 1;
  while (index > 0) {
    const parentIndex = (index - 1) >> 1;
    const parent = heap[parentIndex];
    if (parent === undefined || !before(entry, parent)) break;
    heap[index] = parent;
    index = parentIndex;
  }
  heap[index] = entry;
}

function pop(heap: Entry[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    const left = 2 * index + 1;
    const right = left + 1;
    const leftEntry = heap[left];
    if (leftEntry === undefined) break;
    const rightEntry = heap[right];
    const child = rightEntry !== undefined && before(rightEntry, leftEntry) ? right : left;
    const childEntry = heap[child] as Entry;
    if (!before(childEntry, last)) break;
    heap[index] = childEntry;
    index = child;
  }
  heap[index] = last;
}
