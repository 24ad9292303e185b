/**
 * bgp/policy — what a route looks like to one peer, or why it is not announced there.
 *
 * Pure: the result depends on the route, on what is configured for the peer and on what the session found out. Every attribute
 * that this speaker sends is decided here, so that a question about one has one place to look. May not happen here: bytes,
 * and thoughts about why a route is wanted.
 */
import type { PathAttributes, Reachable, Role } from '#bgp/wire/messages.ts';
import type { Asn } from '#net/asn.ts';
import { type Community, type LargeCommunity, wellKnownCommunities } from '#net/community.ts';
import type { AddressFamily } from '#net/ip-address.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import { limits } from './limits.ts';
import { chooseNextHops, type NextHopSources } from './next-hop.ts';

/** What a route shall carry to a peer, beside what the session decides. Same shape as the export attributes of an entry. */
export type RouteAttributes = {
  /** COMMUNITIES, ascending, without repeats. */
  readonly communities: readonly Community[];
  /** LARGE_COMMUNITY, ascending, without repeats. */
  readonly largeCommunities: readonly LargeCommunity[];
  /** MULTI_EXIT_DISC. Absent: not sent. */
  readonly med?: number;
  /** LOCAL_PREF on iBGP, default 100. Never sent on eBGP. */
  readonly localPref?: number;
  /** How many extra times the AS that the router knows us by stands in AS_PATH, 0–16. Legal on eBGP only. */
  readonly prepend: number;
};

/** A session as policy sees it. */
export type PolicySession = NextHopSources & {
  readonly localAsn: Asn;
  /** Equal to `localAsn` means iBGP. */
  readonly peerAsn: Asn;
  /** Families that both sides offered. */
  readonly families: readonly AddressFamily[];
  /** The AS that our OPEN said instead of `localAsn`, alone in AS_PATH with `replaceAs`, else before `localAsn`. eBGP only. Default: `localAsn`. */
  readonly localAs?: { readonly asn: Asn; readonly replaceAs: boolean };
  /** Our role towards the router (RFC 9234). eBGP only. Default: none, and no ONLY_TO_CUSTOMER. */
  readonly role?: Role;
  /** Every route gets NO_LLGR (RFC 9494 §4.1). Default false. */
  readonly noLlgr?: boolean;
};

/** Why a route is not announced to a peer. */
export type ExportRefusal =
  /** The router did not agree to carry the family. */
  | 'FamilyNotNegotiated'
  /** Prepend on iBGP: the router would drop the route as a loop (RFC 4271 §9.1.2). */
  | 'PrependRefused'
  /** They would leave no room in an UPDATE. */
  | 'TooManyCommunities'
  /** No address of the family that the router could send packets to. */
  | 'NoNextHop';

/** A route as it is announced: all of an UPDATE but its prefixes. */
export type ExportedRoute = Omit<Reachable, 'prefixes'>;

/** What the peer hears of a route of the family, or why nothing. Equal arguments give equal routes, which share UPDATEs. */
export function exportRoute(
  family: AddressFamily,
  attributes: RouteAttributes,
  session: PolicySession,
): Result<ExportedRoute, ExportRefusal> {
  if (!session.families.includes(family)) return err('FamilyNotNegotiated');
  const internal = session.peerAsn === session.localAsn;
  if (internal && attributes.prepend > 0) return err('PrependRefused');
  const communityOctets = 4 * attributes.communities.length + 12 * attributes.largeCommunities.length;
  if (communityOctets > limits.communityOctets) return err('TooManyCommunities');
  const nextHops = chooseNextHops(family, session);
  if (nextHops === undefined) return err('NoNextHop');
  const { med, largeCommunities } = attributes;
  const common = { ...(med !== undefined && { med }), communities: communitiesOf(attributes, session), largeCommunities };
  const differing = internal ? { asPath: [], localPref: localPrefOf(attributes) } : externalAttributes(attributes, session);
  // ORIGIN: the route begins here, by configuration (RFC 4271 §5.1.1).
  return ok({ family, ...nextHops, attributes: { origin: 'IGP', ...common, ...differing } });
}

/** What eBGP has: a path of our own AS numbers, and the mark of routes that may only go down. */
function externalAttributes(
  { prepend }: RouteAttributes,
  { localAsn, localAs, role }: PolicySession,
): Pick<PathAttributes, 'asPath' | 'otc'> {
  const nearest = localAs?.asn ?? localAsn;
  const asPath = [
    ...new Array<Asn>(1 + prepend).fill(nearest),
    ...(localAs === undefined || localAs.replaceAs ? [] : [localAsn]), // RFC 7705 §3
  ];
  return marksRoutes(role) ? { asPath, otc: nearest } : { asPath };
}

/**
 * RFC 9234 §5, on sending, 1: routes to customers, peers and clients of a route server get our mark. Rule 2, no marked route to
 * providers, peers and route servers, has nothing to forbid: all routes begin here, and come from policy without a mark.
 */
const marksRoutes = (role: Role | undefined): boolean => role === 'Provider' || role === 'Peer' || role === 'RouteServer';

/** Ascending, without repeats, as they came. Well-known ones go out like all others: they are orders to the router (RFC 8642). */
function communitiesOf({ communities }: RouteAttributes, { noLlgr = false }: PolicySession): readonly Community[] {
  const added = wellKnownCommunities['no-llgr'];
  if (!noLlgr || communities.includes(added)) return communities;
  return [...communities, added].toSorted((a, b) => a - b);
}

/**
 * RFC 4271 §5.1.5. A route on its way out gets 0: routers lower what carries GRACEFUL_SHUTDOWN where it enters their AS
 * (RFC 8326 §4.2), and leave it alone on iBGP.
 */
function localPrefOf({ communities, localPref = limits.defaultLocalPref }: RouteAttributes): number {
  return communities.includes(wellKnownCommunities['graceful-shutdown']) ? 0 : localPref;
}
