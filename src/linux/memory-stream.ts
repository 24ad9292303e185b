import { assert } from '#runtime/assert.ts';
import type { Clock, Timer } from '#runtime/clock.ts';
import { ok, type Result } from '#runtime/result.ts';
import type { ByteStream, ByteStreamHandlers, SocketAddress } from './byte-stream.ts';
import { limits } from './limits.ts';

/** What a way through the network is like; holds in both directions. */
export type PathConditions = {
  /** From one end to the other, in milliseconds. Default 0. */
  delayMs: number;
  /** Largest piece that arrives at once, in bytes. Default: no limit. */
  chunkBytes: number;
  /** The accepting end does not read: its window closes after `receiveWindowBytes`. */
  stalledReader: boolean;
  /** Nothing arrives, nobody is told. */
  blackHole: boolean;
  /** New connections are refused. */
  refusesConnections: boolean;
};

/** Bytes that the receiving end takes (and acknowledges) before its owner reads them. */
const receiveWindowBytes = 64 * 1_024;

/** One end of a connection in memory. */
export class MemoryStream implements ByteStream {
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  readonly caveats: readonly string[] = [];
  readonly acknowledgedBy = 'peer';
  readonly #clock: Clock;
  readonly #conditions: PathConditions;
  readonly #accepting: boolean;
  readonly #left: (stream: MemoryStream) => void;
  #other: MemoryStream | undefined;
  #handlers: ByteStreamHandlers | undefined;
  /** Written here, not yet arrived at the other end. */
  #sending: Uint8Array[] = [];
  #sendingBytes = 0;
  /** Arrived here, not yet read by the owner. */
  #received: Uint8Array[] = [];
  #receivedBytes = 0;
  #bytesWritten = 0;
  #timer: Timer | undefined;
  #full = false;
  #ended = false;
  #endSent = false;
  #endArrived = false;
  #closedBecause: string | undefined;

  private constructor(
    clock: Clock,
    conditions: PathConditions,
    ends: { local: SocketAddress; remote: SocketAddress; accepting: boolean },
    left: (stream: MemoryStream) => void,
  ) {
    this.#clock = clock;
    this.#conditions = conditions;
    this.#accepting = ends.accepting;
    this.local = ends.local;
    this.remote = ends.remote;
    this.#left = left;
  }

  /** The connecting and the accepting end. `left` is called once for each that closed. */
  static pair(
    clock: Clock,
    conditions: PathConditions,
    near: SocketAddress,
    far: SocketAddress,
    left: (stream: MemoryStream) => void,
  ): readonly [MemoryStream, MemoryStream] {
    const a = new MemoryStream(clock, conditions, { local: near, remote: far, accepting: false }, left);
    const b = new MemoryStream(clock, conditions, { local: far, remote: near, accepting: true }, left);
    a.#other = b;
    b.#other = a;
    return [a, b];
  }

  attach(handlers: ByteStreamHandlers): void {
    assert(this.#handlers === undefined, 'the handlers of a stream are set once');
    this.#handlers = handlers;
    const reason = this.#closedBecause;
    if (reason !== undefined) this.#clock.soon(() => handlers.closed(reason));
    else this.#clock.soon(() => this.#read());
  }

  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  write(bytes: Uint8Array): boolean {
    if (this.#ended || this.#closedBecause !== undefined) return false;
    // Copied, as the kernel does: the caller may use its buffer again.
    this.#sending.push(bytes.slice());
    this.#sendingBytes += bytes.length;
    this.#bytesWritten += bytes.length;
    this.#schedule();
    this.#full = this.#sendingBytes >= limits.writeBufferBytes;
    return !this.#full;
  }

  unacknowledgedBytes(): number {
    return this.#sendingBytes;
  }

  /** There is no kernel here that could refuse anything. */
  protect(): Result<void, string> {
    return ok(undefined);
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#schedule();
  }

  destroy(): void {
    if (this.#closedBecause !== undefined) return;
    const other = this.#other;
    const lost = this.#sendingBytes > 0;
    this.#close('closed by this end');
    if (this.#conditions.blackHole || other === undefined) return;
    this.#clock.after(this.#conditions.delayMs, () => {
      if (lost) other.fail('connection reset by the remote end (ECONNRESET)');
      else other.#arriveEnd();
    });
  }

  /** Ends this end as an error of the network does. */
  fail(reason: string): void {
    this.#close(reason);
  }

  /** The conditions changed: goes on with what they held up. */
  resume(): void {
    this.#read();
    this.#schedule();
  }

  #schedule(): void {
    if (this.#timer !== undefined || this.#closedBecause !== undefined) return;
    if (this.#sending.length === 0 && (!this.#ended || this.#endSent)) return;
    this.#timer = this.#clock.after(this.#conditions.delayMs, () => {
      this.#timer = undefined;
      this.#transfer();
    });
  }

  /** Moves what the other end has room for; what it took is acknowledged. */
  #transfer(): void {
    const other = this.#other;
    if (other === undefined || this.#conditions.blackHole) return;
    if (other.#closedBecause !== undefined && this.#sending.length > 0) {
      this.#close('connection reset by the remote end (ECONNRESET)');
      return;
    }
    while (this.#sending.length > 0 && other.#receivedBytes < receiveWindowBytes) {
      const chunk = this.#sending.shift() ?? new Uint8Array();
      this.#sendingBytes -= chunk.length;
      other.#arrive(chunk);
      if (this.#closedBecause !== undefined) return;
    }
    if (this.#sending.length === 0 && this.#ended) {
      this.#endSent = true;
      other.#arriveEnd();
    }
    if (this.#full && this.#sendingBytes === 0) {
      this.#full = false;
      this.#handlers?.drained();
    }
  }

  #arrive(chunk: Uint8Array): void {
    if (this.#closedBecause !== undefined) return;
    this.#received.push(chunk);
    this.#receivedBytes += chunk.length;
    this.#read();
  }

  #arriveEnd(): void {
    this.#endArrived = true;
    this.#read();
  }

  /** Hands what arrived to the owner, unless it stands still. */
  #read(): void {
    if (this.#handlers === undefined || (this.#accepting && this.#conditions.stalledReader)) return;
    for (let chunk = this.#received.shift(); chunk !== undefined; chunk = this.#received.shift()) {
      this.#receivedBytes -= chunk.length;
      for (let from = 0; from < chunk.length && this.#closedBecause === undefined; from += this.#conditions.chunkBytes) {
        this.#handlers.data(chunk.slice(from, from + this.#conditions.chunkBytes));
      }
    }
    if (this.#other !== undefined) this.#other.#schedule();
    if (this.#endArrived && this.#closedBecause === undefined) this.#closeInTurn();
  }

  /** The other end said its last word: sends the rest, and the end of this side. */
  #closeInTurn(): void {
    const other = this.#other;
    const rest = this.#sending;
    this.#close('closed by the remote end');
    if (other === undefined || this.#conditions.blackHole) return;
    this.#clock.after(this.#conditions.delayMs, () => {
      for (const chunk of rest) other.#arrive(chunk);
      other.#arriveEnd();
    });
  }

  #close(reason: string): void {
    if (this.#closedBecause !== undefined) return;
    this.#closedBecause = reason;
    this.#timer?.cancel();
    this.#received = [];
    this.#left(this);
    this.#clock.soon(() => this.#handlers?.closed(reason));
  }
}
