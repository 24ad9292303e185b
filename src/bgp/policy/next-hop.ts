import { type AddressFamily, type IpAddress, isLinkLocal } from '#net/ip-address.ts';

/** Where next hops can come from; of each family at most one address counts. */
export type NextHopSources = {
  /** What is configured for the peer. */
  readonly configured: Readonly<Partial<Record<AddressFamily, IpAddress>>>;
  /** Our end of the session. */
  readonly localAddress: IpAddress;
  /** Global addresses of the interface that carries the session. */
  readonly interfaceAddresses: readonly IpAddress[];
};

/**
 * The next hop of routes of a family, undefined where there is none: what is configured; else our end of the session; else a
 * global address on the interface that carries the session. The last two are on the router's link, or reach it as the session
 * does. A link-local address is none: it means nothing to the routers behind this one.
 */
export function chooseNextHop(family: AddressFamily, sources: NextHopSources): IpAddress | undefined {
  const { configured, localAddress, interfaceAddresses } = sources;
  const isUsable = (address: IpAddress): boolean => address.family === family && !isLinkLocal(address);
  return configured[family] ?? [localAddress, ...interfaceAddresses].find(isUsable);
}
