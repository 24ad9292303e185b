/** Our role towards a router (RFC 9234 §4.1). */
export const peerRoles = ['Provider', 'RouteServer', 'RouteServerClient', 'Customer', 'Peer'] as const;
export type PeerRole = (typeof peerRoles)[number];

/** Algorithms of TCP-AO (RFC 5926). */
export const tcpAoAlgorithms = ['HMAC-SHA-1-96', 'AES-128-CMAC-96'] as const;

/** What may be asked of a session beyond the ordinary. What is absent is not asked. */
export type SessionOptions = {
  /** Interface that a link-local `address` is on, or that the router of an unnumbered peer is behind; one peer per interface there. */
  readonly interface?: string;
  /** VRF device that the session is bound to. */
  readonly vrf?: string;
  /** We never connect: the router does. */
  readonly passive?: boolean;
  /** Key of TCP MD5 (RFC 2385), or of TCP-AO where `tcpAo` is there; 1–80 octets of UTF-8. A secret. */
  readonly password?: string;
  /** TCP-AO (RFC 5925) in place of TCP MD5; KeyIDs are 0–255. */
  readonly tcpAo?: { readonly keyId: number; readonly receiveKeyId: number; readonly algorithm: (typeof tcpAoAlgorithms)[number] };
  /** TTL security (RFC 5082): how many hops away the router is, 1–254. */
  readonly ttlSecurityHops?: number;
  /** Graceful restart (RFC 4724): for how long routes are kept, 1–4095 s, and whether over NOTIFICATIONs too (RFC 8538). */
  readonly gracefulRestart?: { readonly restartSeconds: number; readonly notification: boolean };
  readonly role?: PeerRole;
  /** The router has to say a role too. */
  readonly roleStrict?: boolean;
  /** Another AS of ours that only this router sees; `replaceAs`: alone, without `localAsn` behind it. */
  readonly localAs?: { readonly asn: number; readonly replaceAs: boolean };
  /** Offer IPv4 routes with IPv6 next hops (RFC 8950). Default: true for link-local and unnumbered routers. */
  readonly extendedNextHop?: boolean;
  /** Offer messages beyond 4,096 octets (RFC 8654). Default true. */
  readonly extendedMessages?: boolean;
  /** How long our OPEN waits for that of the router, in milliseconds, 1–240,000. */
  readonly delayOpenMs?: number;
  /** Most prefixes that the router is told; what exceeds it waits. */
  readonly maxPrefixes?: number;
  /** Add NO_LLGR (RFC 9494) to every route. */
  readonly noLlgr?: boolean;
};
