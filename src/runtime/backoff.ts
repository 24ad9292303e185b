import type { Random } from './random.ts';

/** How retries spread out. */
export type BackoffOptions = {
  /** Delay before the first retry, in milliseconds. */
  readonly firstMs: number;
  /** No delay is longer than this, in milliseconds. */
  readonly maxMs: number;
};

/**
 * Delays that double from `firstMs` up to `maxMs`, each scaled by a random factor in [0.5, 1): many clients that failed
 * together do not come back together. The caller decides what success is and calls `reset`.
 */
export class Backoff {
  readonly #options: BackoffOptions;
  readonly #random: Random;
  #failures = 0;

  constructor(options: BackoffOptions, random: Random) {
    this.#options = options;
    this.#random = random;
  }

  /** The delay before the next try, in milliseconds; each call counts one failure. */
  nextMs(): number {
    const exponent = Math.min(this.#failures++, 30);
    const ceiling = Math.min(this.#options.maxMs, this.#options.firstMs * 2 ** exponent);
    return ceiling * (0.5 + this.#random() / 2);
  }

  /** Forgets the failures: the next delay is the first one again. */
  reset(): void {
    this.#failures = 0;
  }
}
