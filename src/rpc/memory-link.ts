import type { Clock } from '#runtime/clock.ts';
import type { OperatorMessage, SpeakerMessage } from '#state/messages.ts';
import { OperatorEnd, type Transport } from './link-end.ts';
import { Reception, Roster } from './reception.ts';
import type { OperatorHandler, SpeakerHandler } from './speaker-link.ts';

/** How a stream in memory behaves. */
export type MemoryLinkOptions = {
  /** The node that the speaker is authenticated for. */
  readonly node: string;
  /** Told of the speaker's end at once; it says Hello on it. */
  readonly onOperator: OperatorHandler;
  /** Time that a message takes, in milliseconds, asked for each one; order is kept. Default 0: the next turn. */
  readonly delayMs?: () => number;
};

/** A stream in memory, for faults. */
export type MemoryLink = {
  /** Breaks the stream: what is on its way is lost, both ends close. */
  cut(reason: string): void;
  /** Nothing arrives in either direction until `resume`; the ends stay open. */
  stall(): void;
  resume(): void;
};

/** An operator in memory that speakers connect to: what `SpeakerServer` is on the network. */
export class MemoryOperator {
  readonly #name: string;
  readonly #clock: Clock;
  readonly #onSpeaker: SpeakerHandler;
  readonly #roster = new Roster();

  constructor(options: { name: string; clock: Clock; onSpeaker: SpeakerHandler }) {
    this.#name = options.name;
    this.#clock = options.clock;
    this.#onSpeaker = options.onSpeaker;
  }

  /** Opens a stream for a speaker, as an authenticated dial does. */
  connect(options: MemoryLinkOptions): MemoryLink {
    const delayMs = options.delayMs ?? (() => 0);
    const down = new Pipe<OperatorMessage>(this.#clock, delayMs);
    const up = new Pipe<SpeakerMessage>(this.#clock, delayMs);
    const reception = new Reception(transport(down), {
      node: options.node,
      roster: this.#roster,
      clock: this.#clock,
      onSpeaker: this.#onSpeaker,
      onRefused: () => undefined,
    });
    const speaker = new OperatorEnd(transport(up), this.#name);
    up.to = { message: (message) => reception.heard(message), end: (reason) => reception.ended(reason) };
    down.to = { message: (message) => speaker.received(message), end: (reason) => speaker.ended(reason) };
    options.onOperator(speaker);
    return {
      cut(reason) {
        up.stall();
        down.stall();
        reception.ended(reason);
        speaker.ended(reason);
      },
      stall() {
        up.stall();
        down.stall();
      },
      resume() {
        up.resume();
        down.resume();
      },
    };
  }

  /** Ends all streams. */
  close(reason: string): void {
    for (const link of this.#roster.links()) link.close(reason);
  }
}

const transport = <T>(pipe: Pipe<T>): Transport<T> => ({
  write: (message) => pipe.push({ message }),
  unsent: () => pipe.waiting,
  end: (reason) => pipe.push({ end: reason }),
});

type Parcel<T> = { readonly message: T } | { readonly end: string };

/** One direction: parcels arrive in order, each after its delay. */
class Pipe<T> {
  to: { message(message: T): void; end(reason: string): void } | undefined;
  readonly #clock: Clock;
  readonly #delayMs: () => number;
  readonly #parcels: Parcel<T>[] = [];
  #stalled = false;
  #lastDueMs = 0;

  constructor(clock: Clock, delayMs: () => number) {
    this.#clock = clock;
    this.#delayMs = delayMs;
  }

  get waiting(): number {
    return this.#parcels.length;
  }

  push(parcel: Parcel<T>): void {
    this.#parcels.push(parcel);
    this.#schedule();
  }

  stall(): void {
    this.#stalled = true;
  }

  resume(): void {
    this.#stalled = false;
    for (let missed = this.#parcels.length; missed > 0; missed--) this.#schedule();
  }

  /** Each timer delivers the oldest parcel, so that a shorter delay never overtakes. One timer too many finds nothing. */
  #schedule(): void {
    if (this.#stalled) return;
    const nowMs = this.#clock.nowMs();
    this.#lastDueMs = Math.max(this.#lastDueMs, nowMs + this.#delayMs());
    this.#clock.after(this.#lastDueMs - nowMs, () => this.#deliver());
  }

  #deliver(): void {
    if (this.#stalled) return;
    const parcel = this.#parcels.shift();
    if (parcel === undefined) return;
    if ('message' in parcel) this.to?.message(parcel.message);
    else this.to?.end(parcel.end);
  }
}
