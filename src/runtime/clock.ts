/**
 * runtime — what every room may lean on: time, chance, results, bounds, shutdown.
 *
 * Nothing here knows Kubernetes or BGP, and nothing here imports another room. Time comes from a {@link Clock} that is
 * handed in, never from a global, so that the whole system can run on a virtual one.
 */

/** A timer that was set and may be cancelled. Cancelling twice, or after it fired, does nothing. */
export type Timer = { cancel(): void };

/** Time as the rooms above see it. The real one is {@link realClock}; tests use `VirtualClock`. */
export type Clock = {
  /** Monotonic time in milliseconds, with fractions. Its zero means nothing; only differences do. */
  nowMs(): number;
  /** Wall-clock time in milliseconds since 1970, for texts that people and the API server read. Never for decisions. */
  wallMs(): number;
  /** Runs `task` once after at least `delayMs` milliseconds. */
  after(delayMs: number, task: () => void): Timer;
  /** Runs `task` when everything that this turn of the event loop brought has been handled: what arrives together is one batch. */
  soon(task: () => void): void;
};

/**
 * The machine's clock. Its monotonic time is the kernel's, so that the processes of one machine can compare theirs; it does
 * not jump when the wall clock is set.
 */
export const realClock: Clock = {
  nowMs: () => Number(process.hrtime.bigint()) / 1e6,
  wallMs: () => Date.now(),
  after(delayMs, task) {
    const handle = setTimeout(task, delayMs);
    return { cancel: () => clearTimeout(handle) };
  },
  soon: (task) => {
    setImmediate(task);
  },
};
