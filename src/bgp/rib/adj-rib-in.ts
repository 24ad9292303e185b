import type { Reachable, UpdateMessage } from '#bgp/wire/messages.ts';
import type { AddressFamily } from '#net/ip-address.ts';
import type { Prefix } from '#net/prefix.ts';
import { type PrefixHandle, PrefixTable } from './prefix-table.ts';

/** What an UPDATE did to the table. */
export type AppliedUpdate = {
  /** Prefixes that were there and are gone, in the order of the message. */
  readonly withdrawn: readonly Prefix[];
  /** Prefixes that are new or have new attributes, in the order of the message. */
  readonly announced: readonly Prefix[];
  /** Prefixes for which there was no room. */
  readonly refused: number;
};

/**
 * What one router announces to us: a route for each prefix, as the owner wants to keep it. Bounded: what is new beyond
 * `maxPrefixes` is refused and counted, what is known still changes. A session that ends takes its table along.
 */
export class AdjRibIn<Route> {
  readonly #maxPrefixes: number;
  readonly #prefixes = new PrefixTable();
  readonly #routes = new Map<PrefixHandle, Route>();

  constructor(maxPrefixes: number) {
    this.#maxPrefixes = maxPrefixes;
  }

  get size(): number {
    return this.#routes.size;
  }

  /**
   * Takes an UPDATE over. `keep` makes the route of a group, which its prefixes share. What is in both parts of a message is
   * announced (RFC 4271 §4.3). Of a family that is over from this message on all routes are gone (RFC 4760 §7).
   */
  apply(update: UpdateMessage, keep: (group: Reachable) => Route): AppliedUpdate {
    const unreachable = update.unreachable.flatMap(({ prefixes }) => prefixes);
    const withdrawn = [...unreachable, ...this.#prefixesOf(update.disabled)].filter((prefix) => this.#remove(prefix));
    const announced: Prefix[] = [];
    let refused = 0;
    for (const group of update.reachable) {
      const route = keep(group);
      const accepted = group.prefixes.filter((prefix) => this.#set(prefix, route));
      announced.push(...accepted);
      refused += group.prefixes.length - accepted.length;
    }
    return { withdrawn, announced, refused };
  }

  /** The route of a prefix. */
  get(prefix: Prefix): Route | undefined {
    const handle = this.#prefixes.find(prefix);
    return handle === undefined ? undefined : this.#routes.get(handle);
  }

  /** All routes, oldest prefix first. */
  *entries(): Generator<[Prefix, Route]> {
    for (const [handle, route] of this.#routes) yield [this.#prefixes.prefixOf(handle), route];
  }

  #prefixesOf(families: readonly AddressFamily[] = []): Prefix[] {
    if (families.length === 0) return [];
    return Array.from(this.entries(), ([prefix]) => prefix).filter(({ family }) => families.includes(family));
  }

  #set(prefix: Prefix, route: Route): boolean {
    const known = this.#prefixes.find(prefix);
    if (known === undefined && this.#routes.size >= this.#maxPrefixes) return false;
    this.#routes.set(known ?? this.#prefixes.acquire(prefix), route);
    return true;
  }

  #remove(prefix: Prefix): boolean {
    const handle = this.#prefixes.find(prefix);
    if (handle === undefined) return false;
    this.#routes.delete(handle);
    this.#prefixes.release(handle);
    return true;
  }
}
