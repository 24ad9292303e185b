import type { FsmSettings } from '#bgp/fsm/session.ts';
import type { PolicySession } from '#bgp/policy/export-route.ts';
import type { ConnectTarget } from '#linux/byte-stream.ts';
import { type AddressFamily, type IpAddress, parseIpAddress } from '#net/ip-address.ts';
import { unwrap } from '#runtime/result.ts';
import type { PeerSettings } from './settings.ts';

// Texts in settings are canonical, see `settings.ts`: one that can't be read here is a bug.
const address = (text: string): IpAddress => unwrap(parseIpAddress(text));

/** What the state machine needs to know. */
export function fsmSettings({ localAsn, peerAsn, routerId, holdTimeMs, connectRetryMs, families }: PeerSettings): FsmSettings {
  const id = address(routerId).octets.reduce((number, octet) => number * 256 + octet, 0);
  return { localAsn, peerAsn, routerId: id, holdTimeMs, connectRetryMs, families, passive: false };
}

/** How to connect. An eBGP router is on the link, so that our packets need not get further than one hop (RFC 4271 §5.1.3). */
export function connectTarget(settings: PeerSettings): ConnectTarget {
  const { address: remote, port, sourceAddress, localAsn, peerAsn, multihopTtl } = settings;
  return {
    address: remote,
    port,
    ...(sourceAddress !== undefined && { sourceAddress }),
    ...(localAsn !== peerAsn && { hopLimit: 1, hopLimitRequired: false }),
    ...(multihopTtl !== undefined && { hopLimit: multihopTtl, hopLimitRequired: true }),
  };
}

/** What policy needs to know of an Established session. */
export function policySession(
  settings: PeerSettings,
  session: { readonly families: readonly AddressFamily[]; readonly localAddress: string },
  interfaceAddresses: readonly IpAddress[],
): PolicySession {
  const { localAsn, peerAsn, nextHopIpv4, nextHopIpv6 } = settings;
  return {
    localAsn,
    peerAsn,
    families: session.families,
    configured: {
      ...(nextHopIpv4 !== undefined && { IPv4: address(nextHopIpv4) }),
      ...(nextHopIpv6 !== undefined && { IPv6: address(nextHopIpv6) }),
    },
    localAddress: address(session.localAddress),
    interfaceAddresses,
  };
}
