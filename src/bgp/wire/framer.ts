import { ok, type Result } from '#runtime/result.ts';
import type { DecodeError } from './errors.ts';
import { decodeHeader } from './header.ts';
import { limits } from './limits.ts';

/**
 * Cuts what TCP delivers into whole messages. Push what arrived, then call `next` until it says undefined; so it never holds
 * more than one unfinished message. A message inside one pushed chunk is not copied.
 */
export class Framer {
  #pending: Uint8Array = new Uint8Array();

  /** Takes bytes over: they must not change afterwards. */
  push(chunk: Uint8Array): void {
    if (this.#pending.length === 0) {
      this.#pending = chunk;
      return;
    }
    const joined = new Uint8Array(this.#pending.length + chunk.length);
    joined.set(this.#pending);
    joined.set(chunk, this.#pending.length);
    this.#pending = joined;
  }

  /**
   * The next whole message, header included; undefined until there is one. After a header error every further call says the same:
   * where the next message begins can't be known any more.
   */
  next(maxMessageLength: number): Result<Uint8Array, DecodeError> | undefined {
    if (this.#pending.length < limits.headerOctets) return undefined;
    const header = decodeHeader(this.#pending, maxMessageLength);
    if (!header.ok) return header;
    const { length } = header.value;
    if (this.#pending.length < length) return undefined;
    const frame = this.#pending.subarray(0, length);
    this.#pending = this.#pending.subarray(length);
    return ok(frame);
  }
}
