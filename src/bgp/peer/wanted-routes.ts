import type { PolicySession, RouteAttributes } from '#bgp/policy/export-route.ts';
import type { Acknowledged, Chunk } from '#bgp/rib/adj-rib-out.ts';
import { PrefixColumn } from '#bgp/rib/prefix-column.ts';
import type { PrefixHandle, PrefixHandles, PrefixTable } from '#bgp/rib/prefix-table.ts';
import { formatPrefix, parsePrefix } from '#net/prefix.ts';
import { unwrap } from '#runtime/result.ts';
import type { Outbox } from './outbox.ts';
import { OwedRoutes } from './owed-routes.ts';
import { PrefixBound } from './prefix-bound.ts';
import { type RouteKind, RouteKinds } from './route-kinds.ts';
import { type PolicyOfSession, policyOf, type SharedExports } from './shared-exports.ts';
import type { PeerRouteTruth } from './truth.ts';

/** A route as this router shall hear it. */
export type PeerRoute = {
  /** Canonical text, e.g. `192.0.2.53/32`. */
  readonly prefix: string;
  readonly attributes: RouteAttributes;
};

/** Routes of which something changed: those that were named by their text, and those that are listed. */
export type Concerned = {
  readonly named: readonly string[];
  /** Listed prefixes that the router has now and had not, and those that it had; they keep their handles for this turn. */
  readonly listed: Acknowledged;
};

/** The Established session that hears the routes. */
type Hearing = {
  readonly outbox: Outbox;
  readonly policy: PolicyOfSession;
  /** Where there is one. */
  readonly bound: PrefixBound | undefined;
};

/**
 * What one router shall hear, whether its session is up or not; in the session that is up, each route in the form that policy gives
 * it. Four octets a route: a file may list a million. Many routes are handed to the session in parts, with `tellSome`, those first that
 * are to go.
 */
export class WantedRoutes {
  readonly #prefixes: PrefixTable;
  readonly #exports: SharedExports;
  readonly #kinds = new RouteKinds();
  /**
   * The kind of the route; negative where it is not wanted any more, but the router has it, or may get it, until it acknowledges the
   * withdrawal. A reference to the prefix is held as long as it is not 0.
   */
  readonly #routes: PrefixColumn;
  #hearing: Hearing | undefined;
  /** Routes that the session is still to be told of: those to be taken back, and those to be announced. */
  readonly #leaving = new OwedRoutes();
  readonly #coming = new OwedRoutes();

  /** Both may be shared with other peers. */
  constructor(prefixes: PrefixTable, exports: SharedExports) {
    this.#prefixes = prefixes;
    this.#exports = exports;
    this.#routes = new PrefixColumn(prefixes);
  }

  /** The router shall hear the route, in place of one that it heard. */
  set({ prefix, attributes }: PeerRoute): void {
    const handle = this.#prefixes.acquire(unwrap(parsePrefix(prefix)));
    this.#set(handle, attributes, false);
    this.#prefixes.release(handle);
  }

