import { type ExportRefusal, exportRoute, type PolicySession, type RouteAttributes } from '#bgp/policy/export-route.ts';
import type { PrefixHandle, PrefixTable } from '#bgp/rib/prefix-table.ts';
import type { AddressFamily } from '#net/ip-address.ts';
import { parsePrefix } from '#net/prefix.ts';
import { unwrap } from '#runtime/result.ts';
import type { Outbox } from './outbox.ts';
import type { PeerRouteTruth } from './truth.ts';

/** A route as this router shall hear it. */
export type PeerRoute = {
  /** Canonical text, e.g. `192.0.2.53/32`. */
  readonly prefix: string;
  readonly attributes: RouteAttributes;
};

type Wanted = {
  /** Holds a reference. */
  readonly handle: PrefixHandle;
  readonly attributes: RouteAttributes;
  /** Why the router does not hear it, in the session that is up. */
  refusal: ExportRefusal | undefined;
};

/** The Established session that hears the routes. */
type Hearing = {
  readonly outbox: Outbox;
  readonly session: PolicySession;
  /** What policy said, by family: most routes share their attributes with many others. */
  readonly said: Readonly<Record<AddressFamily, WeakMap<RouteAttributes, ReturnType<typeof exportRoute>>>>;
};

/** What one router shall hear, whether its session is up or not; in the session that is up, each route in the form that policy gives it. */
export class WantedRoutes {
  readonly #prefixes: PrefixTable;
  readonly #wanted = new Map<string, Wanted>();
  /** Not wanted any more, but the router has them, or may get them, until it acknowledges their withdrawal. */
  readonly #leaving = new Set<string>();
  #hearing: Hearing | undefined;

  constructor(prefixes: PrefixTable) {
    this.#prefixes = prefixes;
  }

  /** The router shall hear the route, in place of one that it heard. */
  set({ prefix, attributes }: PeerRoute): void {
    const handle = this.#wanted.get(prefix)?.handle ?? this.#prefixes.acquire(unwrap(parsePrefix(prefix)));
    const wanted: Wanted = { handle, attributes, refusal: undefined };
    this.#wanted.set(prefix, wanted);
    this.#leaving.delete(prefix);
    if (this.#hearing !== undefined) this.#export(wanted, this.#hearing);
  }

  /** The router shall not hear it. */
  remove(prefix: string): void {
    const wanted = this.#wanted.get(prefix);
    if (wanted === undefined) return;
    this.#wanted.delete(prefix);
    const outbox = this.#hearing?.outbox;
    if (outbox?.mayHave(wanted.handle)) this.#leaving.add(prefix);
    outbox?.withdraw(wanted.handle);
    this.#prefixes.release(wanted.handle);
  }

  /** The router shall hear nothing. */
  removeAll(): void {
    for (const prefix of [...this.#wanted.keys()]) this.remove(prefix);
  }

  /** All routes anew into the outbox: the session came up, or what the routes' form depends on changed. Says which routes there are. */
  hear(outbox: Outbox, session: PolicySession): readonly string[] {
    const hearing: Hearing = { outbox, session, said: { IPv4: new WeakMap(), IPv6: new WeakMap() } };
    this.#hearing = hearing;
    for (const wanted of this.#wanted.values()) this.#export(wanted, hearing);
    return [...this.#wanted.keys()];
  }

  /** The router's TCP acknowledged something about these prefixes. */
  acknowledged(prefixes: readonly string[]): void {
    for (const prefix of prefixes) if (this.#leaving.has(prefix) && !this.#asks(prefix, 'mayHave')) this.#leaving.delete(prefix);
  }

  /** The session is over, and the router has nothing of us. Says which routes that concerns. */
  deafen(): readonly string[] {
    const concerned = [...this.#wanted.keys(), ...this.#leaving];
    this.#hearing = undefined;
    this.#leaving.clear();
    return concerned;
  }

  /** How a route stands with the router; undefined when it neither shall have it, nor has it or may still get it. */
  truth(prefix: string): PeerRouteTruth | undefined {
    const wanted = this.#wanted.get(prefix);
    if (wanted === undefined) {
      return this.#leaving.has(prefix) ? { announced: this.#asks(prefix, 'isAnnounced'), reason: 'WaitingForAck' } : undefined;
    }
    const outbox = this.#hearing?.outbox;
    if (outbox === undefined) return { announced: false, reason: 'SessionDown' };
    const announced = outbox.isAnnounced(wanted.handle);
    if (wanted.refusal !== undefined) return { announced, reason: wanted.refusal };
    return { announced, reason: announced && outbox.isWritten(wanted.handle) ? 'Announced' : 'WaitingForAck' };
  }

  /** Asks the outbox about a prefix that is not wanted any more. */
  #asks(prefix: string, question: 'mayHave' | 'isAnnounced'): boolean {
    const handle = this.#prefixes.find(unwrap(parsePrefix(prefix)));
    return handle !== undefined && this.#hearing?.outbox[question](handle) === true;
  }

  /** Tells the router a route in the form that policy gives it, or takes it back where policy refuses. */
  #export(wanted: Wanted, { outbox, session, said }: Hearing): void {
    const family = this.#prefixes.familyOf(wanted.handle);
    const exported = said[family].get(wanted.attributes) ?? exportRoute(family, wanted.attributes, session);
    said[family].set(wanted.attributes, exported);
    wanted.refusal = exported.ok ? undefined : exported.error;
    if (exported.ok) outbox.announce(wanted.handle, exported.value);
    else outbox.withdraw(wanted.handle);
  }
}
