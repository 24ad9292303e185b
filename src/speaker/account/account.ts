/**
 * account — what routers really have from this node, and since when: what operators, people and metrics are told.
 *
 * Truth is asked from the peers when it is needed; kept here is only what they can't know: since when, and what was withdrawn
 * a short while ago. May not happen here: intentions.
 */
import type { PeerRouteTruth } from '#bgp/peer/truth.ts';
import type { Clock } from '#runtime/clock.ts';
import type { PeerRouteTruth as NamedTruth, RouteTruth } from '#state/truth.ts';
import type { GatedRoute } from '../gate/gate.ts';
import { limits } from '../limits.ts';

/** What an account asks. */
export type AccountOptions = {
  readonly clock: Clock;
  /** The route as the gate sees it; undefined when this node is not told to announce it. */
  readonly gated: (prefix: string) => GatedRoute | undefined;
  /** Names of all peers. */
  readonly peers: () => readonly string[];
  /** When a router last got or lost a listed route, monotonic milliseconds: those are not in these books. */
  readonly listedSinceMs: (prefix: string) => number | undefined;
  /** How a route stands with a peer; undefined when its router neither shall have it nor has it. */
  readonly peerRoute: (peer: string, prefix: string) => PeerRouteTruth | undefined;
};

type Announced = {
  /** Names of the peers that have the route, joined. */
  readonly holders: string;
  /** When that last changed, monotonic milliseconds. */
  readonly sinceMs: number;
};

/** The books of one node. */
export class Account {
  readonly #options: AccountOptions;
  readonly #startedAtMs: number;
  readonly #announced = new Map<string, Announced>();
  /** Since when no router has a prefix that one had, oldest first. */
  readonly #withdrawn = new Map<string, number>();

  constructor(options: AccountOptions) {
    this.#options = options;
    this.#startedAtMs = options.clock.nowMs();
  }

  /** Number of prefixes that some router has. */
  get announcedCount(): number {
    return this.#announced.size;
  }

  /** Whether some router has the prefix. */
  isAnnounced(prefix: string): boolean {
    return this.#announced.has(prefix);
  }

  /** Prefixes that some router has. */
  announced(): Iterable<string> {
    return this.#announced.keys();
  }

  /** Prefixes that a router had a short while ago and none has now. */
  *withdrawn(): Iterable<string> {
    const horizonMs = this.#options.clock.nowMs() - limits.rememberWithdrawnMs;
    for (const [prefix, sinceMs] of this.#withdrawn) if (sinceMs >= horizonMs) yield prefix;
  }

  /** How a route stands now. */
  truth(prefix: string): RouteTruth {
    const sinceMs =
      this.#announced.get(prefix)?.sinceMs ?? this.#withdrawn.get(prefix) ?? this.#options.listedSinceMs(prefix) ?? this.#startedAtMs;
    return { prefix, peers: this.#peers(prefix), ageMs: this.#options.clock.nowMs() - sinceMs };
  }

  /** Looks again at a route of which something changed. True: some router got it or lost it. */
  update(prefix: string): boolean {
    const holders = this.#peers(prefix)
      .filter(({ announced }) => announced)
      .map(({ peer }) => peer)
      .join(' ');
    if (holders === (this.#announced.get(prefix)?.holders ?? '')) return false;
    if (holders === '') this.#noteWithdrawn(prefix);
    else {
      this.#withdrawn.delete(prefix);
      this.#announced.set(prefix, { holders, sinceMs: this.#options.clock.nowMs() });
    }
    return true;
  }

  /** The route is listed from now on: these books end, whoever has it. */
  forget(prefix: string): void {
    this.#announced.delete(prefix);
    this.#withdrawn.delete(prefix);
  }

  #noteWithdrawn(prefix: string): void {
    this.#announced.delete(prefix);
    this.#withdrawn.set(prefix, this.#options.clock.nowMs());
    const [oldest] = this.#withdrawn.keys();
    if (oldest !== undefined && this.#withdrawn.size > limits.rememberedWithdrawals) this.#withdrawn.delete(oldest);
  }

  #peers(prefix: string): NamedTruth[] {
    const gated = this.#options.gated(prefix);
    const named = new Set(gated?.entry.exports.flatMap(({ peers }) => peers));
    const truths: NamedTruth[] = [];
    for (const peer of new Set([...named, ...this.#options.peers()])) {
      const truth = this.#options.peerRoute(peer, prefix);
      const announced = truth?.announced ?? false;
      // Held back by the gate: why it goes, or does not come, is the gate's reason also while a router still has it.
      if (named.has(peer)) truths.push({ peer, announced, reason: gated?.judgement.reason ?? truth?.reason ?? 'SessionDown' });
      else if (announced) truths.push({ peer, announced, reason: 'WaitingForAck' });
    }
    return truths.sort((a, b) => (a.peer < b.peer ? -1 : 1));
  }
}
