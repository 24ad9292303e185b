import type { Guard } from './guard.ts';

/** Nothing is decided for a node before its speaker said what its routers have: a difference from an unknown is none. */
export const speakerHeard: Guard = ({ node }, { ledger }) => {
  if (ledger.heard(node)) return undefined;
  return { reason: 'SpeakerNotHeard', inputs: { node }, exit: `The speaker on ${node} connects and says Hello.` };
};
