const firstCapacity = 256;

/** Writes big-endian numbers into a buffer that grows. */
export class Writer {
  #bytes = new Uint8Array(firstCapacity);
  #view = new DataView(this.#bytes.buffer);
  #length = 0;

  /** Octets written. */
  get length(): number {
    return this.#length;
  }

  u8(value: number): this {
    this.#view.setUint8(this.#grow(1), value);
    return this;
  }

  u16(value: number): this {
    this.#view.setUint16(this.#grow(2), value);
    return this;
  }

  u32(value: number): this {
    this.#view.setUint32(this.#grow(4), value);
    return this;
  }

  bytes(value: Uint8Array): this {
    const at = this.#grow(value.length);
    this.#bytes.set(value, at);
    return this;
  }

  /** What was written, sharing memory with the writer: the writer ends here. */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Makes room and says where it begins. */
  #grow(octets: number): number {
    const at = this.#length;
    this.#length += octets;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, 2 * this.#bytes.length));
      larger.set(this.#bytes);
      this.#bytes = larger;
      this.#view = new DataView(larger.buffer);
    }
    return at;
  }
}
