import { at, enlarged } from './columns.ts';
import { limits } from './limits.ts';
import type { PrefixHandle } from './prefix-table.ts';

/**
 * A number for each prefix of a {@link PrefixTable}, in four octets; 0 until one is set. Families have arrays of their own, so
 * that a table of IPv4 alone has no holes.
 */
export class PrefixColumn {
  #even = new Int32Array(limits.firstPrefixes);
  #odd = new Int32Array(limits.firstPrefixes);

  get(prefix: PrefixHandle): number {
    return ((prefix & 1) === 0 ? this.#even : this.#odd)[prefix >> 1] ?? 0;
  }

  set(prefix: PrefixHandle, value: number): void {
    const slot = prefix >> 1;
    if ((prefix & 1) === 0) {
      if (slot >= this.#even.length) this.#even = roomFor(slot, this.#even);
      this.#even[slot] = value;
    } else {
      if (slot >= this.#odd.length) this.#odd = roomFor(slot, this.#odd);
      this.#odd[slot] = value;
    }
  }

  /** Prefixes whose number is not 0, those of IPv4 first, in the order of their handles. Numbers may be set on the way. */
  *prefixes(): Generator<PrefixHandle> {
    for (let slot = 0; slot < this.#even.length; slot += 1) if (at(this.#even, slot) !== 0) yield 2 * slot;
    for (let slot = 0; slot < this.#odd.length; slot += 1) if (at(this.#odd, slot) !== 0) yield 2 * slot + 1;
  }
}

const roomFor = (slot: number, column: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> =>
  enlarged(column, new Int32Array(2 ** Math.ceil(Math.log2(slot + 1))));
