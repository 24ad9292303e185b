import type { AddressFamily } from '#net/ip-address.ts';
import type { Place } from '#state/decision.ts';
import type { Entry, EntryKey, RouteEntry } from '#state/entry.ts';
import type { ReasonCode } from '#state/reasons.ts';
import type { Removals } from './removals.ts';
import type { SessionTurns } from './session-turns.ts';

/** What a speaker was told, or by its Hello has: the entry itself, or only its hash where another leader sent it. */
export type Ordered<E extends Entry = Entry> = { readonly entry?: E; readonly hash?: string };

/** A route on a node: ordered, announced, or both. */
export type HeldRoute = {
  readonly place: Place;
  /** Key of the Service; absent for an orphan, that no Service seen so far asks for. */
  readonly service?: string;
  /** Absent: its removal was ordered. */
  readonly order?: Ordered<RouteEntry> & {
    /** Peers that the entry names, ascending. */
    readonly peers: readonly string[];
  };
  /** Peers that have the route by the speaker's word, ascending. */
  readonly announced: readonly string[];
  /** Since when any peer has it, monotonic milliseconds; absent while none has. */
  readonly announcedSinceMs?: number;
};

/** How often a place was withdrawn of late. */
export type WithdrawalRecord = { readonly count: number; readonly lastMs: number };

/** A hold that is in force, so that its decision can say since when. */
export type HoldRecord = { readonly rule: string; readonly reason: ReasonCode; readonly sinceMs: number };

/** What the governor knows of the speakers: rebuilt from their Hellos, kept by what was ordered. Read-only; see `LedgerStore`. */
export type Ledger = {
  /** Whether the node's speaker said Hello to this leader. */
  heard(node: string): boolean;
  /** Whether its stream is up now and the speaker stays: a place whose speaker can't be reached or leaves is not counted on. */
  live(node: string): boolean;
  /** What the node's speaker said it can run beyond protocol 1; nothing before its Hello. */
  features(node: string): ReadonlySet<string>;
  route(place: Place): HeldRoute | undefined;
  /** Routes of a Service, on all nodes. */
  routesOf(service: string): Iterable<HeldRoute>;
  /** Routes of a prefix, on all nodes. */
  routesAt(prefix: string): Iterable<HeldRoute>;
  /** The node entry or a peer entry of a node; undefined where the node has none. */
  session(node: string, key: EntryKey): Ordered | undefined;
  /** Names of the peers that the node has entries for. */
  peersOf(node: string): Iterable<string>;
  withdrawals(place: Place): WithdrawalRecord | undefined;
  /** Services that have a route on the node. */
  servicesOn(node: string): Iterable<string>;
  /** The hold in force on one difference, see hold-keys.ts. */
  hold(owner: string, difference: string): HoldRecord | undefined;
  /** Prefixes that some speaker has orders to announce. */
  prefixes(): Iterable<string>;
  /** How many these are. */
  readonly prefixCount: number;
  /** How many routes of a node are ordered to be told to a peer: of one family, or of both. */
  routesTold(node: string, peer: string, family?: AddressFamily): number;
  /** Prefixes that configuration takes away. */
  readonly removals: Removals;
  /** Sessions that are up, and those that are being made anew. */
  readonly turns: Pick<SessionTurns, 'isUp' | 'now'>;
};

/** One change to what a speaker runs: given to deliver as it is, and noted in the Ledger. */
export type Order =
  | { readonly kind: 'set'; readonly node: string; readonly entry: Entry }
  | {
      readonly kind: 'remove';
      readonly node: string;
      readonly key: EntryKey;
      /** A health withdrawal counts towards hold-down; what a person ordered does not. */
      readonly countsAsFlap: boolean;
    };
