import type { Clock, Timer } from '#runtime/clock.ts';
import type { ApiError } from './api-error.ts';

/** Ends a request when its time is up or its caller gives up, and tells which of the two it was. */
export class Deadline {
  readonly #controller = new AbortController();
  readonly #timeoutMs: number;
  readonly #timer: Timer;
  readonly #outer: AbortSignal | undefined;
  readonly #onOuter = (): void => this.#controller.abort();
  #expired = false;

  constructor(clock: Clock, timeoutMs: number, outer: AbortSignal | undefined) {
    this.#timeoutMs = timeoutMs;
    this.#outer = outer;
    this.#timer = clock.after(timeoutMs, () => {
      this.#expired = true;
      this.#controller.abort();
    });
    if (outer?.aborted === true) this.#controller.abort();
    else outer?.addEventListener('abort', this.#onOuter, { once: true });
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** The time no longer counts; the caller's signal still does. */
  disarm(): void {
    this.#timer.cancel();
  }

  /** Nothing counts any more: the request is over. */
  close(): void {
    this.#timer.cancel();
    this.#outer?.removeEventListener('abort', this.#onOuter);
  }

  /** Why the request ended, if it was the deadline or the caller. */
  errorOf(request: string): ApiError | undefined {
    if (this.#expired) return { status: 0, reason: 'Timeout', message: `${request}: no answer within ${this.#timeoutMs} ms` };
    if (this.#controller.signal.aborted) return { status: 0, reason: 'Aborted', message: `${request}: given up` };
    return undefined;
  }
}

/** Waits for `delayMs`, or until the signal ends the wait. */
export function sleep(clock: Clock, delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const end = (): void => {
      timer.cancel();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.after(delayMs, end);
    signal?.addEventListener('abort', end, { once: true });
  });
}
