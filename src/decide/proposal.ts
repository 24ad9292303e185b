import type { ExportAttributes } from '#state/attributes.ts';
import type { DataPlaneGate, NodeEntry, PeerEntry } from '#state/entry.ts';
import type { Evidence } from '#state/evidence.ts';
import type { ReasonCode } from '#state/reasons.ts';
import type { Doubt, Standing } from './intent.ts';

/** What one peer would hear of a route. */
export type PeerExport = {
  readonly peer: string;
  readonly attributes: ExportAttributes;
  /** The AnycastAdvertisements that say so, the oldest first. */
  readonly evidence: readonly Evidence[];
  /** What stands against telling this peer something new. */
  readonly doubts: readonly Doubt[];
};

/** What the network would hear from one place if nothing held it back. */
export type PlaceProposal = {
  /** The standing; `NotSelected` where endpoints serve but no advertisement matches. */
  readonly standing: Standing;
  /** Ascending by peer. Empty where the place shall have no route. */
  readonly exports: readonly PeerExport[];
  /** Peers that were told of the route and are not in `exports`: what says so, and what stands against believing it. */
  readonly lost: { readonly peers: readonly string[]; readonly evidence: readonly Evidence[]; readonly doubts: readonly Doubt[] };
};

/** Something that a person should know about a configuration object; it becomes a condition. */
export type Note = {
  readonly kind: 'AnycastAdvertisement' | 'AnycastPeer' | 'Node';
  readonly object: string;
  readonly reason: 'AttributeIgnored' | 'NoRouterId';
  readonly message: string;
};

/** The effective routes of one Service. */
export type Proposal = {
  readonly service: string;
  readonly gate: DataPlaneGate;
  readonly places: readonly PlaceProposal[];
  readonly notes: readonly Note[];
};

/** What a change of a peer does to its session: nothing that the router sees, routes sent again, or a new session. */
export type SessionEffect = 'none' | 'refresh' | 'bounce';

/** A peer of a node, wanted or not. */
export type PeerStanding = {
  readonly peer: string;
  /** Absent: the node shall not speak to this peer. */
  readonly entry?: PeerEntry;
  readonly reason: ReasonCode;
  readonly evidence: readonly Evidence[];
  readonly doubts: readonly Doubt[];
};

/** How a node takes part: its identity and its sessions. */
export type NodeProposal = {
  readonly node: string;
  /** Absent: no BGP Identifier can be had, so the node can't speak; a note says what to do. */
  readonly identity?: NodeEntry;
  readonly identityEvidence: readonly Evidence[];
  readonly identityDoubts: readonly Doubt[];
  /** Ascending by peer: those of the node, and those that its speaker still has. */
  readonly peers: readonly PeerStanding[];
  readonly notes: readonly Note[];
};
