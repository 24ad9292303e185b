/**
 * neighbors — who the routers of unnumbered peers are.
 *
 * A peer with an interface and no address is the one router behind that interface: its link-local address is what it advertises
 * itself with. Everybody else sees such a peer with the address that was found, or not at all. May not happen here: anything about
 * sessions or routes.
 */
import type { OpenLinkSocket } from '#linux/link-socket.ts';
import { RouterDiscovery } from '#linux/router-discovery.ts';
import type { Logger } from '#obs/logger.ts';
import type { Clock } from '#runtime/clock.ts';
import type { Random } from '#runtime/random.ts';
import type { PeerEntry } from '#state/entry.ts';
import { type Choice, hear } from './choice.ts';

/** How routers on links are found. */
export type Discovery = { readonly open: OpenLinkSocket; readonly random: Random };

/** What is needed to know the neighbours. */
export type NeighborsOptions = Discovery & {
  readonly clock: Clock;
  readonly logger: Logger;
  /** Whether the session with this peer is Established. */
  readonly hasSession: (peer: string) => boolean;
  /** The router of an unnumbered peer is known, or is another: the entry, with its address. */
  readonly onFound: (entry: PeerEntry) => void;
  /** Why the router of this peer is not known changed, see {@link Neighbors.why}. */
  readonly onWhy: (peer: string) => void;
};

/** What is behind one interface. */
type Behind = {
  readonly discovery: RouterDiscovery;
  /** The peers that are said to be there. The first is; others wait for it to be removed. */
  readonly entries: Map<string, PeerEntry>;
  choice: Choice | undefined;
};

/** The routers behind the interfaces of unnumbered peers. */
export class Neighbors {
  readonly #options: NeighborsOptions;
  readonly #behind = new Map<string, Behind>();
  #stopped = false;

  constructor(options: NeighborsOptions) {
    this.#options = options;
  }

  /** A peer is new or different. The entry as others shall see it: without an address while its router is not known. */
  setPeer(entry: PeerEntry): PeerEntry {
    const device = isUnnumbered(entry) ? entry.interface : undefined;
    this.#leave(entry.name, device);
    if (device === undefined || this.#stopped) return entry;
    const known = this.#behind.get(device);
    const behind = known ?? this.#newBehind(device);
    behind.entries.set(entry.name, entry);
    if (known === undefined) behind.discovery.start();
    return resolved(behind, entry);
  }

  removePeer(name: string): void {
    this.#leave(name, undefined);
  }

  /** Why the router of an unnumbered peer is not known, a sentence. */
  why({ name, interface: device = '' }: PeerEntry): string {
    const behind = this.#behind.get(device);
    const [first] = behind?.entries.keys() ?? [];
    if (first !== undefined && first !== name)
      return `${device} is the interface of the unnumbered peer ${first}: one router is behind one interface`;
    const problem = behind?.discovery.problem ?? '';
    return problem === ''
      ? `no router has been heard on ${device}: it has to send router advertisements`
      : `routers on ${device} can not be heard: ${problem}`;
  }

  /** Looks for nobody any more. */
  stop(): void {
    this.#stopped = true;
    for (const { discovery } of this.#behind.values()) discovery.stop();
    this.#behind.clear();
  }

  #newBehind(device: string): Behind {
    const { clock, random, open } = this.#options;
    const discovery = new RouterDiscovery({
      clock,
      random,
      open,
      device,
      onRouter: (router) => this.#heard(device, router),
      onProblem: () => this.#problem(device),
    });
    const behind: Behind = { discovery, entries: new Map(), choice: undefined };
    this.#behind.set(device, behind);
    return behind;
  }

  /** The peer is not behind any interface but this one. */
  #leave(name: string, staysAt: string | undefined): void {
    for (const [device, behind] of this.#behind) {
      const [first] = behind.entries.keys();
      if (device === staysAt || !behind.entries.delete(name)) continue;
      const [next] = behind.entries.values();
      if (next === undefined) {
        behind.discovery.stop();
        this.#behind.delete(device);
      } else if (first === name) this.#announce(behind, next);
    }
  }

  #announce(behind: Behind, entry: PeerEntry): void {
    if (behind.choice === undefined) this.#options.onWhy(entry.name);
    else this.#options.onFound(resolved(behind, entry));
  }

  #heard(device: string, router: string): void {
    const behind = this.#behind.get(device);
    const [entry] = behind?.entries.values() ?? [];
    if (behind === undefined || entry === undefined) return;
    const { clock, logger, hasSession, onFound } = this.#options;
    const before = behind.choice;
    const choice = hear(before, router, clock.nowMs(), hasSession(entry.name));
    behind.choice = choice;
    if (choice.router !== before?.router) {
      logger.info({ event: 'neighbor', peer: entry.name, interface: device, address: choice.router });
      onFound(resolved(behind, entry));
    } else if (choice.rivals.length > before.rivals.length) {
      const others = choice.rivals.join(', ');
      const what = `${choice.router} is not the only router on ${device}: it stays the peer; name the address of the one that is meant`;
      logger.warn({ event: 'neighbor-rivals', peer: entry.name, interface: device, others }, what);
    }
  }

  #problem(device: string): void {
    const behind = this.#behind.get(device);
    for (const entry of behind?.entries.values() ?? []) {
      const problem = behind?.discovery.problem ?? '';
      if (problem !== '') this.#options.logger.warn({ event: 'neighbor-unknown', peer: entry.name, interface: device }, this.why(entry));
      this.#options.onWhy(entry.name);
    }
  }
}

/** Whether a peer has no address of its own. */
export const isUnnumbered = ({ address }: PeerEntry): boolean => address === '';

/** The entry with the address of its router: known, and of no other peer. */
function resolved({ choice, entries }: Behind, entry: PeerEntry): PeerEntry {
  const [first] = entries.keys();
  return choice === undefined || first !== entry.name ? entry : { ...entry, address: choice.router };
}
