import type { Message } from '#bgp/wire/messages.ts';
import type { DecodeContext } from '#bgp/wire/negotiated.ts';
import type { AddressFamily } from '#net/ip-address.ts';
import type { Random } from '#runtime/random.ts';
import type { State, TimerName } from './events.ts';

/** What one side of a session wants. */
export type FsmSettings = {
  /** Our AS. */
  readonly localAsn: number;
  /** The AS that the router must have; undefined accepts any (a collector does). Equal to `localAsn` means iBGP. */
  readonly peerAsn: number | undefined;
  /** Our BGP Identifier as an unsigned number, not 0 (RFC 6286). */
  readonly routerId: number;
  /** Hold time that we propose, in milliseconds: 0 (no keepalives) or ≥ 3,000 (RFC 4271 §4.2). */
  readonly holdTimeMs: number;
  /** ConnectRetryTime in milliseconds, before jitter. */
  readonly connectRetryMs: number;
  /** Families that we offer to carry (RFC 4760). */
  readonly families: readonly AddressFamily[];
  /** True where the router connects to us: a session that ends stays in Idle. */
  readonly passive: boolean;
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
};

/** A session as the machine remembers it. */
export type Session = {
  readonly state: State;
  /** RFC 4271's ConnectRetryCounter: failures in a row. Zero after a manual stop, and forgotten after a stable time. */
  readonly connectRetryCounter: number;
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
