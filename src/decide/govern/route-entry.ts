import { sameValue } from '#runtime/same-value.ts';
import type { ExportAttributes } from '#state/attributes.ts';
import type { RouteEntry, RouteExport } from '#state/entry.ts';
import { depreferenced } from '../attributes.ts';
import { compareText } from '../facts.ts';
import type { PlaceProposal, Proposal } from '../proposal.ts';

/** What an entry may say of its endpoints: whether they serve, or only leaving ones are left. */
export type EntryReason = 'Serving' | 'Leaving';

/** The entry that tells a speaker of a route, to the peers that `mayHear`. */
export function routeEntry(
  proposal: Proposal,
  prefix: string,
  exports: PlaceProposal['exports'],
  reason: EntryReason,
  ...mayHear: readonly string[]
): RouteEntry {
  const heard = exports.filter((item) => mayHear.includes(item.peer));
  return {
    kind: 'route',
    prefix,
    service: proposal.service,
    reason,
    gate: proposal.gate,
    exports: grouped(
      heard.map(({ peer, attributes }) => ({ peer, attributes: reason === 'Leaving' ? depreferenced(attributes) : attributes })),
    ),
  };
}

/** What the endpoints surely say; undefined where they say something else, or are not to be believed. */
export function sureReason({ standing }: PlaceProposal): EntryReason | undefined {
  const speaks = standing.reason === 'Serving' || standing.reason === 'Leaving';
  return speaks && standing.doubts.length === 0 ? standing.reason : undefined;
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
  if (!sameValue({ ...from, exports: [] }, { ...to, exports: [] })) return peers;
  const before = new Map(perPeer(from).map((item) => [item.peer, item.attributes]));
  const after = new Map(perPeer(to).map((item) => [item.peer, item.attributes]));
  return peers.filter((peer) => !sameValue(before.get(peer), after.get(peer)));
}

type ToldPeer = { readonly peer: string; readonly attributes: ExportAttributes };

const perPeer = (entry: RouteEntry): ToldPeer[] =>
  entry.exports.flatMap(({ peers, attributes }) => peers.map((peer) => ({ peer, attributes })));

/** Peers with the same attributes share an export; peers ascend, and exports by their first peer. */
function grouped(exports: readonly ToldPeer[]): RouteExport[] {
  if (exports.length <= 1) return exports.map(({ peer, attributes }) => ({ peers: [peer], attributes }));
  const groups = new Map<string, { peers: string[]; attributes: ExportAttributes }>();
  for (const { peer, attributes } of [...exports].sort((a, b) => compareText(a.peer, b.peer))) {
    const key = JSON.stringify(attributes);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { peers: [peer], attributes });
    else group.peers.push(peer);
  }
  return [...groups.values()];
}
