import type { AddressFamily } from '#net/ip-address.ts';

/** One router and how we speak to it. Same shape as a peer entry, plus the node's own identity. */
export type PeerSettings = {
  /** Name for logs and truth. */
  readonly name: string;
  /** The router's address, canonical text. */
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
};

/** The strongest effect of all fields that differ. */
export function settingsEffect(from: PeerSettings, to: PeerSettings): SettingsEffect {
  const fields = Object.keys(settingsEffects) as (keyof PeerSettings)[];
  const effects = fields.filter((field) => !sameValue(from[field], to[field])).map((field) => settingsEffects[field]);
  if (effects.includes('bounce')) return 'bounce';
  return effects.includes('refresh') ? 'refresh' : 'none';
}

const sameValue = (a: unknown, b: unknown): boolean => String(a) === String(b);
