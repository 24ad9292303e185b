import { nodeKey, type PeerEntry, peerKey } from '#state/entry.ts';
import { addressOf } from './address.ts';
import { compareText, doubtsAbout, seen, staleness } from './facts.ts';
import type { Doubt } from './intent.ts';
import type { Ledger } from './ledger.ts';
import { observingConfig } from './observing.ts';
import { peerFamilies } from './peer-families.ts';
import type { NodeProposal, PeerStanding } from './proposal.ts';
import { hasTombstone, type ObservedNode, type ObservedPeer, type View } from './view.ts';

/** How a node takes part: its BGP Identifier, and the routers it speaks to. */
export function compileNode(view: View, ledger: Ledger, name: string): NodeProposal {
  const node = view.node(name);
  const routerId = node && routerIdOf(node);
  const names = new Set([...view.peersOf(name).map((peer) => peer.key), ...ledger.peersOf(name)]);
  const peers = [...names].sort(compareText).map((peer) => peerStanding({ view, ledger, node, nodeName: name }, peer));
  const usesPeers = peers.some((peer) => peer.entry !== undefined || peer.reason === 'ObserveOnly');
  return {
    node: name,
    ...(routerId !== undefined && { identity: { kind: 'node', routerId } }),
    identityEvidence: node === undefined ? [] : [seen(node, `router id ${routerId}`)],
    identityDoubts: doubtsAbout(view, 'Node', name, node),
    peers,
    notes:
      node !== undefined && routerId === undefined && usesPeers && ledger.session(name, nodeKey) === undefined ? [noRouterId(name)] : [],
  };
}

/** A person's choice, else the first IPv4 InternalIP. */
function routerIdOf(node: ObservedNode): string | undefined {
  return node.routerId ?? node.internalAddresses.find((address) => addressOf(address).family === 'IPv4');
}

const noRouterId = (node: string): NodeProposal['notes'][number] => ({
  kind: 'Node',
  object: node,
  reason: 'NoRouterId',
  message: `Node ${node} has no IPv4 InternalIP to take its BGP Identifier from: annotate it with anycast-operator.io/router-id, any IPv4 address that no other node has.`,
});

/** What the judgement of the peers of one node needs. */
type Scope = { readonly view: View; readonly ledger: Ledger; readonly node: ObservedNode | undefined; readonly nodeName: string };

function peerStanding(scope: Scope, name: string): PeerStanding {
  const { view, node, nodeName } = scope;
  const peer = view.peer(name);
  const doubts = [...doubtsAbout(view, 'AnycastPeer', name, peer), ...doubtsAbout(view, 'Node', nodeName, node)];
  if (node?.presence === 'deleted') return { peer: name, reason: 'NodeDeleted', evidence: [seen(node, 'deleted')], doubts: [] };
  if (peer === undefined) return observedOnly(view, name) ?? { peer: name, reason: 'InputMissing', evidence: [], doubts };
  if (hasTombstone(peer)) return { peer: name, reason: 'PeerDeleted', evidence: [seen(peer, 'deleted')], doubts: [] };
  const isSelected = view.peersOf(nodeName).some((candidate) => candidate.key === name);
  if (!isSelected) return { peer: name, reason: 'PeerNotForNode', evidence: [seen(peer, `does not select ${nodeName}`)], doubts };
  const observed = observedOnly(view, name);
  if (observed !== undefined) return observed;
  const evidence = [seen(peer, `selects ${nodeName}`)];
  return {
    peer: name,
    entry: peerEntry(peer),
    reason: 'PeerSelected',
    evidence,
    doubts: [...doubts, ...openingDoubts(scope, name), ...passwordDoubts(peer)],
  };
}

/** No session is to be, whatever the peer says. */
function observedOnly(view: View, peer: string): PeerStanding | undefined {
  const config = observingConfig(view);
  if (config === undefined) return undefined;
  const doubts = doubtsAbout(view, 'AnycastConfig', config.key, config);
  return { peer, reason: 'ObserveOnly', evidence: [seen(config, 'mode Observe')], doubts };
}

/** A session that is not there yet waits until it is known that the mode is not Observe; one that is there does not. */
function openingDoubts({ view, ledger, nodeName }: Scope, peer: string): Doubt[] {
  if (ledger.session(nodeName, peerKey(peer)) !== undefined) return [];
  const config = view.config();
  return config === undefined ? staleness(view, 'AnycastConfig') : doubtsAbout(view, 'AnycastConfig', config.key, config);
}

function passwordDoubts({ passwordSecret, session }: ObservedPeer): Doubt[] {
  if (passwordSecret === undefined || session.password !== undefined) return [];
  return [{ reason: 'InputMissing', kind: 'Secret', object: passwordSecret }];
}

const peerEntry = (peer: ObservedPeer): PeerEntry => ({ ...peer.session, families: peerFamilies(peer) });
