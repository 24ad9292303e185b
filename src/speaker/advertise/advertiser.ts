import type { Restart } from '#bgp/peer/from-settings.ts';
import type { ListedNews, PeerRoute, PeerStop } from '#bgp/peer/peer.ts';
import type { PeerSettings } from '#bgp/peer/settings.ts';
import type { PeerRouteTruth, PeerSessionTruth } from '#bgp/peer/truth.ts';
import { familyOfHandle, type PrefixHandle, type PrefixHandles } from '#bgp/rib/prefix-table.ts';
import type { ByteStream } from '#linux/byte-stream.ts';
import type { AddressFamily } from '#net/ip-address.ts';
import type { PeerEntry, RouteExport } from '#state/entry.ts';
import { noAttributes } from '../config/entries.ts';
import type { ListedChange } from '../listed/listed-routes.ts';
import { isUnnumbered } from '../neighbors/neighbors.ts';
import type { MakePeer, PeerPort } from './peer-port.ts';

/** What an advertiser needs. */
export type AdvertiserOptions = {
  readonly makePeer: MakePeer;
  /** Local address of sessions whose peer names none: at most one per family, by the family of the router's address. */
  readonly sourceAddresses: readonly string[];
  /** Listed prefixes that routers shall hear. */
  readonly listed: () => PrefixHandles;
  /** What became of listed routes at a router. */
  readonly onListed: (news: ListedNews) => void;
  /** How these routes stand changed, with any router. */
  readonly onRoutes: (prefixes: readonly string[]) => void;
  /** The withdrawals of these routes were handed to the kernel, for one router. */
  readonly onWithdrawalsWritten: (prefixes: readonly string[]) => void;
  /** How the session with this peer stands changed. */
  readonly onSession: (peer: string) => void;
  /** A peer is gone: no route stands with it any more. */
  readonly onGone: (peer: string) => void;
  /** Why a peer has no address, a sentence. */
  readonly whyNoAddress: (entry: PeerEntry) => string;
};

type Running = {
  readonly entry: PeerEntry;
  readonly peer: PeerPort;
  /** What changed for this peer since the last flush: a route, or undefined to withdraw. */
  readonly pending: Map<string, PeerRoute | undefined>;
};

type Ending = { readonly peer: PeerPort; readonly gone: Promise<void> };

/** The sessions of a node and what each of their routers shall hear. Changes are collected and go out with {@link flush}. */
export class Advertiser {
  readonly #options: AdvertiserOptions;
  readonly #entries = new Map<string, PeerEntry>();
  readonly #running = new Map<string, Running>();
  /** Peers that are being ended: their routers may still have routes. A new peer of that name waits for the end. */
  readonly #ending = new Map<string, Ending>();
  /** Exports of the wanted routes by prefix. */
  readonly #wanted = new Map<string, readonly RouteExport[]>();
  #restart: Restart = { restarted: false, forwardingPreserved: false };
  #hasInitialRoutes = false;
  #routerId: string | undefined;
  #stopped = false;

  constructor(options: AdvertiserOptions) {
    this.#options = options;
  }

