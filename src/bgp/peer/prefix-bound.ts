import type { PrefixHandle } from '#bgp/rib/prefix-table.ts';

/**
 * The most prefixes that one router is told. What would exceed it is held until there is room; what the router has is never taken
 * back for it, also where the bound was lowered below that.
 */
export class PrefixBound {
  readonly #told = new Set<PrefixHandle>();
  readonly #held = new Set<PrefixHandle>();
  #max: number;

  constructor(max: number) {
    this.#max = max;
  }

  /** Changes the bound. */
  setMax(max: number): void {
    this.#max = max;
  }

  /** Whether the router may be told the prefix; always where it `has` it. If not, the prefix is held. */
  admits(prefix: PrefixHandle, has: boolean): boolean {
    const admitted = has || this.#told.has(prefix) || this.#told.size < this.#max;
    (admitted ? this.#told : this.#held).add(prefix);
    if (admitted) this.#held.delete(prefix);
    return admitted;
  }

  /** Whether the prefix waits for room. */
  holds(prefix: PrefixHandle): boolean {
    return this.#held.has(prefix);
  }

  /** The router is not to be told the prefix any more. */
  release(prefix: PrefixHandle): void {
    this.#told.delete(prefix);
    this.#held.delete(prefix);
  }

  /** The prefix that waits longest, where there is room for it now. */
  next(): PrefixHandle | undefined {
    if (this.#told.size >= this.#max) return undefined;
    const [first] = this.#held;
    return first;
  }
}
