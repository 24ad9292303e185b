import type { LeaveAnswer } from '#state/messages.ts';
import type { HeldRoute, Ledger } from './ledger.ts';
import type { ObservedNode, View } from './view.ts';

/** Whether another speaker follows on the node of one that leaves. `unknown`: nobody could say. */
export type Successor = 'comes' | 'none' | 'unknown';

/** What a leaving speaker's routes shall do, and why. */
export type LeaveDecision = {
  readonly action: LeaveAnswer['action'];
  /**
   * `NodeLeaves`: the node is being deleted, drained, or is shutting down. `Replaced`: a new speaker follows here. `NotReplaced`: none
   * does. `NotKnown`: the API server could not be asked.
   */
  readonly why: 'NodeLeaves' | 'Replaced' | 'NotReplaced' | 'NotKnown';
  /** What says so: a sentence part. */
  readonly fact: string;
  /** A route that no other place announces, which is why it stays. */
  readonly last?: string;
};

/**
 * Why a speaker leaves is known here, not on its node (governor.md: Leave). One that is replaced closes quietly: its successor takes
 * its routes up, and where graceful restart was agreed no router moves. One that leaves for good takes its routes back, except
 * where it announces a route that no other place does: then it stays for as long as its pod may.
 */
export function answerLeave(view: View, ledger: Ledger, node: string, successor: Successor): LeaveDecision {
  const leaves = leavingFact(view.node(node));
  if (leaves === undefined && successor === 'comes')
    return { action: 'restart', why: 'Replaced', fact: 'its DaemonSet runs a speaker here' };
  const why = leaves === undefined ? (successor === 'none' ? 'NotReplaced' : 'NotKnown') : 'NodeLeaves';
  const fact = leaves ?? (successor === 'none' ? 'its DaemonSet is gone or going' : 'whether another speaker follows is not known');
  const last = lastAnnounced(ledger, node);
  return last === undefined ? { action: 'withdraw', why, fact } : { action: 'stay', why, fact, last };
}

/** What says that a node goes; undefined where nothing does. While it shuts down in order its kubelet says that it is not Ready. */
function leavingFact(node: ObservedNode | undefined): string | undefined {
  if (node === undefined) return undefined;
  if (node.presence !== 'present') return `the Node is ${node.presence}`;
  if (node.leavingTaint !== undefined) return `the Node has the taint ${node.leavingTaint}`;
  return node.readySinceMs === undefined ? 'the Node is not Ready' : undefined;
}

/** A route of the node that no other place announces surely. */
function lastAnnounced(ledger: Ledger, node: string): string | undefined {
  for (const service of ledger.servicesOn(node)) {
    for (const route of ledger.routesOf(service)) {
      const { prefix } = route.place;
      if (route.place.node === node && isAnnounced(route) && !isElsewhere(ledger, prefix, node)) return prefix;
    }
  }
  return undefined;
}

const isAnnounced = ({ order, announced }: HeldRoute): boolean => order !== undefined && announced.length > 0;

function isElsewhere(ledger: Ledger, prefix: string, node: string): boolean {
  for (const route of ledger.routesAt(prefix)) {
    if (route.place.node !== node && isAnnounced(route) && ledger.live(route.place.node)) return true;
  }
  return false;
}
