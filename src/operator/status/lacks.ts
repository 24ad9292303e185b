import type { SessionDecision } from '#decide/decided.ts';
import type { StatusFacts } from './facts.ts';

/** What keeps the speaker of a node from running what a peer asks, a sentence that names node and features; undefined: nothing. */
export const lackOf = (facts: StatusFacts, node: string, peer: string): string | undefined =>
  lacks(facts, node).find(({ decision }) => decision.peer === peer)?.message;

/** The first of all peers that the speaker of a node can not run as asked. */
export const anyLackOn = (facts: StatusFacts, node: string): string | undefined => lacks(facts, node)[0]?.message;

function lacks({ outcomes }: StatusFacts, node: string): { readonly decision: SessionDecision; readonly message: string }[] {
  const held = outcomes.node(node)?.decisions.filter(({ reason }) => reason === 'FeatureMissing') ?? [];
  return held.map((decision) => {
    const { peer, inputs, exit } = decision;
    return {
      decision,
      message: `${node}: the speaker can not run ${inputs['features']} for ${peer}, and goes on with what it has. ${exit}`,
    };
  });
}
