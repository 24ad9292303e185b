import type { AddressFamily } from '#net/ip-address.ts';
import type { ReasonCode } from './reasons.ts';

/** How a route stands with one peer. */
export type PeerRouteTruth = {
  readonly peer: string;
  /** True from the moment TCP acknowledged the announcement until it acknowledged the withdrawal. */
  readonly announced: boolean;
  readonly reason: ReasonCode;
};

/** How a route really stands on a node, as its speaker sees it: what is, not what was meant. */
export type RouteTruth = {
  readonly prefix: string;
  /** One for each peer that the entry names, and for each that still has the route; ascending by name. */
  readonly peers: readonly PeerRouteTruth[];
  /** Milliseconds since `announced` last changed for any peer. Ages survive clocks that differ. */
  readonly ageMs: number;
};

/** Whether any router has the route from this speaker. */
export const isAnnounced = (truth: RouteTruth): boolean => truth.peers.some((peer) => peer.announced);

/** RFC 4271 §8.2.2. */
export type SessionState = 'Idle' | 'Connect' | 'Active' | 'OpenSent' | 'OpenConfirm' | 'Established';

/** How a session stands. */
export type SessionTruth = {
  /** Name of the AnycastPeer. */
  readonly peer: string;
  readonly state: SessionState;
  /** Milliseconds in this state. */
  readonly ageMs: number;
  /** Families negotiated; empty unless Established. */
  readonly families: readonly AddressFamily[];
  /** Our end of the connection, canonical text; empty unless connected. */
  readonly localAddress: string;
  /** Prefixes this peer has from us. */
  readonly announcedPrefixes: number;
  /** The last thing that went wrong, a sentence; empty when nothing did. */
  readonly lastError: string;
};
