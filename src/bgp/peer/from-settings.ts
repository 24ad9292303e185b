import type { FsmSettings } from '#bgp/fsm/session.ts';
import type { PolicySession } from '#bgp/policy/export-route.ts';
import type { DecodeContext } from '#bgp/wire/negotiated.ts';
import type { ConnectTarget, Protection, TcpKey } from '#linux/byte-stream.ts';
import { type IpAddress, isLinkLocal, parseIpAddress } from '#net/ip-address.ts';
import { unwrap } from '#runtime/result.ts';
import { limits } from './limits.ts';
import type { PeerSettings } from './settings.ts';

// Texts in settings are canonical, see `settings.ts`: one that can't be read here is a bug.
const address = (text: string): IpAddress => unwrap(parseIpAddress(text));

/** What this process knows of the one before it on this node. */
export type Restart = {
  /** There was one, which left its routes to us: the router need not wait for anything that we wait for. */
  readonly restarted: boolean;
  /** The kernel forwarded packets for our routes all the time: it has not been rebooted since. */
  readonly forwardingPreserved: boolean;
};

/** What the state machine needs to know. */
export function fsmSettings(settings: PeerSettings, restart: Restart): FsmSettings {
  const { localAsn, peerAsn, routerId, holdTimeMs, connectRetryMs, delayOpenMs, families, localAs, passive } = settings;
  const { role, roleStrict, extendedMessages = true, gracefulRestart } = settings;
  return {
    localAsn: localAs?.asn ?? localAsn,
    peerAsn,
    routerId: address(routerId).octets.reduce((number, octet) => number * 256 + octet, 0),
    holdTimeMs,
    connectRetryMs,
    families,
    afterIdle: passive === true ? 'listen' : 'connect',
    extendedMessages,
    extendedNextHop: extendedNextHop(settings),
    ...(delayOpenMs !== undefined && { delayOpenMs }),
    ...(role !== undefined && { role }),
    ...(roleStrict !== undefined && { roleStrict }),
    ...(gracefulRestart !== undefined && { gracefulRestart: { ...gracefulRestart, ...restart } }),
  };
}

/** Without an IPv4 address of the router there is nothing else that IPv4 routes could have as next hop. */
const extendedNextHop = (settings: PeerSettings): boolean =>
  settings.families.includes('IPv4') && (settings.extendedNextHop ?? isLinkLocalPeer(settings));

/** How to connect. */
export function connectTarget(settings: PeerSettings): ConnectTarget {
  const { address: remote, port, sourceAddress, interface: scope, vrf } = settings;
  return {
    address: remote,
    port,
    ...(sourceAddress !== undefined && { sourceAddress }),
    ...(scope !== undefined && isLinkLocalPeer(settings) && { interface: scope }),
    ...(vrf !== undefined && { vrf }),
    ...protection(settings),
    hopLimitRequired: needsProtection(settings),
  };
}

/** Whether the session may not be had without its {@link protection}: a hop limit of 1 only keeps packets from getting further than they need. */
export const needsProtection = ({ multihopTtl, ttlSecurityHops, password }: PeerSettings): boolean =>
  multihopTtl !== undefined || ttlSecurityHops !== undefined || password !== undefined;

/**
 * What a connection with this router asks of the kernel, whoever opened it. An eBGP router is on the link, so that our packets need
 * not get further than one hop (RFC 4271 §5.1.3); with TTL security they begin with 255, as the router's have to (RFC 5082).
 */
export function protection(settings: PeerSettings): Protection {
  const { localAsn, peerAsn, multihopTtl, ttlSecurityHops, password, tcpAo, holdTimeMs } = settings;
  const hopLimit = ttlSecurityHops !== undefined ? 255 : (multihopTtl ?? (localAsn === peerAsn ? undefined : 1));
  return {
    dscp: limits.dscp,
    // The second line behind the send hold timer, for what that can not see: it never ends a session earlier.
    userTimeoutMs: Math.max(limits.sendHoldMs, 2 * holdTimeMs),
    ...(hopLimit !== undefined && { hopLimit }),
    ...(ttlSecurityHops !== undefined && { minHopLimit: 256 - ttlSecurityHops }),
    ...(password !== undefined && { key: keyOf(password, tcpAo) }),
  };
}

/** The key that both ends sign with. */
export const keyOf = (secret: string, tcpAo: PeerSettings['tcpAo']): TcpKey =>
  tcpAo === undefined ? { kind: 'MD5', secret } : { kind: 'AO', secret, ...tcpAo };

/** What policy needs to know of an Established session. */
export function policySession(
  settings: PeerSettings,
  session: { readonly context: DecodeContext; readonly localAddress: string },
  interfaceAddresses: readonly IpAddress[],
): PolicySession {
  const { localAsn, peerAsn, nextHopIpv4, nextHopIpv6, localAs, role, noLlgr } = settings;
  const { families, extendedNextHop: agreed } = session.context;
  const localAddress = address(session.localAddress);
  const linkLocalAddress = isOnLink(settings) ? [localAddress, ...interfaceAddresses].find(isLinkLocal) : undefined;
  return {
    localAsn,
    peerAsn,
    families,
    configured: {
      ...(nextHopIpv4 !== undefined && { IPv4: address(nextHopIpv4) }),
      ...(nextHopIpv6 !== undefined && { IPv6: address(nextHopIpv6) }),
    },
    localAddress,
    interfaceAddresses,
    ...(linkLocalAddress !== undefined && { linkLocalAddress }),
    ...(agreed !== undefined && { extendedNextHop: agreed }),
    ...(localAs !== undefined && { localAs }),
    ...(role !== undefined && { role }),
    ...(noLlgr !== undefined && { noLlgr }),
  };
}

/** Whether the router shares a link with us: it has a link-local address, or is one hop away. An iBGP router may be anywhere. */
const isOnLink = (settings: PeerSettings): boolean =>
  isLinkLocalPeer(settings) || (settings.localAsn !== settings.peerAsn && settings.multihopTtl === undefined);

const isLinkLocalPeer = ({ address: remote }: PeerSettings): boolean => isLinkLocal(address(remote));
