import type { Clock, Timer } from '#runtime/clock.ts';

/**
 * Wakes keys when only time changes them: a hold-down that ends, a Node that was Ready long enough. One timer per key, the
 * earliest wish wins.
 */
export class WakeTimers {
  readonly #clock: Clock;
  readonly #wake: (key: string) => void;
  readonly #timers = new Map<string, { readonly atMs: number; readonly timer: Timer }>();

  constructor(clock: Clock, wake: (key: string) => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** Wakes `key` at `atMs` of the clock, replacing its wish of before; undefined: no more. */
  set(key: string, atMs: number | undefined): void {
    const known = this.#timers.get(key);
    if (known?.atMs === atMs) return;
    known?.timer.cancel();
    this.#timers.delete(key);
    if (atMs === undefined) return;
    const timer = this.#clock.after(Math.max(0, atMs - this.#clock.nowMs()), () => {
      this.#timers.delete(key);
      this.#wake(key);
    });
    this.#timers.set(key, { atMs, timer });
  }

  /** Cancels everything. */
  clear(): void {
    for (const { timer } of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }
}
