import type { ByteStream } from '#linux/byte-stream.ts';
import type { Clock, Timer } from '#runtime/clock.ts';
import { limits } from './limits.ts';

type Outstanding<T> = { readonly upToByte: number; readonly written: T };

/**
 * Says when the router's TCP has what was written to a stream. Looks only while something is outstanding: when the writer pauses,
 * then at growing intervals; one look costs a system call, and what it finds costs more than to write it. While a large table is
 * being written it therefore looks seldom, and tells what it found over several turns of the event loop.
 */
export class Acknowledgements<T> {
  readonly #clock: Clock;
  readonly #stream: ByteStream;
  readonly #acknowledged: (written: T) => void;
  readonly #outstanding: Outstanding<T>[] = [];
  #timer: Timer | undefined;
  #pauseMs = 0;
  #lookingSoon = false;

  constructor(clock: Clock, stream: ByteStream, acknowledged: (written: T) => void) {
    this.#clock = clock;
    this.#stream = stream;
    this.#acknowledged = acknowledged;
  }

  /** All that `written` stands for has just been handed to the stream. */
  wrote(written: T): void {
    this.#outstanding.push({ upToByte: this.#stream.bytesWritten, written });
    this.#pauseMs = 0;
    this.#timer ??= this.#clock.after(limits.ackPollBusyMs, () => this.#look());
  }

  /** The writer has nothing more to write now, or waits for room: looks in the next turn. */
  pause(): void {
    if (this.#lookingSoon || !this.pending) return;
    this.#lookingSoon = true;
    this.#clock.soon(() => {
      this.#lookingSoon = false;
      this.#look();
    });
  }

  /** Whether something is outstanding. */
  get pending(): boolean {
    return this.#outstanding.length > 0;
  }

  /** Stops looking; what is outstanding stays unknown. */
  stop(): void {
    this.#timer?.cancel();
    this.#outstanding.length = 0;
  }

  #look(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const acknowledgedBytes = this.#stream.bytesWritten - this.#stream.unacknowledgedBytes();
    const pending = this.#outstanding.findIndex(({ upToByte }) => upToByte > acknowledgedBytes);
    const found = pending === -1 ? this.#outstanding.length : pending;
    const done = this.#outstanding.splice(0, Math.min(found, limits.acksPerTurn));
    if (done.length < found) this.pause();
    else if (this.#outstanding.length > 0) {
      this.#pauseMs =
        done.length > 0 ? limits.ackPollFirstMs : Math.min(limits.ackPollMaxMs, Math.max(limits.ackPollFirstMs, 2 * this.#pauseMs));
      this.#timer = this.#clock.after(this.#pauseMs, () => this.#look());
    }
    for (const { written } of done) this.#acknowledged(written);
  }
}
