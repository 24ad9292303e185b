import type { Reachable } from '#bgp/wire/messages.ts';
import { formatCommunity, formatLargeCommunity } from '#net/community.ts';
import { formatIpAddress } from '#net/ip-address.ts';
import { formatPrefix, type Prefix } from '#net/prefix.ts';
import type { RouteAttributesView, RouteView, Stamp } from './views.ts';

/** What is kept of routes that arrived together; they share it. */
export type KeptRoute = Stamp & { readonly group: Omit<Reachable, 'prefixes'> };

/** Keeps a group without its prefixes, which the table has. */
export const keepRoute = ({ prefixes: _, ...group }: Reachable, stamp: Stamp): KeptRoute => ({ ...stamp, group });

/** The attributes as they are shown. */
function attributesView({ nextHop, attributes }: KeptRoute['group']): RouteAttributesView {
  return {
    nextHop: formatIpAddress(nextHop),
    asPath: attributes.asPath,
    origin: attributes.origin,
    med: attributes.med ?? null,
    localPref: attributes.localPref ?? null,
    communities: (attributes.communities ?? []).toSorted((a, b) => a - b).map(formatCommunity),
    largeCommunities: (attributes.largeCommunities ?? []).map(formatLargeCommunity),
  };
}

/** A route as `GET /routes` shows it. */
export const routeView = (peer: string, prefix: Prefix, { group, monotonicUs, unixUs }: KeptRoute): RouteView => ({
  peer,
  prefix: formatPrefix(prefix),
  ...attributesView(group),
  monotonicUs,
  unixUs,
});
