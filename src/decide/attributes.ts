import { type Community, type LargeCommunity, wellKnownCommunities } from '#net/community.ts';
import type { ExportAttributes } from '#state/attributes.ts';
import type { Note } from './proposal.ts';
import type { ObservedAdvertisement } from './view.ts';

/** Attributes of which there can be only one. */
const scalars = ['med', 'localPref', 'prepend'] as const;

/**
 * What several advertisements of the same route to the same peer come to: communities of all, every other attribute from the
 * oldest that sets it. Those that wanted something else are named.
 */
export function uniteAttributes(oldestFirst: readonly ObservedAdvertisement[]): { attributes: ExportAttributes; notes: Note[] } {
  const notes: Note[] = [];
  const chosen: { med?: number; localPref?: number; prepend?: number } = {};
  for (const name of scalars) {
    const [winner, ...others] = oldestFirst.filter(({ attributes }) => attributes[name] !== undefined);
    const value = winner?.attributes[name];
    if (winner === undefined || value === undefined) continue;
    chosen[name] = value;
    for (const other of others) {
      if (other.attributes[name] !== value) notes.push(ignored(other, name, winner.key));
    }
  }
  return {
    attributes: {
      communities: ascending(oldestFirst.flatMap(({ attributes }) => attributes.communities ?? [])),
      largeCommunities: ascendingLarge(oldestFirst.flatMap(({ attributes }) => attributes.largeCommunities ?? [])),
      ...chosen,
      prepend: chosen.prepend ?? 0,
    },
    notes,
  };
}

/** The same route, made the last choice: GRACEFUL_SHUTDOWN (RFC 8326 §4). */
export const depreferenced = (attributes: ExportAttributes): ExportAttributes => ({
  ...attributes,
  communities: ascending([...attributes.communities, wellKnownCommunities['graceful-shutdown']]),
});

function ignored(advertisement: ObservedAdvertisement, name: (typeof scalars)[number], winner: string): Note {
  const value = advertisement.attributes[name];
  return {
    kind: 'AnycastAdvertisement',
    object: advertisement.key,
    reason: 'AttributeIgnored',
    message: `${name} ${value} is ignored where AnycastAdvertisement ${winner} matches too: it is older. Set ${name} in one of them only, or make their selectors apart.`,
  };
}

const ascending = (communities: readonly Community[]): Community[] => [...new Set(communities)].sort((a, b) => a - b);

function ascendingLarge(communities: readonly LargeCommunity[]): LargeCommunity[] {
  const byText = new Map(communities.map((community) => [community.join(':'), community]));
  return [...byText.values()].sort((a, b) => a[0] - b[0] || a[1] - b[1] || a[2] - b[2]);
}
