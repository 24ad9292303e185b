import type { State } from '#bgp/fsm/events.ts';
import type { ExportRefusal } from '#bgp/policy/export-route.ts';
import type { AddressFamily } from '#net/ip-address.ts';

/** Why a route stands with a peer as it does; among the product's reason codes. */
export type RouteReason = 'Announced' | 'WaitingForAck' | 'SessionDown' | 'MaxPrefixes' | ExportRefusal;

/** How a route stands with this peer. */
export type PeerRouteTruth = {
  /** True from the moment TCP acknowledged the announcement until it acknowledged the withdrawal, or the session ended. */
  readonly announced: boolean;
  readonly reason: RouteReason;
};

/** How the session stands. */
export type PeerSessionTruth = {
  /** Name of the peer. */
  readonly peer: string;
  /** RFC 4271 §8.2.2. */
  readonly state: State;
  /** Milliseconds in this state. */
  readonly ageMs: number;
  /** Families negotiated; empty unless Established. */
  readonly families: readonly AddressFamily[];
  /** Our end of the connection, canonical text; empty unless connected. */
  readonly localAddress: string;
  /** Prefixes this peer has from us. */
  readonly announcedPrefixes: number;
  /** UPDATEs of the router in which something was wrong, since this process began. */
  readonly malformedUpdates: number;
  /** What went wrong last, a sentence; empty when nothing did, and while Established. */
  readonly lastError: string;
};
