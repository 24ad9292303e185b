import type { Message, Role } from '#bgp/wire/messages.ts';
import type { DecodeContext } from '#bgp/wire/negotiated.ts';
import type { AddressFamily } from '#net/ip-address.ts';
import type { Random } from '#runtime/random.ts';
import type { State, TimerName } from './events.ts';

/** What one side of a session wants. */
export type FsmSettings = {
  /** Our AS, as this router shall see it. */
  readonly localAsn: number;
  /** The AS that the router must have; undefined accepts any (a collector does). Equal to `localAsn` means iBGP. */
  readonly peerAsn: number | undefined;
  /** Our BGP Identifier as an unsigned number, not 0 (RFC 6286). */
  readonly routerId: number;
  /** Hold time that we propose, in milliseconds: 0 (no keepalives) or ≥ 3,000 (RFC 4271 §4.2). */
  readonly holdTimeMs: number;
  /** ConnectRetryTime in milliseconds, before jitter. */
  readonly connectRetryMs: number;
  /** DelayOpenTime in milliseconds: how long the router may say its OPEN first (RFC 4271 §8.1.1). Default: not at all. */
  readonly delayOpenMs?: number;
  /** Families that we offer to carry (RFC 4760). */
  readonly families: readonly AddressFamily[];
  /** Offer messages of up to 65,535 octets (RFC 8654). Default false. */
  readonly extendedMessages?: boolean;
  /** Offer IPv4 routes with IPv6 next hops (RFC 8950). Default false. */
  readonly extendedNextHop?: boolean;
  /** Offer to receive several paths for one prefix (RFC 7911). Default false. */
  readonly receivesAddPath?: boolean;
  /** Our role, on eBGP (RFC 9234). Default: none is said. */
  readonly role?: Role;
  /** Refuse a router that says no role. Default false. */
  readonly roleStrict?: boolean;
  /** Offer graceful restart as the restarting speaker (RFC 4724). Default: not. */
  readonly gracefulRestart?: RestartSettings;
  /**
   * What follows a failure: after a wait in Idle we connect, or listen for the router; or nothing does, because the machine has one
   * connection that the router opened.
   */
  readonly afterIdle: 'connect' | 'listen' | 'nothing';
};

/** Graceful restart as we offer it. */
export type RestartSettings = {
  /** How long the router shall wait for us, in seconds, 1–4095. */
  readonly restartSeconds: number;
  /** N bit (RFC 8538): a NOTIFICATION and an expired hold timer are restarts too. */
  readonly notification: boolean;
  /** R bit: we have restarted, and the router need not wait for what we wait for. */
  readonly restarted: boolean;
  /** F bit: packets for our routes were forwarded all the time. Without it the router drops the routes when it hears our OPEN. */
  readonly forwardingPreserved: boolean;
};

/** What both OPENs together decided. */
export type Negotiated = {
  /** The router's AS. */
  readonly peerAsn: number;
  /** The router's BGP Identifier as an unsigned number. */
  readonly peerRouterId: number;
  /** The smaller of both hold times, in milliseconds; 0 means that neither side sends keepalives. */
  readonly holdTimeMs: number;
  /** How messages are encoded and read on this session; the families that both sides offered, in our order. */
  readonly context: DecodeContext;
  /** Both sides offered to say where the answer to a route refresh begins and ends (RFC 7313). */
  readonly enhancedRefresh: boolean;
  /** The router's name (FQDN capability), safe to print. */
  readonly hostName?: string;
  /**
   * Both sides offered graceful restart: the router keeps our routes for a while when the session is lost. `notification`: also when
   * a NOTIFICATION ends it that is no Hard Reset (RFC 8538). Absent: a lost session takes the routes along.
   */
  readonly gracefulRestart?: { readonly notification: boolean };
};

/** A session as the machine remembers it. */
export type Session = {
  readonly state: State;
  /** RFC 4271's ConnectRetryCounter: failures in a row. Zero after a manual stop, and forgotten after a stable time. */
  readonly connectRetryCounter: number;
  /** Those of the failures that came when there was a connection: what DampPeerOscillations is about (RFC 4271 §8.1.1). */
  readonly oscillations: number;
  /** Monotonic milliseconds until which a connection that the router opens is refused, because the last ones came to nothing. */
  readonly refusesUntilMs: number;
  /** The DelayOpen timer runs: in Connect or Active there is a connection, and our OPEN is not said yet. */
  readonly delayingOpen: boolean;
  /** The router refused optional parameters, so that our OPEN has none (RFC 5492 §3). Until a manual start. */
  readonly plainOpen: boolean;
  /** Present from OpenConfirm on. */
  readonly negotiated: Negotiated | undefined;
  /** When Established was reached, monotonic milliseconds; undefined otherwise. */
  readonly establishedAtMs: number | undefined;
  /** What went wrong last, a sentence; empty when nothing did, and while Established. */
  readonly lastError: string;
};

/** A session before its first event. */
export const newSession: Session = {
  state: 'Idle',
  connectRetryCounter: 0,
  oscillations: 0,
  refusesUntilMs: 0,
  delayingOpen: false,
  plainOpen: false,
  negotiated: undefined,
  establishedAtMs: undefined,
  lastError: '',
};

/** What surrounds an event. */
export type Surroundings = {
  readonly settings: FsmSettings;
  /** Monotonic milliseconds. */
  readonly nowMs: number;
  readonly random: Random;
  /** Whether another connection with the same router is open. */
  readonly hasRival: boolean;
};

/** What the machine wants done, in this order. */
export type Action =
  /** Start a connection attempt; its result is event 16 or 18. */
  | { readonly kind: 'connect' }
  /** End the connection or the attempt: what was sent before still goes out. No event follows from it. */
  | { readonly kind: 'disconnect' }
  | { readonly kind: 'send'; readonly message: Message }
  /** Set the timer, which ends an earlier setting of it. `ms` > 0. */
  | { readonly kind: 'startTimer'; readonly timer: TimerName; readonly ms: number }
  /** End all timers that are set. */
  | { readonly kind: 'stopTimers' };

/** The answer to an event. */
export type Transition = { readonly session: Session; readonly actions: readonly Action[] };
