import type { AddressFamily } from '#net/ip-address.ts';
import type { ExportAttributes } from './attributes.ts';
import type { ReasonCode } from './reasons.ts';
import type { SessionOptions } from './session-options.ts';

/** How the node itself takes part. One per node. Key `node`. */
export type NodeEntry = {
  readonly kind: 'node';
  /** BGP Identifier of every session of this node, as IPv4 text (RFC 6286). */
  readonly routerId: string;
};

/** One router that the node speaks to. Key `peer/<name>`. */
export type PeerEntry = SessionOptions & {
  readonly kind: 'peer';
  /** Name of the AnycastPeer. */
  readonly name: string;
  /** The router's address, canonical text. Empty for an unnumbered peer: its link-local address on `interface` is discovered. */
  readonly address: string;
  /** The router's TCP port, default 179. */
  readonly port: number;
  /** Our AS on this session. */
  readonly localAsn: number;
  /** The router's AS; equal to `localAsn` means iBGP. */
  readonly peerAsn: number;
  /** Families carried on this session (RFC 4760); at least one, IPv4 before IPv6. */
  readonly families: readonly AddressFamily[];
  /** Proposed hold time in milliseconds: 0 (no keepalives) or ≥ 3,000 (RFC 4271 §4.2). */
  readonly holdTimeMs: number;
  /** Time between connection attempts in milliseconds (RFC 4271 ConnectRetryTime), before jitter and back-off. */
  readonly connectRetryMs: number;
  /** Local address to connect from. Absent: the speaker's default, else the kernel chooses. */
  readonly sourceAddress?: string;
  /** Next hop for IPv4 routes. Absent: found by the rule of the speaker. */
  readonly nextHopIpv4?: string;
  /** Next hop for IPv6 routes. Absent: found by the rule of the speaker. */
  readonly nextHopIpv6?: string;
  /** Hops to an eBGP router that is not on the link, 2–255. Absent: TTL 1 on eBGP, the kernel's default on iBGP. */
  readonly multihopTtl?: number;
};

/** How a route's going up waits for the node's packet forwarding. It never delays going down. */
export type DataPlaneGate = {
  /** `HealthCheckNodePort`: wait until it says local endpoints. `Delay`: wait a time. `Auto`: the port once it has answered on this node, else the delay. */
  readonly mode: 'Auto' | 'HealthCheckNodePort' | 'Delay';
  /** The Service's `healthCheckNodePort`, where it has one. */
  readonly healthCheckNodePort?: number;
  /** How long `Delay` waits, in milliseconds. Default 1,000. */
  readonly announceDelayMs: number;
};

/** What a set of peers is told about a route. */
export type RouteExport = {
  /** Names of AnycastPeers of this node, ascending. */
  readonly peers: readonly string[];
  readonly attributes: ExportAttributes;
};

/** One prefix that the node shall announce. Key `route/<prefix>`. */
export type RouteEntry = {
  readonly kind: 'route';
  /** Canonical text, e.g. `192.0.2.53/32`. */
  readonly prefix: string;
  /** The Service that holds the address, `namespace/name`. */
  readonly service: string;
  /** Why it is announced: the reason of the decision that let it. */
  readonly reason: ReasonCode;
  readonly gate: DataPlaneGate;
  /** To whom and with what; each peer at most once. */
  readonly exports: readonly RouteExport[];
};

/** What a speaker is told, one piece each. Entries are replaced whole. */
export type Entry = NodeEntry | PeerEntry | RouteEntry;

/** Identifies an entry on its node: `node`, `peer/<name>`, `route/<prefix>`. */
export type EntryKey = string;

export const nodeKey: EntryKey = 'node';
export const peerKey = (name: string): EntryKey => `peer/${name}`;
export const routeKey = (prefix: string): EntryKey => `${routePrefix}${prefix}`;

const routePrefix = 'route/';

/** The prefix of a route's key, as the key has it; undefined for what is no route's. */
export const prefixOfKey = (key: EntryKey): string | undefined => (key.startsWith(routePrefix) ? key.slice(routePrefix.length) : undefined);

/** The key of an entry. */
export function entryKey(entry: Entry): EntryKey {
  switch (entry.kind) {
    case 'node':
      return nodeKey;
    case 'peer':
      return peerKey(entry.name);
    case 'route':
      return routeKey(entry.prefix);
  }
}

/** An entry as it travels and as it is kept on disk: what the digest is made of. */
export type EncodedEntry = {
  readonly key: EntryKey;
  readonly bytes: Uint8Array;
};

/** An entry by its hash (digest.ts): 16 hexadecimal digits. */
export type EntryHash = {
  readonly key: EntryKey;
  readonly hash: string;
};
