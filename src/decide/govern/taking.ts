import type { Cause } from '#state/evidence.ts';
import type { Standing } from '../intent.ts';
import type { Ledger } from '../ledger.ts';
import type { PlaceProposal, Proposal } from '../proposal.ts';

/** Endpoints surely fail: that is no doing of the configuration. */
export const isFailing = ({ wanted, cause, doubts }: Standing): boolean =>
  wanted === 'no' && (cause === 'soft' || cause === 'hard') && doubts.length === 0;

/** Prefixes that configuration leaves no place: of those that are ordered, none would stay. */
export const prefixesGoing = ({ places }: Proposal, ledger: Ledger): ReadonlySet<string> =>
  taken(
    places.filter(({ standing }) => ledger.route(standing.place)?.order !== undefined),
    ledger,
  );

/**
 * Prefixes of which configuration takes at least one of these places, or what a router has of it, and leaves none. Where some router
 * has a prefix, a place counts that stays and from which a router goes on to have it: one that is only to come, or whose speaker is
 * away, is none yet. What no router has is lost by nobody: there any place counts that stays.
 */
export function taken(places: readonly PlaceProposal[], ledger: Ledger): ReadonlySet<string> {
  const had = prefixesOf(places.filter((place) => routersOf(place, ledger).length > 0));
  const takes = (place: PlaceProposal): boolean => isTaken(place) || losesRouter(place, ledger);
  const stays = (place: PlaceProposal): boolean =>
    !isTaken(place) && place.standing.wanted !== 'no' && (!had.has(place.standing.place.prefix) || isHeard(place, ledger));
  return prefixesOf(places.filter(takes)).difference(prefixesOf(places.filter(stays)));
}

const isTaken = ({ standing: { refused, wanted, cause } }: PlaceProposal): boolean =>
  refused !== undefined || (wanted === 'no' && isConfigured(cause));

/** Prefixes that are wanted somewhere where some router may hear them, and which configuration leaves there. */
export const prefixesComing = ({ places }: Proposal): ReadonlySet<string> =>
  prefixesOf(places.filter((place) => !isTaken(place) && place.standing.wanted === 'yes' && place.exports.length > 0));

/** Peers that have the route from there. */
const routersOf = ({ standing }: PlaceProposal, ledger: Ledger): readonly string[] => ledger.route(standing.place)?.announced ?? [];

/** Whether a router that has the route from there shall not hear it any more. */
const losesRouter = (place: PlaceProposal, ledger: Ledger): boolean =>
  routersOf(place, ledger).some((peer) => place.lost.peers.includes(peer));

/** Whether a router has the route from there and goes on to hear it, from a speaker that is there. */
function isHeard(place: PlaceProposal, ledger: Ledger): boolean {
  const routers = routersOf(place, ledger);
  return ledger.live(place.standing.place.node) && place.exports.some(({ peer }) => routers.includes(peer));
}

/** Their prefixes. */
export const prefixesOf = (places: readonly PlaceProposal[]): Set<string> => new Set(places.map(({ standing }) => standing.place.prefix));

const isConfigured = (cause: Cause): boolean => cause === 'removal' || cause === 'narrowing';
