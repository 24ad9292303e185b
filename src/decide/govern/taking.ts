import type { Cause } from '#state/evidence.ts';
import type { Standing } from '../intent.ts';
import type { Ledger } from '../ledger.ts';
import type { PlaceProposal, Proposal } from '../proposal.ts';

/** Endpoints surely fail: that is no doing of the configuration. */
export const isFailing = ({ wanted, cause, doubts }: Standing): boolean =>
  wanted === 'no' && (cause === 'soft' || cause === 'hard') && doubts.length === 0;

/** Prefixes that configuration leaves no place: of those that are ordered, none would stay. */
export const prefixesGoing = ({ places }: Proposal, ledger: Ledger): ReadonlySet<string> =>
  taken(places.filter(({ standing }) => ledger.route(standing.place)?.order !== undefined));

/** Prefixes of which configuration takes at least one of these places, and leaves none. */
export function taken(places: readonly PlaceProposal[]): ReadonlySet<string> {
  const isTaken = ({ standing: { refused, wanted, cause } }: PlaceProposal): boolean =>
    refused !== undefined || (wanted === 'no' && isConfigured(cause));
  const stays = places.filter((place) => !isTaken(place) && place.standing.wanted !== 'no');
  return prefixesOf(places.filter(isTaken)).difference(prefixesOf(stays));
}

/** Their prefixes. */
export const prefixesOf = (places: readonly PlaceProposal[]): Set<string> => new Set(places.map(({ standing }) => standing.place.prefix));

const isConfigured = (cause: Cause): boolean => cause === 'removal' || cause === 'narrowing';
