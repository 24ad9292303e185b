/**
 * collector — a receive-only BGP listener that says what the network really sees.
 *
 * It accepts any router or speaker that connects (the one exception to "configured peers only"), announces nothing, keeps what
 * it hears within bounds, and shows it over HTTP. Whatever a peer sends, a message is an answer and never a crash. Tests, the
 * benchmarks and the demo use the same class.
 */
import type { State } from '#bgp/fsm/events.ts';
import type { AddressFamily } from '#net/ip-address.ts';

/** When something was received. */
export type Stamp = {
  /** Microseconds of CLOCK_MONOTONIC, which all processes of one machine share: what latencies are computed from. */
  readonly monotonicUs: number;
  /** Microseconds since 1970. */
  readonly unixUs: number;
};

/** What a route carries. */
export type RouteAttributesView = {
  /** Canonical text; of IPv6 the global address where the peer sent two. */
  readonly nextHop: string;
  /** AS numbers, nearest first; empty from iBGP. */
  readonly asPath: readonly number[];
  readonly origin: 'IGP' | 'EGP' | 'INCOMPLETE';
  /** MULTI_EXIT_DISC, or null when not sent. */
  readonly med: number | null;
  /** LOCAL_PREF, or null when not sent. */
  readonly localPref: number | null;
  /** As `64500:100`, ascending. */
  readonly communities: readonly string[];
  /** As `64500:1:2`, ascending. */
  readonly largeCommunities: readonly string[];
};

/** `GET /routes` is an array of these, session by session. The stamp is the announcement's. */
export type RouteView = Stamp &
  RouteAttributesView & {
    /** Name of the session, see {@link SessionView}. */
    readonly peer: string;
    /** Canonical text, e.g. `192.0.2.53/32`. */
    readonly prefix: string;
  };

/** Messages by type. */
export type MessageCounts = {
  readonly open: number;
  readonly update: number;
  readonly notification: number;
  readonly keepalive: number;
  readonly routeRefresh: number;
};

/** `GET /sessions` is an array of these: those that are up, and those that ended most recently. */
export type SessionView = {
  /** `<BGP Identifier>/AS<number>` once the OPEN was heard, before that the peer's address and port. */
  readonly peer: string;
  /** The peer's address and port. */
  readonly address: string;
  /** The address and port that it connected to. */
  readonly localAddress: string;
  /** 0 until the OPEN was heard. */
  readonly asn: number;
  /** Empty until the OPEN was heard. */
  readonly routerId: string;
  /** RFC 4271 §8.2.2; `Idle` when the session has ended. */
  readonly state: State;
  /** Milliseconds in this state. */
  readonly ageMs: number;
  /** Families negotiated. */
  readonly families: readonly AddressFamily[];
  /** Negotiated hold time in milliseconds. */
  readonly holdTimeMs: number;
  /** Families for which End-of-RIB was received. */
  readonly endOfRib: readonly AddressFamily[];
  /** Prefixes that this peer announces now. */
  readonly prefixes: number;
  /** Prefixes refused because the collector's table was full. */
  readonly refusedPrefixes: number;
  readonly messagesReceived: MessageCounts;
  readonly messagesSent: MessageCounts;
  /** UPDATEs with a malformed attribute, which were treated as withdrawals or lost the attribute (RFC 7606). */
  readonly malformedUpdates: number;
  /** In words with its numbers, e.g. `Cease, Administrative Shutdown (6/2): "maintenance"`; empty when none was. Safe to print. */
  readonly lastNotificationSent: string;
  /** As {@link SessionView.lastNotificationSent}. */
  readonly lastNotificationReceived: string;
  /** The last thing that went wrong, a sentence; empty when nothing did. */
  readonly lastError: string;
};

/**
 * `GET /events` sends one of these for each change, as it is received. A session that ends (state `Idle`) takes its routes along,
 * without a `withdraw` for each.
 */
export type CollectorEvent = Stamp & { readonly peer: string } & (
    | ({ readonly kind: 'announce'; readonly prefix: string } & RouteAttributesView)
    | { readonly kind: 'withdraw'; readonly prefix: string }
    | { readonly kind: 'endOfRib'; readonly family: AddressFamily }
    | { readonly kind: 'session'; readonly state: State; readonly error: string }
  );
