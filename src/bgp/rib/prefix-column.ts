import { at, enlarged } from './columns.ts';
import { limits } from './limits.ts';
import type { PrefixHandle, PrefixTable } from './prefix-table.ts';

/**
 * A number for each prefix of a {@link PrefixTable}, in four octets; 0 until one is set. Families have arrays of their own, so
 * that a table of IPv4 alone has no holes.
 */
export class PrefixColumn {
  readonly #table: PrefixTable;
  #even = new Int32Array(limits.firstPrefixes);
  #odd = new Int32Array(limits.firstPrefixes);

  constructor(table: PrefixTable) {
    this.#table = table;
  }

  get(prefix: PrefixHandle): number {
    return ((prefix & 1) === 0 ? this.#even : this.#odd)[prefix >> 1] ?? 0;
  }

  set(prefix: PrefixHandle, value: number): void {
    const slot = prefix >> 1;
    if ((prefix & 1) === 0) {
      if (slot >= this.#even.length) this.#even = this.#enlarged(prefix, this.#even);
      this.#even[slot] = value;
    } else {
      if (slot >= this.#odd.length) this.#odd = this.#enlarged(prefix, this.#odd);
      this.#odd[slot] = value;
    }
  }

  /** Prefixes whose number is not 0, those of IPv4 first, in the order of their handles: a copy, so that numbers may be set on the way. */
  prefixes(): Uint32Array<ArrayBuffer> {
    const found = new Uint32Array(this.#even.length + this.#odd.length);
    let count = 0;
    for (let slot = 0; slot < this.#even.length; slot += 1) if (at(this.#even, slot) !== 0) found[count++] = 2 * slot;
    for (let slot = 0; slot < this.#odd.length; slot += 1) if (at(this.#odd, slot) !== 0) found[count++] = 2 * slot + 1;
    return found.subarray(0, count);
  }

  /** At once as large as the table: doubling step by step would leave as much garbage, and what is not written takes no memory. */
  #enlarged(prefix: PrefixHandle, column: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
    return enlarged(column, new Int32Array(this.#table.roomLike(prefix)));
  }
}
