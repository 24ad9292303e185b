import type { AddressFamily } from '#net/ip-address.ts';
import { nodeKey, peerKey } from '#state/entry.ts';
import type { Cause, Evidence } from '#state/evidence.ts';
import { type Feature, featuresOf } from '#state/features.ts';
import type { ReasonCode } from '#state/reasons.ts';
import type { GovernContext, GovernedNode, SessionDecision } from '../decided.ts';
import { holdKey, nodeOwner } from '../hold-keys.ts';
import type { Doubt } from '../intent.ts';
import type { Ledger, Order } from '../ledger.ts';
import type { NodeProposal, PeerStanding, SessionEffect } from '../proposal.ts';
import { changedFields, sessionEffect } from '../session-effect.ts';
import { admit, wakeOf } from './admission.ts';
import type { Taking } from './guard.ts';

/**
 * Decides how a node takes part. Closing a session, or making it anew, takes routes away: a narrowing edit like any other.
 */
export function governNode(proposal: NodeProposal, ledger: Ledger, context: GovernContext): GovernedNode {
  const { node } = proposal;
  const found = [
    identityDifference(proposal, ledger, context),
    ...proposal.peers.map((peer) => peerDifference(node, peer, ledger, context)),
  ];
  const decisions: SessionDecision[] = [];
  const orders: Order[] = [];
  for (const difference of found) {
    if (difference === undefined) continue;
    const decision =
      difference.record === undefined
        ? undefined
        : judged(node, { ...difference.record, needs: needsOf(difference.order) }, ledger, context);
    if (decision !== undefined) decisions.push(decision);
    if (decision?.outcome !== 'hold') orders.push(difference.order);
  }
  return { node, decisions, orders, ...wakeOf(decisions) };
}

/** What is to be recorded and asked of one difference. */
type SessionRecord = {
  readonly peer?: string;
  readonly outcome: Exclude<SessionDecision['outcome'], 'hold'>;
  readonly effect: SessionEffect;
  readonly cause: Cause;
  readonly reason: ReasonCode;
  readonly evidence: readonly Evidence[];
  readonly doubts: readonly Doubt[];
  readonly inputs: SessionDecision['inputs'];
  /** Families that the session carries, and shall not any more. */
  readonly drops?: readonly AddressFamily[];
};

type Needing = SessionRecord & { readonly needs: readonly Feature[] };

const needsOf = (order: Order): Feature[] => (order.kind === 'set' ? featuresOf(order.entry) : []);

/** A difference, or without a record what the speaker has already, confirmed. */
type SessionDifference = { readonly record?: SessionRecord; readonly order: Order };

/** A router id that can't be had leaves the old one, and with it the sessions. */
function identityDifference(proposal: NodeProposal, ledger: Ledger, context: GovernContext): SessionDifference | undefined {
  const { node, identity, identityEvidence: evidence, identityDoubts: doubts } = proposal;
  const hasPeers = proposal.peers.some((peer) => peer.entry !== undefined);
  if (identity === undefined || !hasPeers) return undefined;
  const order: Order = { kind: 'set', node, entry: identity };
  const held = ledger.session(node, nodeKey);
  const told = { reason: 'RouterIdSet', evidence, doubts, inputs: { routerId: identity.routerId } } as const;
  if (held === undefined) return { order, record: { ...told, outcome: 'open', effect: 'none', cause: 'bringUp' } };
  if (held.entry?.kind === 'node' ? held.entry.routerId === identity.routerId : context.hashOf(identity) === held.hash) {
    return held.entry === undefined ? { order } : undefined;
  }
  return { order, record: { ...told, outcome: 'change', effect: 'bounce', cause: 'narrowing' } };
}

function peerDifference(node: string, standing: PeerStanding, ledger: Ledger, context: GovernContext): SessionDifference | undefined {
  const { peer, entry, reason, evidence, doubts } = standing;
  const key = peerKey(peer);
  const held = ledger.session(node, key);
  const told = { peer, reason, evidence, doubts, inputs: {} };
  if (entry === undefined) {
    if (held === undefined) return undefined;
    const order: Order = { kind: 'remove', node, key, countsAsFlap: false };
    return { order, record: { ...told, outcome: 'close', effect: 'bounce', cause: 'narrowing' } };
  }
  const order: Order = { kind: 'set', node, entry };
  if (held === undefined) return { order, record: { ...told, outcome: 'open', effect: 'none', cause: 'bringUp' } };
  if (held.entry?.kind !== 'peer') {
    // Another leader sent it: in what it differs can't be told, so the worst is assumed.
    return context.hashOf(entry) === held.hash
      ? { order }
      : { order, record: { ...told, outcome: 'change', effect: 'bounce', cause: 'narrowing' } };
  }
  const fields = changedFields(held.entry, entry);
  if (fields.length === 0) return undefined;
  const effect = sessionEffect(held.entry, entry);
  const inputs = { fields: fields.join(', ') };
  const drops = held.entry.families.filter((family) => !entry.families.includes(family));
  return { order, record: { ...told, inputs, drops, outcome: 'change', effect, cause: effect === 'bounce' ? 'narrowing' : 'attributes' } };
}

function judged(node: string, record: Needing, ledger: Ledger, context: GovernContext): SessionDecision {
  const { doubts, needs, drops: _, ...told } = record;
  const { nowMs, epoch } = context;
  const { cause, evidence } = record;
  const before = ledger.hold(nodeOwner(node), holdKey(record.peer ?? '', cause));
  const takes = takesOf(node, record, ledger);
  const question = { cause, node, evidence, doubts, needs, ...(takes && { takes }), ...(before && { before }) };
  const admission = admit(question, { ...context, ledger, countedElsewhere: nothingCounted });
  if (admission.rule === 'Admitted') return { ...told, node, rule: 'Admitted', sinceMs: nowMs, exit: '', epoch };
  const goesOn = before !== undefined && before.rule === admission.rule && before.reason === admission.reason;
  const inputs = { ...record.inputs, ...admission.inputs };
  return { ...told, ...admission, inputs, node, outcome: 'hold', sinceMs: goesOn ? before.sinceMs : nowMs, epoch };
}

/** A session that shall end, or one of its families, or that is made anew: that takes its routes away until it is back. */
function takesOf(node: string, { outcome, effect, peer, drops = [] }: SessionRecord, ledger: Ledger): Taking | undefined {
  if (peer === undefined) return undefined;
  if (outcome === 'close') return { what: 'session', routes: ledger.routesTold(node, peer) };
  if (outcome !== 'change' || effect !== 'bounce') return undefined;
  if (drops.length === 0) return { what: 'session', anew: peer };
  return { what: 'session', anew: peer, routes: drops.reduce((sum, family) => sum + ledger.routesTold(node, peer, family), 0) };
}

/** Sessions do not come up as places do: there is no hold-down, and nothing that would be counted. */
const nothingCounted = (): number => 0;
