import { isDeepStrictEqual } from 'node:util';
import type { Role } from '#bgp/wire/messages.ts';
import type { AddressFamily } from '#net/ip-address.ts';

/** Graceful restart as the restarting speaker (RFC 4724). It lengthens the time for which a router sends packets to a dead node. */
export type GracefulRestart = {
  /** How long the router shall keep our routes after the session is lost, in seconds, 1–4095. */
  readonly restartSeconds: number;
  /** N bit (RFC 8538): a NOTIFICATION and an expired hold timer are restarts too; what shall really end our routes is a Hard Reset. */
  readonly notification: boolean;
};

/** An AS that only this router sees. */
export type LocalAs = {
  /** What our OPEN says instead of `localAsn`. */
  readonly asn: number;
  /** True: AS_PATH is `asn` alone. False: `asn` stands before `localAsn`. */
  readonly replaceAs: boolean;
};

/** TCP-AO (RFC 5925) with `password` as master key. */
export type TcpAo = {
  /** KeyID that we send, 0–255. */
  readonly keyId: number;
  /** KeyID that we expect, 0–255. */
  readonly receiveKeyId: number;
  readonly algorithm: 'HMAC-SHA-1-96' | 'AES-128-CMAC-96';
};

/** One router and how we speak to it. Same shape as a peer entry, plus the node's own identity. */
export type PeerSettings = {
  /** Name for logs and truth. */
  readonly name: string;
  /** The router's address, canonical text: of an unnumbered peer, the link-local one that was discovered on `interface`. */
  readonly address: string;
  /** The router's TCP port, default 179. */
  readonly port: number;
  /** Our AS on this session. */
  readonly localAsn: number;
  /** The router's AS; equal to `localAsn` means iBGP. */
  readonly peerAsn: number;
  /** Our BGP Identifier as IPv4 text (RFC 6286). */
  readonly routerId: string;
  /** Families that we offer to carry on this session (RFC 4760). */
  readonly families: readonly AddressFamily[];
  /** Proposed hold time in milliseconds: 0 (no keepalives) or ≥ 3,000 (RFC 4271 §4.2). */
  readonly holdTimeMs: number;
  /** Time between connection attempts in milliseconds, before jitter and back-off. */
  readonly connectRetryMs: number;
  /** Local address to connect from. Default: the kernel chooses. */
  readonly sourceAddress?: string;
  /** Next hop for IPv4 routes, canonical text. Default: the rule of `bgp/policy`. */
  readonly nextHopIpv4?: string;
  /** Next hop for IPv6 routes, canonical text. Default: the rule of `bgp/policy`. */
  readonly nextHopIpv6?: string;
  /** Hops to an eBGP router that is not on the link, 2–255. Default: TTL 1 on eBGP, the kernel's default on iBGP. */
  readonly multihopTtl?: number;
  /** Name of the interface that a link-local `address` is on. */
  readonly interface?: string;
  /** VRF device that the session is bound to. Default: none. */
  readonly vrf?: string;
  /** Never connect, wait for the router. Default false. */
  readonly passive?: boolean;
  /** Key of TCP MD5 (RFC 2385), or of TCP-AO where `tcpAo` is there: 1–80 octets. A secret: in no log, status or error. Default: none. */
  readonly password?: string;
  /** Authenticate with TCP-AO instead of TCP MD5. Needs `password`; refused with a reason where the kernel can't. */
  readonly tcpAo?: TcpAo;
  /** TTL security (RFC 5082), 1–254: we send TTL 255 and take only packets with at least 256 minus this. Excludes `multihopTtl`. */
  readonly ttlSecurityHops?: number;
  /** Offer graceful restart. Default: not. */
  readonly gracefulRestart?: GracefulRestart;
  /** Our role (RFC 9234), eBGP only. Default: none is said. */
  readonly role?: Role;
  /** Refuse a router that says no role. Default false. */
  readonly roleStrict?: boolean;
  /** Another AS of ours for this router, eBGP only. Default: `localAsn` is said. */
  readonly localAs?: LocalAs;
  /** Offer IPv4 routes with IPv6 next hops (RFC 8950). Default: true where the router's address is link-local, else false. */
  readonly extendedNextHop?: boolean;
  /** Offer messages of up to 65,535 octets (RFC 8654). Default true. */
  readonly extendedMessages?: boolean;
  /** Wait so long for the router's OPEN before ours is sent, in milliseconds (DelayOpenTime, RFC 4271 §8.1.1). Default: not at all. */
  readonly delayOpenMs?: number;
  /** Most prefixes that the router is told. What would exceed it is held; nothing is ever withdrawn for it. Default: no bound. */
  readonly maxPrefixes?: number;
  /** Add NO_LLGR (RFC 9494) to every route: the router does not keep it as a long-lived stale one. Default false. */
  readonly noLlgr?: boolean;
};

/** What a change of settings costs: nothing, the routes are sent again on the running session, or the session starts anew. */
export type SettingsEffect = 'none' | 'refresh' | 'bounce';

/** The effect of each field. What OPEN or the connection is made of bounces; what only routes carry is sent again. */
export const settingsEffects: Readonly<Record<keyof PeerSettings, SettingsEffect>> = {
  name: 'bounce',
  address: 'bounce',
  port: 'bounce',
  localAsn: 'bounce',
  peerAsn: 'bounce',
  routerId: 'bounce',
  families: 'bounce',
  holdTimeMs: 'bounce',
  connectRetryMs: 'none',
  sourceAddress: 'bounce',
  nextHopIpv4: 'refresh',
  nextHopIpv6: 'refresh',
  multihopTtl: 'bounce',
  interface: 'bounce',
  vrf: 'bounce',
  passive: 'bounce',
  password: 'bounce',
  tcpAo: 'bounce',
  ttlSecurityHops: 'bounce',
  gracefulRestart: 'bounce',
  role: 'bounce',
  roleStrict: 'bounce',
  localAs: 'bounce',
  extendedNextHop: 'bounce',
  extendedMessages: 'bounce',
  delayOpenMs: 'none',
  maxPrefixes: 'refresh',
  noLlgr: 'refresh',
};

/** The strongest effect of all fields that differ. */
export function settingsEffect(from: PeerSettings, to: PeerSettings): SettingsEffect {
  const fields = Object.keys(settingsEffects) as (keyof PeerSettings)[];
  const effects = fields.filter((field) => !isDeepStrictEqual(from[field], to[field])).map((field) => settingsEffects[field]);
  if (effects.includes('bounce')) return 'bounce';
  return effects.includes('refresh') ? 'refresh' : 'none';
}
