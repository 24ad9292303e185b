import type { ByteStream } from '#linux/byte-stream.ts';
import type { Clock, Timer } from '#runtime/clock.ts';
import { limits } from './limits.ts';

/** Up to this byte all was written at this time or before, and after the mark before it. */
type Mark = { readonly upToByte: number; readonly atMs: number };

/**
 * The send hold timer (RFC 9687): a router whose TCP takes nothing for too long is given up, even if its own keepalives still come.
 * It runs on the oldest byte that is not acknowledged, for the kernel swallows megabytes before Node sees that nothing leaves.
 * It looks only while something is unacknowledged, a few times in a hold time; one look costs a system call.
 */
export class SendHold {
  readonly #clock: Clock;
  readonly #stream: ByteStream;
  readonly #holdMs: () => number;
  readonly #expired: () => void;
  /** Oldest first; never more than looks in a hold time. */
  readonly #marks: Mark[] = [];
  #timer: Timer | undefined;

  /** `holdMs` is asked at each look: it grows when the hold time has been agreed on. */
  constructor(clock: Clock, stream: ByteStream, holdMs: () => number, expired: () => void) {
    this.#clock = clock;
    this.#stream = stream;
    this.#holdMs = holdMs;
    this.#expired = expired;
  }

  /** Something was just written. */
  wrote(): void {
    if (this.#timer === undefined) this.#watch();
  }

  /** Nothing more is looked at. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #watch(): void {
    const { bytesWritten } = this.#stream;
    const nowMs = this.#clock.nowMs();
    if (bytesWritten > (this.#marks.at(-1)?.upToByte ?? 0)) this.#marks.push({ upToByte: bytesWritten, atMs: nowMs });
    const [oldest] = this.#marks;
    if (oldest === undefined) return; // a stream that is over takes nothing
    const holdMs = this.#holdMs();
    const waitMs = Math.min(holdMs / limits.sendHoldLooks, oldest.atMs + holdMs - nowMs);
    this.#timer = this.#clock.after(waitMs, () => this.#look());
  }

  #look(): void {
    this.#timer = undefined;
    const unacknowledged = this.#stream.unacknowledgedBytes();
    const acknowledged = this.#stream.bytesWritten - unacknowledged;
    while ((this.#marks[0]?.upToByte ?? Number.POSITIVE_INFINITY) <= acknowledged) this.#marks.shift();
    if (unacknowledged === 0) return;
    const [oldest] = this.#marks;
    if (oldest !== undefined && this.#clock.nowMs() - oldest.atMs >= this.#holdMs()) this.#expired();
    else this.#watch();
  }
}
