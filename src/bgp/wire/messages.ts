/**
 * bgp/wire — BGP-4 messages as values, and their bytes.
 *
 * Pure. Decoding never throws and never reads beyond its input, whatever a router sends: a broken message is a `DecodeError` that
 * holds the NOTIFICATION to answer with, a broken path attribute is a fault with RFC 7606's verdict. Nothing is allocated by a
 * length field that was not checked against the bytes that are there. What was decoded shares no memory with its input.
 * Encoding what the types allow always succeeds; what would not fit is the caller's bug, except in a NOTIFICATION, which is cut.
 *
 * What a session has agreed comes in as a context (`negotiated.ts`); this room knows no session.
 */
import type { Asn } from '#net/asn.ts';
import type { Community, LargeCommunity } from '#net/community.ts';
import type { AddressFamily, IpAddress } from '#net/ip-address.ts';
import type { Prefix } from '#net/prefix.ts';
import type { AttributeFault } from './errors.ts';

/** Any BGP message. */
export type Message = OpenMessage | UpdateMessage | NotificationMessage | KeepaliveMessage | RouteRefreshMessage;

/** OPEN (RFC 4271 §4.2), version 4. */
export type OpenMessage = {
  readonly kind: 'open';
  /** The sender's AS: the four-octet capability's where it is there, else the My Autonomous System field (RFC 6793 §4.1). */
  readonly asn: Asn;
  /** Proposed hold time in seconds: 0, or 3–65535. */
  readonly holdTimeS: number;
  /** BGP Identifier as an unsigned number, not 0 (RFC 6286). */
  readonly routerId: number;
  /** In the order on the wire; the same code may stand there several times (RFC 5492 §4). */
  readonly capabilities: readonly Capability[];
};

/** What a speaker offers in its OPEN (RFC 5492). */
export type Capability =
  /** Code 1, RFC 4760 §8: one family that it would carry. */
  | { readonly kind: 'multiprotocol'; readonly afi: number; readonly safi: number }
  /** Code 2, RFC 2918. */
  | { readonly kind: 'routeRefresh' }
  /** Code 6, RFC 8654: it takes messages up to 65,535 octets. */
  | { readonly kind: 'extendedMessage' }
  /** Code 64, RFC 4724 and RFC 8538. */
  | GracefulRestartCapability
  /** Code 65, RFC 6793. */
  | { readonly kind: 'fourOctetAsn'; readonly asn: Asn }
  /** Code 70, RFC 7313. */
  | { readonly kind: 'enhancedRouteRefresh' }
  /** Code 73, draft-walton-bgp-hostname-capability. Text from the router, not safe to print as it is. */
  | { readonly kind: 'fqdn'; readonly hostName: string; readonly domainName: string }
  /** Any other, and a known one whose length is wrong: ignored in the negotiation, kept for those who look. */
  | { readonly kind: 'unknown'; readonly code: number; readonly value: Uint8Array };

/** Graceful restart as a speaker offers it. */
export type GracefulRestartCapability = {
  readonly kind: 'gracefulRestart';
  /** R bit: it has just restarted. */
  readonly restarting: boolean;
  /** N bit, RFC 8538: NOTIFICATIONs and expired hold timers are restarts too. */
  readonly notification: boolean;
  /** How long the session may be away, in seconds, 0–4095. */
  readonly restartTimeS: number;
  readonly families: readonly {
    readonly afi: number;
    readonly safi: number;
    /** F bit: it kept forwarding through its restart. */
    readonly forwardingPreserved: boolean;
  }[];
};

/** UPDATE (RFC 4271 §4.3), by meaning: both encodings of IPv4 routes read the same. */
export type UpdateMessage = {
  readonly kind: 'update';
  /** What is gone: Withdrawn Routes, MP_UNREACH_NLRI, and what RFC 7606 says to treat as withdrawn. */
  readonly unreachable: readonly Unreachable[];
  /** What can be reached. We send at most one group, and none together with `unreachable` (RFC 7606 §5.1). */
  readonly reachable: readonly Reachable[];
  /** The message is an End-of-RIB marker of this family (RFC 4724 §2), and carries nothing else. */
  readonly endOfRib?: AddressFamily;
  /** What was wrong with it and did not end the session. Empty in what we send. */
  readonly faults: readonly AttributeFault[];
};

/** Prefixes of one family that are gone. */
export type Unreachable = { readonly family: AddressFamily; readonly prefixes: readonly Prefix[] };

/** Prefixes of one family that share next hop and attributes. */
export type Reachable = {
  readonly family: AddressFamily;
  readonly prefixes: readonly Prefix[];
  /** Of the prefixes' family. */
  readonly nextHop: IpAddress;
  /** The second next hop that IPv6 routes may carry (RFC 2545 §3). */
  readonly linkLocalNextHop?: IpAddress;
  readonly attributes: PathAttributes;
};

/** What a route carries beside its next hop. */
export type PathAttributes = {
  readonly origin: Origin;
  /** AS_PATH, nearest first; empty within our own AS. AS_SETs are not accepted and not sent (RFC 9774). */
  readonly asPath: readonly Asn[];
  /** MULTI_EXIT_DISC, unsigned 32 bits. */
  readonly med?: number;
  /** LOCAL_PREF, unsigned 32 bits. Of iBGP only. */
  readonly localPref?: number;
  readonly atomicAggregate?: true;
  readonly aggregator?: Aggregator;
  /** COMMUNITIES, ascending without repeats in what we send, as received otherwise. */
  readonly communities?: readonly Community[];
  /** LARGE_COMMUNITY, ascending without repeats (RFC 8092 §4, §5). */
  readonly largeCommunities?: readonly LargeCommunity[];
  /** EXTENDED COMMUNITIES, 8 octets each, as received (RFC 4360). */
  readonly extendedCommunities?: Uint8Array;
  /** Of iBGP only, RFC 4456. */
  readonly originatorId?: number;
  /** Of iBGP only, RFC 4456. */
  readonly clusterList?: readonly number[];
  /** Optional transitive attributes that we don't know; sent on with the Partial bit (RFC 4271 §5). */
  readonly unknown?: readonly UnknownAttribute[];
};

/** Where a route came into BGP (RFC 4271 §5.1.1). */
export type Origin = 'IGP' | 'EGP' | 'INCOMPLETE';

/** Who aggregated a route (RFC 4271 §5.1.7). */
export type Aggregator = { readonly asn: Asn; readonly address: IpAddress };

/** An optional transitive attribute as it came. */
export type UnknownAttribute = { readonly code: number; readonly value: Uint8Array };

/** NOTIFICATION (RFC 4271 §4.5): why the sender ends the session. */
export type NotificationMessage = {
  readonly kind: 'notification';
  /** Error code, see `iana.ts`; may be one that we don't know. */
  readonly code: number;
  readonly subcode: number;
  readonly data: Uint8Array;
};

/** KEEPALIVE (RFC 4271 §4.4). */
export type KeepaliveMessage = { readonly kind: 'keepalive' };

/** ROUTE-REFRESH (RFC 2918, RFC 7313). */
export type RouteRefreshMessage = {
  readonly kind: 'routeRefresh';
  readonly afi: number;
  readonly safi: number;
  /** What is asked or said: a refresh (0), or that a refresh begins (1) or ends (2). Others are to be ignored. */
  readonly subtype: number;
};
