import { compile } from './compile.ts';
import { compileNode } from './compile-node.ts';
import type { GovernContext, Governed, GovernedNode } from './decided.ts';
import { govern } from './govern/govern.ts';
import { governNode } from './govern/govern-node.ts';
import { intend } from './intend.ts';
import type { Intent } from './intent.ts';
import type { Ledger } from './ledger.ts';
import type { Note } from './proposal.ts';
import type { View } from './view.ts';

/** The whole way of one Service: who can serve, what each peer would hear, what may change now. */
export function decideService(
  view: View,
  ledger: Ledger,
  service: string,
  context: GovernContext,
): { readonly intent: Intent; readonly notes: readonly Note[]; readonly governed: Governed } {
  const intent = intend(view, ledger, service, context.nowMs);
  const proposal = compile(view, ledger, intent);
  return { intent, notes: proposal.notes, governed: govern(proposal, ledger, context) };
}

/** The whole way of one node: its identity and its sessions. */
export function decideNode(
  view: View,
  ledger: Ledger,
  node: string,
  context: GovernContext,
): { readonly notes: readonly Note[]; readonly governed: GovernedNode } {
  const proposal = compileNode(view, ledger, node);
  return { notes: proposal.notes, governed: governNode(proposal, ledger, context) };
}