  /** As `set`, for many prefixes with the same attributes, to which the caller holds references: `tellSome` tells them. */
  setListed(prefixes: PrefixHandles, attributes: RouteAttributes): void {
    for (const prefix of prefixes) this.#note(prefix, attributes, true);
    if (this.#hearing !== undefined) this.#coming.add(prefixes);
  }

  /** The router shall not hear it. */
  remove(prefix: string): void {
    const handle = this.#find(prefix);
    if (handle !== undefined) this.#remove(handle);
  }

  /** As `remove`, for many: `tellSome` tells them. */
  removeListed(prefixes: PrefixHandles): void {
    for (const prefix of prefixes) {
      const id = this.#routes.get(prefix);
      if (id <= 0) continue;
      if (this.#hearing === undefined) this.#forget(prefix);
      else this.#routes.set(prefix, -id);
    }
    if (this.#hearing !== undefined) this.#leaving.add(prefixes);
  }

  /** The router shall hear nothing. */
  removeAll(): void {
    this.removeListed(this.#routes.prefixes());
  }

  /** Hands some routes to the session, those first that are taken back; true while there are more. */
  tellSome(most: { readonly withdrawn: number; readonly announced: number }): boolean {
    const hearing = this.#hearing;
    if (hearing === undefined) return false;
    this.#leaving.take(most.withdrawn, (handle) => this.#takeBack(handle));
    if (this.#leaving.isEmpty) this.#coming.take(most.announced, (handle) => this.#exportWanted(handle, hearing));
    return !this.#leaving.isEmpty || !this.#coming.isEmpty;
  }

  /**
   * All routes anew into the outbox, with `tellSome`: the session came up, or what the routes' form depends on changed. The router is
   * told `maxPrefixes` at most. Says which named routes there are.
   */
  hear(outbox: Outbox, session: PolicySession, maxPrefixes: number | undefined): readonly string[] {
    const before = this.#hearing?.outbox === outbox ? this.#hearing.bound : undefined;
    const bound = maxPrefixes === undefined ? undefined : (before ?? new PrefixBound(maxPrefixes));
    if (maxPrefixes !== undefined) bound?.setMax(maxPrefixes);
    const hearing = { outbox, policy: policyOf(session), bound };
    this.#hearing = hearing;
    this.#kinds.forgetExports();
    const named: string[] = [];
    const handles = this.#routes.prefixes();
    for (const handle of handles) {
      const id = this.#routes.get(handle);
      if (id > 0 && !this.#kinds.get(id).listed) named.push(this.#text(handle));
    }
    this.#coming.clear();
    this.#coming.add(handles);
    return named;
  }

  /** Withdrawals of these were written. */
  written(withdrawn: readonly PrefixHandle[]): { readonly named: readonly string[]; readonly listed: readonly PrefixHandle[] } {
    return { named: this.#named(withdrawn), listed: this.#listed(withdrawn) };
  }

  /** The router's TCP acknowledged a chunk, which changed what it has. */
  acknowledged(chunk: Chunk, { gained, lost }: Acknowledged): Concerned {
    const named = [...this.#named(chunk.withdrawn), ...this.#named(chunk.announced)];
    const listed = { gained: this.#listed(gained), lost: this.#listed(lost) };
    for (const handle of chunk.withdrawn) {
      if (this.#routes.get(handle) < 0 && this.#hearing?.outbox.mayHave(handle) === false) this.#forget(handle);
    }
    return { named, listed };
  }

  /** The session is over, and the router has nothing of us; its outbox can still be asked. Says which routes that concerns. */
  deafen(): Concerned {
    const outbox = this.#hearing?.outbox;
    this.#hearing = undefined;
    this.#leaving.clear();
    this.#coming.clear();
    const named: string[] = [];
    const lost: PrefixHandle[] = [];
    for (const handle of this.#routes.prefixes()) {
      const id = this.#routes.get(handle);
      if (!this.#kinds.get(Math.abs(id)).listed) named.push(this.#text(handle));
      else if (outbox?.isAnnounced(handle)) lost.push(handle);
      if (id < 0) this.#forget(handle);
    }
    return { named, listed: { gained: [], lost } };
  }

  /** How a route stands with the router; undefined when it neither shall have it, nor has it or may still get it. */
  truth(prefix: string): PeerRouteTruth | undefined {
    const handle = this.#find(prefix);
    const id = handle === undefined ? 0 : this.#routes.get(handle);
    if (handle === undefined || id === 0) return undefined;
    const outbox = this.#hearing?.outbox;
    if (outbox === undefined) return { announced: false, reason: 'SessionDown' };
    const announced = outbox.isAnnounced(handle);
    const exported = id < 0 ? undefined : this.#kinds.get(id).exports[this.#prefixes.familyOf(handle)];
    if (exported?.ok === false) return { announced, reason: exported.error };
    if (this.#hearing?.bound?.holds(handle)) return { announced, reason: 'MaxPrefixes' };
    return { announced, reason: exported && announced && outbox.isWritten(handle) ? 'Announced' : 'WaitingForAck' };
  }

  #set(handle: PrefixHandle, attributes: RouteAttributes, listed: boolean): void {
    this.#note(handle, attributes, listed);
    if (this.#hearing !== undefined) this.#exportWanted(handle, this.#hearing);
  }

  /** Remembers that the route is wanted, of this kind. */
  #note(handle: PrefixHandle, attributes: RouteAttributes, listed: boolean): void {
    const before = this.#routes.get(handle);
    const id = this.#kinds.acquire(attributes, listed);
    if (before === 0) this.#prefixes.retain(handle);
    else this.#kinds.release(Math.abs(before));
    this.#routes.set(handle, id);
  }

  #remove(handle: PrefixHandle): void {
    const id = this.#routes.get(handle);
    if (id <= 0) return;
    this.#routes.set(handle, -id);
    this.#takeBack(handle);
  }

  /** Takes a route back from the session, unless it is wanted again by now. */
  #takeBack(handle: PrefixHandle): void {
    if (this.#routes.get(handle) >= 0) return;
    const outbox = this.#hearing?.outbox;
    outbox?.withdraw(handle);
    this.#hearing?.bound?.release(handle);
    if (outbox?.mayHave(handle) !== true) this.#forget(handle);
    this.#fillUp();
  }

  #exportWanted(handle: PrefixHandle, hearing: Hearing): void {
    const id = this.#routes.get(handle);
    if (id > 0) this.#export(handle, this.#kinds.get(id), hearing);
  }

  /** Where there is room for prefixes that were held, they are told. */
  #fillUp(): void {
    const hearing = this.#hearing;
    for (let next = hearing?.bound?.next(); hearing && next !== undefined; next = hearing.bound?.next()) {
      this.#exportWanted(next, hearing);
    }
  }

  #forget(handle: PrefixHandle): void {
    this.#kinds.release(Math.abs(this.#routes.get(handle)));
    this.#routes.set(handle, 0);
    this.#prefixes.release(handle);
  }

  /** Tells the router a route in the form that policy gives it, or takes it back where policy refuses. */
  #export(handle: PrefixHandle, kind: RouteKind, { outbox, policy, bound }: Hearing): void {
    const family = this.#prefixes.familyOf(handle);
    kind.exports[family] ??= this.#exports.exportRoute(family, kind.attributes, policy);
    const exported = kind.exports[family];
    if (!exported.ok) {
      outbox.withdraw(handle);
      bound?.release(handle);
    } else if (bound === undefined || bound.admits(handle, outbox.mayHave(handle))) outbox.announce(handle, exported.value);
  }

  #isListed(handle: PrefixHandle): boolean {
    return this.#kinds.get(Math.abs(this.#routes.get(handle))).listed;
  }

  /** Mostly all of a chunk are listed, or none: then nothing is copied. */
  #listed(handles: readonly PrefixHandle[]): readonly PrefixHandle[] {
    return handles.every((handle) => this.#isListed(handle)) ? handles : handles.filter((handle) => this.#isListed(handle));
  }

  #named(handles: readonly PrefixHandle[]): string[] {
    const named: string[] = [];
    for (const handle of handles) if (!this.#isListed(handle)) named.push(this.#text(handle));
    return named;
  }

  #find(prefix: string): PrefixHandle | undefined {
    return this.#prefixes.find(unwrap(parsePrefix(prefix)));
  }

  #text(handle: PrefixHandle): string {
    return formatPrefix(this.#prefixes.prefixOf(handle));
  }
}
