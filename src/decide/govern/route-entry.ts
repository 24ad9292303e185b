import type { ExportAttributes } from '#state/attributes.ts';
import type { RouteEntry, RouteExport } from '#state/entry.ts';
import { depreferenced } from '../attributes.ts';
import { compareText } from '../facts.ts';
import type { HeldRoute } from '../ledger.ts';
import type { PlaceProposal, Proposal } from '../proposal.ts';

/** The entry that tells a speaker of a place's route, to the peers that `mayHear`. */
export function routeEntry(
  proposal: Proposal,
  { standing, exports }: PlaceProposal,
  held: HeldRoute | undefined,
  mayHear: ReadonlySet<string>,
): RouteEntry {
  const reason = entryReason(standing, held);
  const heard = exports.filter((item) => mayHear.has(item.peer));
  return {
    kind: 'route',
    prefix: standing.place.prefix,
    service: proposal.service,
    reason,
    gate: proposal.gate,
    exports: grouped(
      heard.map(({ peer, attributes }) => ({ peer, attributes: reason === 'Leaving' ? depreferenced(attributes) : attributes })),
    ),
  };
}

/** Serving or Leaving, as the endpoints say; as it was, where they say something else or are not to be believed. */
function entryReason(standing: PlaceProposal['standing'], held: HeldRoute | undefined): 'Serving' | 'Leaving' {
  const speaks = standing.reason === 'Serving' || standing.reason === 'Leaving';
  if (speaks && standing.doubts.length === 0) return standing.reason;
  return held?.order?.entry?.reason === 'Leaving' ? 'Leaving' : 'Serving';
}

/** The part of an entry that concerns some of its peers. */
export function restricted(entry: RouteEntry, peers: ReadonlySet<string>): RouteEntry {
  return { ...entry, exports: grouped(perPeer(entry).filter((item) => peers.has(item.peer))) };
}

/** An entry with more peers. */
export const joined = (entry: RouteEntry, more: RouteEntry): RouteEntry => ({
  ...entry,
  exports: grouped([...perPeer(entry), ...perPeer(more)]),
});

/** Of the peers, those that two entries tell different things; all, where the entries differ in what concerns all. */
export function changedPeers(from: RouteEntry, to: RouteEntry, peers: readonly string[]): readonly string[] {
  const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
  if (!isSame({ ...from, exports: [] }, { ...to, exports: [] })) return peers;
  const before = new Map(perPeer(from).map((item) => [item.peer, item.attributes]));
  const after = new Map(perPeer(to).map((item) => [item.peer, item.attributes]));
  return peers.filter((peer) => !isSame(before.get(peer), after.get(peer)));
}

type ToldPeer = { readonly peer: string; readonly attributes: ExportAttributes };

const perPeer = (entry: RouteEntry): ToldPeer[] =>
  entry.exports.flatMap(({ peers, attributes }) => peers.map((peer) => ({ peer, attributes })));

/** Peers with the same attributes share an export; peers ascend, and exports by their first peer. */
function grouped(exports: readonly ToldPeer[]): RouteExport[] {
  const groups = new Map<string, { peers: string[]; attributes: ExportAttributes }>();
  for (const { peer, attributes } of [...exports].sort((a, b) => compareText(a.peer, b.peer))) {
    const key = JSON.stringify(attributes);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { peers: [peer], attributes });
    else group.peers.push(peer);
  }
  return [...groups.values()];
}
