import { ok, type Result } from '#runtime/result.ts';
import type { DecodeError } from './errors.ts';
import { decodeHeader } from './header.ts';
import { limits } from './limits.ts';

/**
 * Cuts what TCP delivers into whole messages. Push what arrived, then call `next` until it says undefined; so it never holds
 * more than one unfinished message. A message inside one pushed chunk is not copied, and one that comes octet by octet costs no
 * more than its length.
 */
export class Framer {
  /** What arrived and was not given out: `#length` octets from `#start` on. */
  #buffer: Uint8Array = new Uint8Array();
  #start = 0;
  #length = 0;
  /** Whether the buffer is ours to write behind what it holds; chunks that were pushed are not. */
  #isOwn = false;

  /** Takes bytes over: they must not change afterwards. */
  push(chunk: Uint8Array): void {
    if (this.#length === 0) {
      this.#hold(chunk, chunk.length, false);
      return;
    }
    const length = this.#length + chunk.length;
    if (!this.#isOwn || this.#start + length > this.#buffer.length) {
      // Twice what is needed, so that what comes in small pieces is not copied at each.
      const larger = new Uint8Array(2 * length);
      larger.set(this.#pending);
      this.#hold(larger, this.#length, true);
    }
    // Messages that were given out lie before this, and stay as they are.
    this.#buffer.set(chunk, this.#start + this.#length);
    this.#length = length;
  }

  /**
   * The next whole message, header included; undefined until there is one. After a header error every further call says the same:
   * where the next message begins can't be known any more.
   */
  next(maxMessageLength: number): Result<Uint8Array, DecodeError> | undefined {
    if (this.#length < limits.headerOctets) return undefined;
    const header = decodeHeader(this.#pending, maxMessageLength);
    if (!header.ok) return header;
    const { length } = header.value;
    if (this.#length < length) return undefined;
    const frame = this.#buffer.subarray(this.#start, this.#start + length);
    this.#start += length;
    this.#length -= length;
    return ok(frame);
  }

  get #pending(): Uint8Array {
    return this.#buffer.subarray(this.#start, this.#start + this.#length);
  }

  #hold(buffer: Uint8Array, length: number, isOwn: boolean): void {
    this.#buffer = buffer;
    this.#start = 0;
    this.#length = length;
    this.#isOwn = isOwn;
  }
}
