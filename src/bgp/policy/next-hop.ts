import { type AddressFamily, type IpAddress, isLinkLocal } from '#net/ip-address.ts';

/** Where next hops can come from; of each family at most one address counts. */
export type NextHopSources = {
  /** What is configured for the peer. */
  readonly configured: Readonly<Partial<Record<AddressFamily, IpAddress>>>;
  /** Our end of the session. */
  readonly localAddress: IpAddress;
  /** Global addresses of the interface that carries the session. */
  readonly interfaceAddresses: readonly IpAddress[];
  /** Our link-local address on the link that we share with the router. Default: the router is not on a link of ours, or has no IPv6. */
  readonly linkLocalAddress?: IpAddress;
  /** Both sides agreed on IPv6 next hops for IPv4 routes (RFC 8950). Default false. */
  readonly extendedNextHop?: boolean;
};

/** One next hop, or a global and a link-local one (RFC 2545 §3). */
export type NextHops = { readonly nextHop: IpAddress; readonly linkLocalNextHop?: IpAddress };

/**
 * The next hop of routes of a family, undefined where there is none: what is configured; else our end of the session; else a
 * global address on the interface that carries the session. The last two are on the router's link, or reach it as the session
 * does. IPv4 routes without any get one of IPv6, where the router takes that; so do those of a session between link-local
 * addresses, which does not show that the router has an address in the subnet of ours.
 */
export function chooseNextHops(family: AddressFamily, sources: NextHopSources): NextHops | undefined {
  if (family === 'IPv6') return ipv6NextHops(sources);
  const { configured, localAddress, extendedNextHop = false } = sources;
  const nextHop = extendedNextHop && isLinkLocal(localAddress) ? configured.IPv4 : globalNextHop('IPv4', sources);
  if (nextHop !== undefined) return { nextHop };
  return extendedNextHop ? ipv6NextHops(sources) : undefined;
}

/**
 * RFC 2545 §3: the link-local address goes along where the router shares a link with what the global one names, so not with one
 * that is configured, which may be anybody's. It goes alone where there is no global address, as between unnumbered routers.
 */
function ipv6NextHops(sources: NextHopSources): NextHops | undefined {
  const nextHop = globalNextHop('IPv6', sources);
  const { configured, linkLocalAddress } = sources;
  if (nextHop === undefined) return linkLocalAddress && { nextHop: linkLocalAddress };
  if (linkLocalAddress === undefined || configured.IPv6 !== undefined) return { nextHop };
  return { nextHop, linkLocalNextHop: linkLocalAddress };
}

/** A link-local address is none: it means nothing to the routers behind this one. */
function globalNextHop(family: AddressFamily, { configured, localAddress, interfaceAddresses }: NextHopSources): IpAddress | undefined {
  const isUsable = (address: IpAddress): boolean => address.family === family && !isLinkLocal(address);
  return configured[family] ?? [localAddress, ...interfaceAddresses].find(isUsable);
}
