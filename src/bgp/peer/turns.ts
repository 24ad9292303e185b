import type { Clock } from '#runtime/clock.ts';

/** A part of a long task, about a millisecond of work. False: nothing is left to do for now. */
export type Slice = () => boolean;

/**
 * Shares the event loop among the sessions of a process: one slice of one of them in a turn, each in its turn. Between two slices
 * timers and sockets get theirs, so that a keepalive or a withdrawal waits for one slice, however many sessions have a table to send.
 */
export class Turns {
  readonly #clock: Clock;
  /** In the order in which their turns come. */
  readonly #waiting = new Set<Slice>();
  #running = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Runs the slice in a later turn, and again until nothing is left. One that waits already waits where it is. */
  add(slice: Slice): void {
    this.#waiting.add(slice);
    if (this.#running) return;
    this.#running = true;
    this.#clock.soon(() => this.#run());
  }

  /** The slice is not run any more. */
  remove(slice: Slice): void {
    this.#waiting.delete(slice);
  }

  #run(): void {
    const [slice] = this.#waiting;
    if (slice !== undefined) {
      this.#waiting.delete(slice);
      if (slice()) this.#waiting.add(slice);
    }
    this.#running = this.#waiting.size > 0;
    if (this.#running) this.#clock.soon(() => this.#run());
  }
}
