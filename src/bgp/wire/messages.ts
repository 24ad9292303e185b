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
import type { roles } from './iana.ts';

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
  /** Code 2, RFC 2918; `prestandard` is code 128, which says the same and is older. */
  | { readonly kind: 'routeRefresh'; readonly prestandard?: true }
  /** Code 5, RFC 8950: for each family the next hops of another one that it understands. */
  | { readonly kind: 'extendedNextHop'; readonly entries: readonly (AfiSafi & { readonly nextHopAfi: number })[] }
  /** Code 6, RFC 8654: it takes messages up to 65,535 octets. */
  | { readonly kind: 'extendedMessages' }
  /** Code 9, RFC 9234: its own role; a number where that has no name yet. */
  | { readonly kind: 'role'; readonly role: Role | number }
  /** Code 64, RFC 4724 and RFC 8538. */
  | GracefulRestartCapability
  /** Code 65, RFC 6793. */
  | { readonly kind: 'fourOctetAsn'; readonly asn: Asn }
  /** Code 69, RFC 7911: families of which it would send or receive several paths for one prefix. */
  | { readonly kind: 'addPath'; readonly entries: readonly (AfiSafi & { readonly send: boolean; readonly receive: boolean })[] }
  /** Code 70, RFC 7313. */
  | { readonly kind: 'enhancedRouteRefresh' }
  /** Code 71, RFC 9494: how long it keeps stale routes, in seconds, 0–16,777,215. Counts only beside graceful restart. */
  | {
      readonly kind: 'longLivedGracefulRestart';
      readonly families: readonly (AfiSafi & { readonly forwardingPreserved: boolean; readonly staleTimeS: number })[];
    }
  /** Code 73, draft-walton-bgp-hostname-capability. Text from the router, not safe to print as it is. */
  | { readonly kind: 'fqdn'; readonly hostName: string; readonly domainName: string }
  /** Code 75, draft-abraitis-bgp-version-capability. Text from the router, not safe to print as it is. */
  | { readonly kind: 'softwareVersion'; readonly version: string }
  /** Any other, and a known one whose length is wrong: ignored in the negotiation, kept for those who look. */
  | { readonly kind: 'unknown'; readonly code: number; readonly value: Uint8Array };

/** A family as the wire names it: address family and subsequent address family identifier. */
export type AfiSafi = { readonly afi: number; readonly safi: number };

/** What a speaker is to the other one: of one eBGP session, the side that says it (RFC 9234 §4.1). */
export type Role = (typeof roles)[number];

/** Graceful restart as a speaker offers it. */
export type GracefulRestartCapability = {
  readonly kind: 'gracefulRestart';
  /** R bit: it has just restarted. */
  readonly restarting: boolean;
  /** N bit, RFC 8538: NOTIFICATIONs and expired hold timers are restarts too. */
  readonly notification: boolean;
  /** How long the session may be away, in seconds, 0–4095. */
  readonly restartTimeS: number;
  /** F bit, by family: it kept forwarding through its restart. */
  readonly families: readonly (AfiSafi & { readonly forwardingPreserved: boolean })[];
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
  /**
   * Families that are over on this session, as their routes could not be read (RFC 7606 §2, RFC 4760 §7): who keeps routes of them
   * forgets those, and ignores what follows. Absent where there is none.
   */
  readonly disabled?: readonly AddressFamily[];
  /** The message as it came, header included, where something was wrong with it: for the log that RFC 7606 §6 asks for. */
  readonly bytes?: Uint8Array;
};

/** Prefixes of one family that are gone. */
export type Unreachable = PrefixGroup;

/** Prefixes of one family. */
export type PrefixGroup = {
  readonly family: AddressFamily;
  readonly prefixes: readonly Prefix[];
  /** Path identifier of each prefix, where several paths for one were agreed on (RFC 7911): then prefix and identifier together are a route. */
  readonly pathIds?: readonly number[];
};

/** Prefixes of one family that share next hop and attributes. */
export type Reachable = PrefixGroup & {
  /** Of the prefixes' family; IPv6 for IPv4 prefixes where that was agreed on (RFC 8950). */
  readonly nextHop: IpAddress;
  /** The second next hop that may stand beside one of IPv6, for routers on the same link (RFC 2545 §3). */
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
  /** IPv6 address specific extended communities, 20 octets each, as received (RFC 5701). */
  readonly ipv6ExtendedCommunities?: Uint8Array;
  /** Only to Customer (RFC 9234 §5): the AS that said that the route may go down only. */
  readonly otc?: Asn;
  /** BGP Prefix-SID, as received (RFC 8669). Of iBGP only. */
  readonly prefixSid?: Uint8Array;
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

/** An optional transitive attribute: its value octet by octet as it came. */
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
  /** One of `refreshSubtype`; others are to be ignored (RFC 7313 §5). */
  readonly subtype: number;
};
