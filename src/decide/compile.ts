import type { AddressFamily } from '#net/ip-address.ts';
import { exact } from '#runtime/exact.ts';
import type { ExportAttributes } from '#state/attributes.ts';
import type { Evidence } from '#state/evidence.ts';
import { uniteAttributes } from './attributes.ts';
import { selectsNamespace } from './claim.ts';
import { byAge, doubtsAbout, facts, seen, staleness } from './facts.ts';
import type { AddressIntent, Doubt, Intent, Standing } from './intent.ts';
import type { Ledger } from './ledger.ts';
import { maxEvidence } from './limits.ts';
import { peerFamilies } from './peer-families.ts';
import type { Note, PeerExport, PlaceProposal, Proposal } from './proposal.ts';
import { rememberingLast } from './remembering-last.ts';
import { selects } from './selector.ts';
import { hasTombstone, type ObservedAdvertisement, type ObservedPeer, type View } from './view.ts';

/** What each peer would hear of a Service if nothing held it back: the Intent under the advertisements and peers that match. */
export function compile(view: View, ledger: Ledger, intent: Intent): Proposal {
  const notes = new Map<string, Note>();
  const unite = uniting(notes);
  const places = intent.addresses.flatMap((address) => {
    const matching = advertisementsFor(view, intent.service, address);
    const exportsTo = exporting(view, address, unite);
    return address.standings.map((standing) => placeProposal({ view, ledger, address, matching, exportsTo }, standing));
  });
  return { service: intent.service, gate: intent.gate, places: exact(places), notes: [...notes.values()] };
}

/** What the compilation of one place needs. */
type Scope = {
  readonly view: View;
  readonly ledger: Ledger;
  readonly address: AddressIntent;
  /** Advertisements that match Service, namespace and pool, oldest first. */
  readonly matching: readonly ObservedAdvertisement[];
  /** What peers hear under the advertisements that select their node. */
  readonly exportsTo: (peers: readonly ObservedPeer[], selecting: readonly ObservedAdvertisement[]) => readonly PeerExport[];
};

/** Attributes of advertisements that match together, oldest first. */
type Unite = (saying: readonly ObservedAdvertisement[]) => ExportAttributes;

/** Unites attributes once for all nodes and peers in a row that the same advertisements select. */
const uniting = (notes: Map<string, Note>): Unite => {
  const unite = rememberingLast((...saying: readonly ObservedAdvertisement[]) => {
    const united = uniteAttributes(saying);
    for (const note of united.notes) notes.set(`${note.object}: ${note.message}`, note);
    return united.attributes;
  });
  return (saying) => unite(...saying);
};

/** Advertisements that speak of the address at all; nodes and peers are matched per place. */
function advertisementsFor(view: View, serviceKey: string, address: AddressIntent): ObservedAdvertisement[] {
  const service = view.service(serviceKey);
  const pool = [...view.pools()].find((candidate) => candidate.key === address.pool);
  if (service === undefined || pool === undefined) return [];
  const speaksOf = (advertisement: ObservedAdvertisement): boolean =>
    !hasTombstone(advertisement) &&
    selects(advertisement.poolSelector, pool.labels) &&
    selects(advertisement.serviceSelector, service.labels) &&
    selectsNamespace(view, advertisement.namespaceSelector, service.namespace);
  return [...view.advertisements()].filter(speaksOf).sort(byAge);
}

/** A refused place has no exports. One whose endpoints fail has: should that be held back, the rest of the policy still applies. */
function placeProposal(scope: Scope, standing: Standing): PlaceProposal {
  const refused = standing.wanted === 'no' && standing.cause !== 'soft' && standing.cause !== 'hard';
  const exports = refused ? [] : exportsOf(scope, standing.place.node);
  const wanted = new Set(exports.map((item) => item.peer));
  const held = scope.ledger.route(standing.place)?.order?.peers ?? [];
  const peers = held.filter((peer) => !wanted.has(peer));
  // What says so is looked for only where a peer loses the route: most places lose nothing.
  const lost = peers.length === 0 ? nothingLost : { peers, ...narrowing(scope, standing.place.node, peers) };
  if (refused || exports.length > 0) return { standing, exports, lost };
  const isSure = standing.wanted === 'no' && standing.doubts.length === 0;
  if (isSure) return { standing, exports, lost };
  const { evidence, doubts } = peers.length === 0 ? narrowing(scope, standing.place.node, []) : lost;
  return {
    standing: { ...standing, wanted: 'no', cause: 'narrowing', reason: 'NotSelected', evidence, doubts },
    exports,
    lost,
  };
}

