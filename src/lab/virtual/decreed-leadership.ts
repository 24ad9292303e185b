import type { Leadership } from '#operator/operator.ts';

/** A leader by decree: leads in its term from the start, and in the next one when it is told of a higher. */
export class DecreedLeadership implements Leadership {
  epoch: number | undefined;
  readonly #terms: { highest: number };
  #onAcquired: (() => void) | undefined;
  #onLost: (() => void) | undefined;

  constructor(terms: { highest: number }) {
    this.#terms = terms;
  }

  start(handlers: { readonly onAcquired: () => void; readonly onLost: () => void }): void {
    this.#onAcquired = handlers.onAcquired;
    this.#onLost = handlers.onLost;
    this.acquire();
  }

  stop(): Promise<void> {
    this.lose();
    return Promise.resolve();
  }

  raiseAbove(epoch: number): void {
    this.#terms.highest = Math.max(this.#terms.highest, epoch);
    this.acquire();
  }

  acquire(): void {
    this.epoch = ++this.#terms.highest;
    this.#onAcquired?.();
  }

  lose(): void {
    if (this.epoch === undefined) return;
    this.epoch = undefined;
    this.#onLost?.();
  }
}