  /** Names of all peers, those that are ending included. */
  get peers(): readonly string[] {
    return [...new Set([...this.#entries.keys(), ...this.#ending.keys()])];
  }

  /** The BGP Identifier of all sessions; without one there are none. */
  setRouterId(routerId: string | undefined): void {
    this.#routerId = routerId;
    if (routerId === undefined) for (const name of [...this.#running.keys()]) this.#end(name);
    else for (const entry of this.#entries.values()) this.#run(entry);
  }

  /** A router connected to us. */
  accept(name: string, stream: ByteStream): void {
    const running = this.#running.get(name);
    if (running === undefined) stream.destroy();
    else running.peer.accept(stream);
  }

  /** Makes a peer or changes it while it runs. One whose address is not known has no session. */
  setPeer(entry: PeerEntry): void {
    this.#entries.set(entry.name, entry);
    if (isUnnumbered(entry)) this.#end(entry.name);
    else this.#run(entry);
  }

  /** Ends a peer: its router loses our routes, then the session. */
  removePeer(name: string): void {
    this.#entries.delete(name);
    this.#end(name);
  }

  /** Sets who shall hear a route and with what; without exports nobody shall. */
  setRoute(prefix: string, exports: readonly RouteExport[]): void {
    const before = this.#wanted.get(prefix) ?? [];
    if (exports.length === 0) this.#wanted.delete(prefix);
    else this.#wanted.set(prefix, exports);
    for (const { peers } of before) for (const name of peers) this.#running.get(name)?.pending.set(prefix, undefined);
    for (const { peers, attributes } of exports) {
      for (const name of peers) this.#running.get(name)?.pending.set(prefix, { prefix, attributes });
    }
  }

  /** Before the first peer: this process follows another on this node. */
  follows(restart: Restart): void {
    this.#restart = restart;
  }

  /** Everything that this process found worth announcing at its start is told, see `Peer.finishInitialRoutes`. */
  finishInitialRoutes(): void {
    this.#hasInitialRoutes = true;
    for (const { peer } of this.#running.values()) peer.finishInitialRoutes();
  }

  /** Hands the collected changes to the peers. */
  flush(): void {
    for (const { peer, pending } of this.#running.values()) {
      if (pending.size === 0) continue;
      const removals: string[] = [];
      const upserts: PeerRoute[] = [];
      for (const [prefix, route] of pending) {
        if (route === undefined) removals.push(prefix);
        else upserts.push(route);
      }
      pending.clear();
      peer.change(removals, upserts);
    }
  }

  /** Tells every router what changed among listed routes of the families that it carries. */
  changeListed({ removed, added }: ListedChange): void {
    for (const { entry, peer } of this.#running.values()) {
      const [gone, come] = [carried(entry, removed), carried(entry, added)];
      if (gone.length + come.length > 0) peer.changeListed(gone, come, noAttributes);
    }
  }

  /** Names of the peers that carry a family. */
  peersOf(family: AddressFamily): readonly string[] {
    return [...this.#entries.values()].filter(({ families }) => families.includes(family)).map(({ name }) => name);
  }

  /** Whether some router has the prefix. */
  isAnnounced(prefix: PrefixHandle): boolean {
    for (const { peer } of this.#running.values()) if (peer.isAnnounced(prefix)) return true;
    for (const { peer } of this.#ending.values()) if (peer.isAnnounced(prefix)) return true;
    return false;
  }

  /** How a route stands with a peer; undefined when its router neither shall have it nor has it. */
  route(name: string, prefix: string): PeerRouteTruth | undefined {
    return this.#running.get(name)?.peer.route(prefix) ?? this.#ending.get(name)?.peer.route(prefix);
  }

  /** How the session with a peer stands; Idle where there is no such peer. */
  session(name: string): PeerSessionTruth {
    const { peer } = this.#running.get(name) ?? this.#ending.get(name) ?? {};
    if (peer !== undefined) return peer.session();
    const lastError = this.#whyNoSession(this.#entries.get(name));
    return { peer: name, state: 'Idle', ageMs: 0, families: [], localAddress: '', announcedPrefixes: 0, malformedUpdates: 0, lastError };
  }

  /** Ends all sessions; resolves when they are gone, in bounded time. */
  async stop(stop: PeerStop): Promise<void> {
    this.#stopped = true;
    const ending = Array.from(this.#ending.values(), ({ gone }) => gone);
    await Promise.all([...ending, ...Array.from(this.#running.values(), ({ peer }) => peer.stop(stop))]);
  }

  #whyNoSession(entry: PeerEntry | undefined): string {
    if (entry === undefined) return 'this peer was removed from the configuration';
    return isUnnumbered(entry) ? this.#options.whyNoAddress(entry) : 'this node has no router id yet';
  }

  #run(entry: PeerEntry): void {
    const { name } = entry;
    if (this.#stopped || this.#routerId === undefined || this.#ending.has(name) || isUnnumbered(entry)) return;
    const settings = this.#settings(entry, this.#routerId);
    const running = this.#running.get(name);
    if (running !== undefined) {
      this.#running.set(name, { ...running, entry });
      this.#listFor(running.peer, entry, running.entry);
      running.peer.reconfigure(settings);
      return;
    }
    const { onRoutes, onListed, onWithdrawalsWritten, onSession, makePeer } = this.#options;
    const session = (): void => onSession(name);
    const peer = makePeer(
      settings,
      { routes: onRoutes, listed: onListed, withdrawalsWritten: onWithdrawalsWritten, session },
      this.#restart,
    );
    if (this.#hasInitialRoutes) peer.finishInitialRoutes();
    this.#running.set(name, { entry, peer, pending: this.#routesFor(name) });
    this.#listFor(peer, entry);
    peer.start();
    onSession(name);
  }

  #end(name: string): void {
    const running = this.#running.get(name);
    if (running === undefined || this.#stopped) return;
    this.#running.delete(name);
    const gone = running.peer.stop({ how: 'withdraw', text: 'this peer was removed from the configuration' });
    this.#ending.set(name, { peer: running.peer, gone });
    void gone.then(() => this.#ended(name));
  }

  #ended(name: string): void {
    this.#ending.delete(name);
    this.#options.onGone(name);
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    this.#run(entry);
    this.flush();
  }

  /** A new peer hears all routes that name it. */
  #routesFor(name: string): Map<string, PeerRoute> {
    const routes = new Map<string, PeerRoute>();
    for (const [prefix, exports] of this.#wanted) {
      const found = exports.find(({ peers }) => peers.includes(name));
      if (found !== undefined) routes.set(prefix, { prefix, attributes: found.attributes });
    }
    return routes;
  }

  /** Listed routes follow the families of a peer. */
  #listFor(peer: PeerPort, entry: PeerEntry, before?: PeerEntry): void {
    if (before?.families.join() === entry.families.join()) return;
    const listed = this.#options.listed();
    const after = carried(entry, listed);
    const carries = (prefix: PrefixHandle): boolean => entry.families.includes(familyOfHandle(prefix));
    const gone = before === undefined ? [] : new Uint32Array(carried(before, listed)).filter((prefix) => !carries(prefix));
    if (gone.length + after.length > 0) peer.changeListed(gone, after, noAttributes);
  }

  #settings(entry: PeerEntry, routerId: string): PeerSettings {
    const { kind: _kind, ...peer } = entry;
    const { sourceAddresses } = this.#options;
    // A link-local router is reached from our link-local address, which depends on the interface.
    const ofNode = entry.interface === undefined ? sourceAddresses.find((address) => sameFamily(address, entry.address)) : undefined;
    const sourceAddress = entry.sourceAddress ?? ofNode;
    return { ...peer, routerId, ...(sourceAddress !== undefined && { sourceAddress }) };
  }
}

const sameFamily = (a: string, b: string): boolean => a.includes(':') === b.includes(':');

/** Those prefixes whose family the peer carries. */
const carried = ({ families }: PeerEntry, prefixes: PrefixHandles): PrefixHandles =>
  families.length === 2 ? prefixes : new Uint32Array(prefixes).filter((prefix) => familyOfHandle(prefix) === families[0]);
