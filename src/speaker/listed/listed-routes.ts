/**
 * listed — the routes of a file of routes.
 *
 * A file may list a million prefixes: each is a handle in typed arrays here and in the peers, and an object nowhere. All have the same
 * attributes, go to every peer that carries their family, and wait for nothing; what a person says here holds for them as for named
 * routes. May not happen here: sessions, and thoughts about routes that have entries of their own.
 */
import { PrefixColumn } from '#bgp/rib/prefix-column.ts';
import type { PrefixHandle, PrefixHandles, PrefixTable } from '#bgp/rib/prefix-table.ts';
import type { AddressFamily } from '#net/ip-address.ts';
import { formatPrefix, parsePrefix } from '#net/prefix.ts';
import { unwrap } from '#runtime/result.ts';
import type { RouteEntry } from '#state/entry.ts';
import { noAttributes } from '../config/entries.ts';
import type { Gate, GatedRoute } from '../gate/gate.ts';

/** What routers shall hear no more, and what they shall hear from now on. */
export type ListedChange = { readonly removed: PrefixHandles; readonly added: PrefixHandles };

/** A listed prefix that somebody named. */
export type NamedRoute = { readonly prefix: PrefixHandle; readonly text: string };

/** As {@link ListedChange}, of routes that somebody named. */
export type NamedChange = { readonly removed: readonly NamedRoute[]; readonly added: readonly NamedRoute[] };

/** How a listed prefix stands here; 0 is one that is not listed. */
const stands = { announced: 1, heldBack: 2 } as const;

/** Resolution of {@link ListedRoutes.sinceMs}: so that a number of 32 bits lasts for years. */
const sinceUnitMs = 100;

/** The listed routes of a node, and what a person holds back of them. */
export class ListedRoutes {
  readonly #prefixes: PrefixTable;
  readonly #gate: Pick<Gate, 'isolated' | 'withdrawn'>;
  #stands: PrefixColumn;
  readonly #since: PrefixColumn;
  #size = 0;

  /** The gate knows what a person said. */
  constructor(prefixes: PrefixTable, gate: Pick<Gate, 'isolated' | 'withdrawn'>) {
    this.#prefixes = prefixes;
    this.#gate = gate;
    this.#stands = new PrefixColumn(prefixes);
    this.#since = new PrefixColumn(prefixes);
  }

  /** Number of listed prefixes. */
  get size(): number {
    return this.#size;
  }

  /** Another list in place of the one that was there. The references of the caller become ours; `tell` gets handles that are held. */
  replace(list: PrefixHandles, tell: (change: ListedChange) => void): void {
    const before = this.#stands;
    const after = new PrefixColumn(this.#prefixes);
    const heldBack = this.#heldBack();
    for (const prefix of list) after.set(prefix, heldBack(prefix) ? stands.heldBack : stands.announced);
    const comes = (prefix: PrefixHandle): boolean => after.get(prefix) === stands.announced && before.get(prefix) !== stands.announced;
    const removed: PrefixHandle[] = [];
    for (const prefix of before.prefixes()) {
      if (before.get(prefix) === stands.announced && after.get(prefix) !== stands.announced) removed.push(prefix);
    }
    this.#stands = after;
    this.#size = list.length;
    tell({ removed, added: new Uint32Array(list).filter(comes) });
    for (const prefix of before.prefixes()) this.#prefixes.release(prefix);
  }

  /** A person said something about all of them: what that changes. */
  judgeAll(): ListedChange {
    const removed: PrefixHandle[] = [];
    const added: PrefixHandle[] = [];
    const heldBack = this.#heldBack();
    for (const prefix of this.#stands.prefixes()) {
      const isHeldBack = heldBack(prefix);
      if (this.#judge(prefix, isHeldBack)) (isHeldBack ? removed : added).push(prefix);
    }
    return { removed, added };
  }

  /** A person said something about these: what that changes. What else is held back, up to 100,000 prefixes, is not gone through. */
  judge(texts: readonly string[]): NamedChange {
    const removed: NamedRoute[] = [];
    const added: NamedRoute[] = [];
    for (const text of texts) {
      const prefix = this.#find(text);
      if (prefix === undefined) continue;
      const isHeldBack = this.#gate.isolated || this.#gate.withdrawn.has(text);
      if (this.#judge(prefix, isHeldBack)) (isHeldBack ? removed : added).push({ prefix, text });
    }
    return { removed, added };
  }

  /** The prefixes that routers shall hear. */
  announced(): PrefixHandles {
    return this.#stands.prefixes().filter((prefix) => this.#stands.get(prefix) === stands.announced);
  }

  /** All listed prefixes as texts. */
  *texts(): Generator<string> {
    for (const prefix of this.#stands.prefixes()) yield this.textOf(prefix);
  }

  has(text: string): boolean {
    return this.#find(text) !== undefined;
  }

  textOf(prefix: PrefixHandle): string {
    return formatPrefix(this.#prefixes.prefixOf(prefix));
  }

  /** A listed prefix as the gate would show it, with the peers of its family; undefined where it is not listed. */
  gated(text: string, peersOf: (family: AddressFamily) => readonly string[]): GatedRoute | undefined {
    const prefix = this.#find(text);
    if (prefix === undefined) return undefined;
    const peers = peersOf(this.#prefixes.familyOf(prefix));
    const gate = { mode: 'Delay', announceDelayMs: 0 } as const;
    const exports = [{ peers, attributes: noAttributes }];
    const entry: RouteEntry = { kind: 'route', prefix: text, service: '', reason: 'Serving', gate, exports };
    const way = { passes: true, wanted: this.#stands.get(prefix) === stands.announced };
    const reason = this.#gate.isolated ? 'Isolated' : 'WithdrawnLocally';
    return { entry, passage: { passed: true }, judgement: way.wanted ? way : { ...way, reason } };
  }

  /** What routers have of these prefixes changed. */
  changed(prefixes: readonly PrefixHandle[], nowMs: number): void {
    for (const prefix of prefixes) this.#since.set(prefix, 1 + Math.floor(nowMs / sinceUnitMs));
  }

  /** When a router last got or lost a listed prefix, to a tenth of a second; undefined where it is not listed or none ever did. */
  sinceMs(text: string): number | undefined {
    const prefix = this.#find(text);
    const since = prefix === undefined ? 0 : this.#since.get(prefix);
    return since === 0 ? undefined : (since - 1) * sinceUnitMs;
  }

  /** Whether it stands differently from now on. */
  #judge(prefix: PrefixHandle, isHeldBack: boolean): boolean {
    const after = isHeldBack ? stands.heldBack : stands.announced;
    if (after === this.#stands.get(prefix)) return false;
    this.#stands.set(prefix, after);
    return true;
  }

  /** Whether a person holds a prefix back. */
  #heldBack(): (prefix: PrefixHandle) => boolean {
    if (this.#gate.isolated) return () => true;
    const withdrawn = new Set([...this.#gate.withdrawn].map((text) => this.#prefixes.find(unwrap(parsePrefix(text)))));
    return (prefix) => withdrawn.has(prefix);
  }

  #find(text: string): PrefixHandle | undefined {
    const prefix = this.#prefixes.find(unwrap(parsePrefix(text)));
    return prefix !== undefined && this.#stands.get(prefix) !== 0 ? prefix : undefined;
  }
}
