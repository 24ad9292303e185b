import type { AddressFamily } from '#net/ip-address.ts';
import type { Place } from '#state/decision.ts';
import type { DataPlaneGate } from '#state/entry.ts';
import type { Cause, Evidence } from '#state/evidence.ts';
import type { ReasonCode } from '#state/reasons.ts';
import type { EndpointPolicy, Kind } from './view.ts';

/** Why what is said about a thing is no evidence now. A guard turns it into a hold. */
export type Doubt =
  /** A whole kind was not heard of recently. */
  | { readonly reason: 'InputStale'; readonly kind: Kind }
  /** An object was never seen, or is gone without a tombstone; of a Secret: the password in it was never read. */
  | { readonly reason: 'InputMissing'; readonly kind: Kind | 'Secret'; readonly object: string }
  /** A Node is not Ready, or was not until a moment ago; `untilMs` is when time alone ends that, monotonic milliseconds. */
  | { readonly reason: 'NodeUnknown'; readonly kind: 'Node'; readonly object: string; readonly untilMs?: number };

/**
 * Whether a place shall have a route. `yes`: it serves. `ifAnnounced`: a route that is there stays, none is brought up.
 * `no`: it shall not be there.
 */
export type Wanted = 'yes' | 'ifAnnounced' | 'no';

/** What is wanted at one place, and why. */
export type Standing = {
  readonly place: Place;
  readonly wanted: Wanted;
  /** What kind of loss or gain it is to follow this standing, as the admission table names it. */
  readonly cause: Cause;
  readonly reason: ReasonCode;
  /** The facts that say so. None: it is not known. */
  readonly evidence: readonly Evidence[];
  /** What stands against believing them now. */
  readonly doubts: readonly Doubt[];
  /**
   * Why the address shall go altogether, where a person has to approve that first: then the rest of the standing is what holds
   * until he does.
   */
  readonly refused?: Refused;
};

/** Why no route may be, whatever the endpoints. */
export type Refused = Pick<Standing, 'reason' | 'evidence' | 'doubts'> & { readonly cause: 'removal' | 'narrowing' };

/** One address of a Service. */
export type AddressIntent = {
  /** Canonical text. */
  readonly address: string;
  /** The host route, canonical text. */
  readonly prefix: string;
  readonly family: AddressFamily;
  /** The pool that allows it; absent where none does. */
  readonly pool?: string;
  /** Why the address as a whole is not announced; absent where it may be. */
  readonly refusal?: { readonly reason: ReasonCode; readonly message: string };
  /** Nodes that are candidates or have the route, ascending. Others are not looked at. */
  readonly standings: readonly Standing[];
};

/** Who may serve a Service's addresses, and from where. */
export type Intent = {
  /** Key of the Service. */
  readonly service: string;
  /** `own`: we write its status. `foreign`: another controller does. `none`: no business of ours. */
  readonly ownership: 'own' | 'foreign' | 'none';
  /** Key of the AnycastService in force; absent where there is none. */
  readonly refinement?: string;
  /** AnycastServices of the same Service that are younger: they say Conflict. Ascending. */
  readonly conflicts: readonly string[];
  readonly endpointPolicy: EndpointPolicy;
  readonly gate: DataPlaneGate;
  readonly addresses: readonly AddressIntent[];
  /**
   * What status.loadBalancer.ingress of the Service shall list: written before announcing, cleared after the last withdrawal.
   * Absent: leave the status alone.
   */
  readonly desiredIngress?: readonly string[];
};
