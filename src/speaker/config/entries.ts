import { type AddressFamily, familyOfText } from '#net/ip-address.ts';
import type { ExportAttributes } from '#state/attributes.ts';
import type { Entry, PeerEntry, RouteEntry } from '#state/entry.ts';
import type { SessionOptions } from '#state/session-options.ts';
import type { Config, ConfigPeer, ConfigRoute } from './schema.ts';

/** What routes carry whose file says nothing else. */
export const noAttributes: ExportAttributes = { communities: [], largeCommunities: [], prepend: 0 };

/** What a configuration means as entries. `passwords`: what password files hold, by what the configuration calls them. */
export function configEntries(config: Config, passwords: ReadonlyMap<string, string> = new Map()): Entry[] {
  const peers = config.peers.map((peer) => peerEntry(config.asn, peer, passwords));
  const routes = config.routes.map((route) => routeEntry(route, peers));
  return [{ kind: 'node', routerId: config.routerId }, ...peers, ...routes];
}

function peerEntry(localAsn: number, peer: ConfigPeer, passwords: ReadonlyMap<string, string>): PeerEntry {
  const { sourceAddress, nextHop, multihopTTL, address } = peer;
  return {
    kind: 'peer',
    name: peer.name ?? address ?? peer.interface ?? '',
    address: address ?? '',
    port: peer.port,
    localAsn,
    peerAsn: peer.peerASN,
    families: ascending(peer.families ?? defaultFamilies(address)),
    holdTimeMs: peer.holdTimeSeconds * 1_000,
    connectRetryMs: peer.connectRetrySeconds * 1_000,
    ...(sourceAddress !== undefined && { sourceAddress }),
    ...(nextHop.ipv4 !== undefined && { nextHopIpv4: nextHop.ipv4 }),
    ...(nextHop.ipv6 !== undefined && { nextHopIpv6: nextHop.ipv6 }),
    ...(multihopTTL !== undefined && { multihopTtl: multihopTTL }),
    ...sessionOptions(peer, passwords),
  };
}

function sessionOptions(peer: ConfigPeer, passwords: ReadonlyMap<string, string>): SessionOptions {
  const { passwordFile, tcpAO, gracefulRestart, localAS, delayOpenSeconds, noLLGR } = peer;
  const password = passwordFile === undefined ? undefined : passwords.get(passwordFile);
  return {
    ...defined(peer, [
      'interface',
      'vrf',
      'passive',
      'ttlSecurityHops',
      'role',
      'roleStrict',
      'extendedNextHop',
      'extendedMessages',
      'maxPrefixes',
    ]),
    ...(password !== undefined && { password }),
    ...(tcpAO !== undefined && { tcpAo: { keyId: tcpAO.keyID, receiveKeyId: tcpAO.receiveKeyID, algorithm: tcpAO.algorithm } }),
    ...(gracefulRestart !== undefined && {
      gracefulRestart: { restartSeconds: gracefulRestart.restartTimeSeconds, notification: gracefulRestart.notification },
    }),
    ...(localAS !== undefined && { localAs: { asn: localAS.asn, replaceAs: localAS.replaceAS } }),
    ...(delayOpenSeconds !== undefined && { delayOpenMs: delayOpenSeconds * 1_000 }),
    ...(noLLGR !== undefined && { noLlgr: noLLGR }),
  };
}

/** Those fields of an object that are there. */
const defined = <T extends object, K extends keyof T>(from: T, keys: readonly K[]): { [P in K]?: Exclude<T[P], undefined> } =>
  Object.fromEntries(keys.flatMap((key) => (from[key] === undefined ? [] : [[key, from[key]]]))) as {
    [P in K]?: Exclude<T[P], undefined>;
  };

/** To every peer that carries the prefix's family. Whoever writes a prefix into the file says that it is served: nothing is waited for. */
function routeEntry({ prefix, attributes }: ConfigRoute, peers: readonly PeerEntry[]): RouteEntry {
  const family = familyOfText(prefix);
  const names = ascending(peers.filter(({ families }) => families.includes(family)).map(({ name }) => name));
  return {
    kind: 'route',
    prefix,
    service: '',
    reason: 'Serving',
    gate: { mode: 'Delay', announceDelayMs: 0 },
    exports: names.length === 0 ? [] : [{ peers: names, attributes: exportAttributes(attributes) }],
  };
}

function exportAttributes(attributes: ConfigRoute['attributes']): ExportAttributes {
  const { med, localPref, prepend } = attributes;
  return {
    communities: [...new Set(attributes.communities)].sort((a, b) => a - b),
    largeCommunities: distinctLarge(attributes.largeCommunities),
    ...(med !== undefined && { med }),
    ...(localPref !== undefined && { localPref }),
    prepend,
  };
}

function distinctLarge(values: ExportAttributes['largeCommunities']): ExportAttributes['largeCommunities'] {
  const byText = new Map(values.map((value) => [value.join(':'), value]));
  return [...byText.values()].sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
}

/** That of the router's address. The one session of an unnumbered peer carries both. */
const defaultFamilies = (address: string | undefined): AddressFamily[] =>
  address === undefined ? ['IPv4', 'IPv6'] : [familyOfText(address)];

/** Ascending and without repeats, which puts IPv4 before IPv6. */
const ascending = <T extends string>(values: readonly T[]): T[] => [...new Set(values)].sort();
