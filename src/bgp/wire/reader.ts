/**
 * Reads big-endian numbers from bytes of a router. A read beyond the end yields zeros, or no bytes, and sets `failed`: a decoder
 * reads a whole structure and looks once, and nothing can throw. Loops end on `remaining`, which a failed read brings to 0.
 */
export class Reader {
  readonly #bytes: Uint8Array;
  #offset = 0;
  #failed = false;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Octets not yet read. */
  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** Whether any read went beyond the end. */
  get failed(): boolean {
    return this.#failed;
  }

  u8(): number {
    const at = this.#advance(1);
    return at < 0 ? 0 : this.#octet(at);
  }

  u16(): number {
    const at = this.#advance(2);
    return at < 0 ? 0 : this.#pair(at);
  }

  u32(): number {
    const at = this.#advance(4);
    return at < 0 ? 0 : this.#pair(at) * 0x10000 + this.#pair(at + 2);
  }

  /** The next octets, sharing memory with the input; none where fewer are left. */
  take(length: number): Uint8Array {
    const at = this.#advance(length);
    return at < 0 ? this.#bytes.subarray(0, 0) : this.#bytes.subarray(at, at + length);
  }

  /** All octets that are left, sharing memory with the input. */
  rest(): Uint8Array {
    return this.take(this.remaining);
  }

  // Not a DataView: making one costs more than what most readers read.
  #octet(at: number): number {
    return this.#bytes[at] as number;
  }

  #pair(at: number): number {
    return (this.#octet(at) << 8) | this.#octet(at + 1);
  }

  /** Where the next `length` octets begin, or -1 where fewer are left. */
  #advance(length: number): number {
    const at = this.#offset;
    if (length > this.remaining) {
      this.#failed = true;
      this.#offset = this.#bytes.length;
      return -1;
    }
    this.#offset = at + length;
    return at;
  }
}