const nothingLost: PlaceProposal['lost'] = { peers: [], evidence: [], doubts: [] };

function exportsOf(scope: Scope, nodeName: string): readonly PeerExport[] {
  const { view, matching } = scope;
  const node = view.node(nodeName);
  if (node === undefined) return [];
  return scope.exportsTo(
    view.peersOf(nodeName),
    matching.filter((advertisement) => selects(advertisement.nodeSelector, node.labels)),
  );
}

/** Makes exports once for all nodes in a row that the same advertisements select, and that have the same peers. */
function exporting(view: View, address: AddressIntent, unite: Unite): Scope['exportsTo'] {
  const exportsTo = rememberingLast((selecting: readonly ObservedAdvertisement[], ...peers: readonly ObservedPeer[]) =>
    peers.flatMap((peer) => exportTo(view, address, peer, selecting, unite)),
  );
  const same = rememberingLast((...selecting: readonly ObservedAdvertisement[]) => selecting);
  return (peers, selecting) => exportsTo(same(...selecting), ...peers);
}

function exportTo(
  view: View,
  address: AddressIntent,
  peer: ObservedPeer,
  selecting: readonly ObservedAdvertisement[],
  unite: Unite,
): readonly PeerExport[] {
  if (!carries(peer, address.family)) return [];
  const saying = selecting.filter((advertisement) => selects(advertisement.peerSelector, peer.labels));
  if (saying.length === 0) return [];
  const evidence = facts(saying, () => `selects ${address.prefix} to ${peer.key}`);
  return [{ peer: peer.key, attributes: unite(saying), evidence, doubts: exportDoubts(view, saying, peer) }];
}

/** Whether a peer is there and takes routes of the family. */
const carries = (peer: ObservedPeer, family: AddressFamily): boolean => !hasTombstone(peer) && peerFamilies(peer).includes(family);

/** An advertisement that is missing stays in force, but brings up nothing by itself. */
function exportDoubts(view: View, saying: readonly ObservedAdvertisement[], peer: ObservedPeer): Doubt[] {
  const anyThere = saying.some((advertisement) => advertisement.presence === 'present');
  const missing = anyThere ? [] : saying.slice(0, 1);
  return [
    ...missing.map((item): Doubt => ({ reason: 'InputMissing', kind: item.kind, object: item.key })),
    ...staleness(view, 'AnycastAdvertisement', 'Namespace'),
    ...doubtsAbout(view, 'AnycastPeer', peer.key, peer),
  ];
}

/** What says that something shall not be, and what stands against believing it. */
type Said = { readonly evidence: readonly Evidence[]; readonly doubts: readonly Doubt[] };

/** What says that peers on a node shall not hear the route any more. One peer that nothing is known of leaves all in doubt. */
function narrowing(scope: Scope, node: string, peers: readonly string[]): Said {
  const said = peers.length === 0 ? [unselected(scope, node)] : peers.map((peer) => peerSays(scope, node, peer) ?? unselected(scope, node));
  if (said.some(({ evidence }) => evidence.length === 0)) return { evidence: [], doubts: said.flatMap(({ doubts }) => doubts) };
  return { evidence: said.flatMap(({ evidence }) => evidence).slice(0, maxEvidence), doubts: said.flatMap(({ doubts }) => doubts) };
}

/** The advertisements say so, with everything that their selectors look at. */
function unselected({ view, address }: Scope, node: string): Said {
  return {
    evidence: facts(view.advertisements(), () => `does not select ${address.prefix} on ${node}`),
    doubts: [
      ...staleness(view, 'Service', 'Namespace', 'AnycastPool', 'AnycastAdvertisement', 'AnycastPeer'),
      ...doubtsAbout(view, 'Node', node, view.node(node)),
    ],
  };
}

/** What the peer itself says; undefined where it is the advertisements that do. */
function peerSays({ view, address }: Scope, nodeName: string, name: string): Said | undefined {
  const peer = view.peer(name);
  const doubts = doubtsAbout(view, 'AnycastPeer', name, peer);
  if (peer === undefined) return { evidence: [], doubts };
  if (!carries(peer, address.family)) return { evidence: [seen(peer, `does not carry ${address.family}`)], doubts };
  if (view.peersOf(nodeName).some((candidate) => candidate.key === name)) return undefined;
  const node = doubtsAbout(view, 'Node', nodeName, view.node(nodeName));
  return { evidence: [seen(peer, `does not select ${nodeName}`)], doubts: [...doubts, ...node] };
}
