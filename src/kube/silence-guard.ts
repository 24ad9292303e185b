import type { Clock, Timer } from '#runtime/clock.ts';
import { limits } from './limits.ts';

/** Tells when a watch has been silent for too long, with one timer whatever the number of events. */
export class SilenceGuard {
  readonly #clock: Clock;
  readonly #onSilence: () => void;
  #lastMs: number;
  #timer: Timer;
  /** Whether the watch said anything at all. */
  heardAnything = false;
  /** Whether it was silent for too long; it has been told. */
  broken = false;

  constructor(clock: Clock, onSilence: () => void) {
    this.#clock = clock;
    this.#onSilence = onSilence;
    this.#lastMs = clock.nowMs();
    this.#timer = this.#arm(limits.watchSilenceMs);
  }

  /** The watch said something. */
  heard(): void {
    this.heardAnything = true;
    this.#lastMs = this.#clock.nowMs();
  }

  /** The watch is over. */
  stop(): void {
    this.#timer.cancel();
  }

  #arm(delayMs: number): Timer {
    return this.#clock.after(delayMs, () => {
      const leftMs = this.#lastMs + limits.watchSilenceMs - this.#clock.nowMs();
      if (leftMs > 0) {
        this.#timer = this.#arm(leftMs);
        return;
      }
      this.broken = true;
      this.#onSilence();
    });
  }
}
