import { nodeKey, type PeerEntry } from '#state/entry.ts';
import { addressOf } from './address.ts';
import { compareText, doubtsAbout, seen } from './facts.ts';
import type { Ledger } from './ledger.ts';
import { peerFamilies } from './peer-families.ts';
import type { NodeProposal, PeerStanding } from './proposal.ts';
import { hasTombstone, type ObservedNode, type ObservedPeer, type View } from './view.ts';

/** How a node takes part: its BGP Identifier, and the routers it speaks to. */
export function compileNode(view: View, ledger: Ledger, name: string): NodeProposal {
  const node = view.node(name);
  const routerId = node && routerIdOf(node);
  const names = new Set([...view.peersOf(name).map((peer) => peer.key), ...ledger.peersOf(name)]);
  const peers = [...names].sort(compareText).map((peer) => peerStanding(view, node, peer, name));
  const usesPeers = peers.some((peer) => peer.entry !== undefined);
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

function peerStanding(view: View, node: ObservedNode | undefined, name: string, nodeName: string): PeerStanding {
  const peer = view.peer(name);
  const doubts = [...doubtsAbout(view, 'AnycastPeer', name, peer), ...doubtsAbout(view, 'Node', nodeName, node)];
  if (node?.presence === 'deleted') return { peer: name, reason: 'NodeDeleted', evidence: [seen(node, 'deleted')], doubts: [] };
  if (peer === undefined) return { peer: name, reason: 'InputMissing', evidence: [], doubts };
  if (hasTombstone(peer)) return { peer: name, reason: 'PeerDeleted', evidence: [seen(peer, 'deleted')], doubts: [] };
  const isSelected = view.peersOf(nodeName).some((candidate) => candidate.key === name);
  if (!isSelected) return { peer: name, reason: 'PeerNotForNode', evidence: [seen(peer, `does not select ${nodeName}`)], doubts };
  return { peer: name, entry: peerEntry(peer), reason: 'PeerSelected', evidence: [seen(peer, `selects ${nodeName}`)], doubts };
}

const peerEntry = (peer: ObservedPeer): PeerEntry => ({ ...peer.session, families: peerFamilies(peer) });
