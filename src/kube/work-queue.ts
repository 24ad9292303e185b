import type { Clock, Timer } from '#runtime/clock.ts';
import { limits } from './limits.ts';
import { TokenBucket } from './token-bucket.ts';

/** Keys of the fast lane are taken first: withdrawals overtake whatever waits. */
export type Lane = 'fast' | 'normal';

/**
 * Keys that wait for work, with client-go's semantics: a key waits at most once however often it is added; it is never
 * worked on twice at a time; and when it was added while being worked on, it comes again afterwards. It holds each key at
 * most once, so the number of objects bounds it.
 */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #bucket: TokenBucket;
  readonly #waiting: Readonly<Record<Lane, Set<string>>> = { fast: new Set(), normal: new Set() };
  /** Added while being worked on: where each goes when that is done. */
  readonly #again = new Map<string, Lane>();
  readonly #processing = new Set<string>();
  readonly #delayed = new Map<string, { readonly atMs: number; readonly timer: Timer }>();
  readonly #failures = new Map<string, number>();
  readonly #takers: ((key: string | undefined) => void)[] = [];
  #shutDown = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#bucket = new TokenBucket(clock, { perSecond: limits.queueRetriesPerSecond, burst: limits.queueRetryBurst });
  }

  /** Keys that wait and are not worked on. */
  get length(): number {
    return this.#waiting.fast.size + this.#waiting.normal.size;
  }

  /** Adds a key; a key that waits in the normal lane moves up when it is added to the fast one. */
  add(key: string, lane: Lane = 'normal'): void {
    if (this.#shutDown) return;
    if (this.#processing.has(key)) {
      if (this.#again.get(key) !== 'fast') this.#again.set(key, lane);
      return;
    }
    if (this.#waiting.fast.has(key)) return;
    if (lane === 'fast') this.#waiting.normal.delete(key);
    this.#waiting[lane].add(key);
    this.#serve();
  }

  /** Adds a key later; the earliest wish of a key counts. */
  addAfter(key: string, delayMs: number): void {
    if (this.#shutDown) return;
    if (delayMs <= 0) {
      this.add(key);
      return;
    }
    const atMs = this.#clock.nowMs() + delayMs;
    const known = this.#delayed.get(key);
    if (known !== undefined && known.atMs <= atMs) return;
    known?.timer.cancel();
    const timer = this.#clock.after(delayMs, () => {
      this.#delayed.delete(key);
      this.add(key);
    });
    this.#delayed.set(key, { atMs, timer });
  }

  /** Adds a key whose work failed: later each time, and not more of all keys together than the bucket allows. */
  addRateLimited(key: string): void {
    const failures = this.#failures.get(key) ?? 0;
    this.#failures.set(key, failures + 1);
    const ownMs = Math.min(limits.keyRetryMaxMs, limits.keyRetryFirstMs * 2 ** Math.min(failures, 30));
    this.addAfter(key, Math.max(ownMs, this.#bucket.reserveMs()));
  }

  /** Forgets the failures of a key: its work succeeded, or its object is gone. */
  forget(key: string): void {
    this.#failures.delete(key);
  }

  /** The next key to work on, as soon as there is one; undefined after shut-down. Every key is followed by {@link done}. */
  next(): Promise<string | undefined> {
    return new Promise((resolve) => {
      this.#takers.push(resolve);
      this.#serve();
    });
  }

  /** The work on a key is over, whatever came of it. */
  done(key: string): void {
    this.#processing.delete(key);
    const lane = this.#again.get(key);
    if (lane === undefined) return;
    this.#again.delete(key);
    this.add(key, lane);
  }

  /** Takes no more keys and forgets those that wait; work in hand is finished by whoever has it. */
  shutDown(): void {
    this.#shutDown = true;
    for (const { timer } of this.#delayed.values()) timer.cancel();
    this.#delayed.clear();
    this.#waiting.fast.clear();
    this.#waiting.normal.clear();
    this.#again.clear();
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }

  #serve(): void {
    while (this.#takers.length > 0) {
      if (this.#shutDown) {
        this.#takers.shift()?.(undefined);
        continue;
      }
      const key = first(this.#waiting.fast) ?? first(this.#waiting.normal);
      if (key === undefined) return;
      this.#processing.add(key);
      this.#takers.shift()?.(key);
    }
  }
}

/** Takes the oldest of a set. */
function first(keys: Set<string>): string | undefined {
  const oldest = keys.values().next();
  if (oldest.done === true) return undefined;
  keys.delete(oldest.value);
  return oldest.value;
}

/**
 * Works on the keys of a queue, at most `workers` at a time, until it is shut down. Work that throws or rejects is reported
 * and tried again later; one key's failure delays no other.
 */
export async function runWorkers(
  queue: WorkQueue,
  options: {
    readonly workers: number;
    readonly work: (key: string) => Promise<void>;
    readonly onFailure: (key: string, error: unknown) => void;
  },
): Promise<void> {
  const worker = async (): Promise<void> => {
    for (let key = await queue.next(); key !== undefined; key = await queue.next()) {
      try {
        await options.work(key);
        queue.forget(key);
      } catch (error) {
        options.onFailure(key, error);
        queue.addRateLimited(key);
      } finally {
        queue.done(key);
      }
    }
  };
  await Promise.all(Array.from({ length: options.workers }, worker));
}
