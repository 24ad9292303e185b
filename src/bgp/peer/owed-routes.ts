import type { PrefixHandle, PrefixHandles } from '#bgp/rib/prefix-table.ts';

/** Lists of routes that a session is still to be told, oldest first, taken in small parts: the lists themselves are not copied. */
export class OwedRoutes {
  readonly #lists: { readonly prefixes: PrefixHandles; taken: number }[] = [];

  /** Whether nothing is owed. */
  get isEmpty(): boolean {
    return this.#lists.length === 0;
  }

  /** Owes these too. The list must stay as it is; what becomes of its routes meanwhile is for whoever takes them to see. */
  add(prefixes: PrefixHandles): void {
    if (prefixes.length > 0) this.#lists.push({ prefixes, taken: 0 });
  }

  /** Hands over as many as `most`. */
  take(most: number, handle: (prefix: PrefixHandle) => void): void {
    let count = 0;
    for (let list = this.#lists[0]; list !== undefined && count < most; list = this.#lists[0]) {
      const end = Math.min(list.prefixes.length, list.taken + most - count);
      count += end - list.taken;
      while (list.taken < end) handle(list.prefixes[list.taken++] as PrefixHandle);
      if (end === list.prefixes.length) this.#lists.shift();
    }
  }

  /** Nothing is owed any more. */
  clear(): void {
    this.#lists.length = 0;
  }
}
