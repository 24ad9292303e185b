import type { Guard } from './guard.ts';

/** What needs something that the speaker lacks is not sent to it: what it runs stays as it is. */
export const speakerAble: Guard = ({ node, needs = [] }, { ledger }) => {
  const has = ledger.features(node);
  const lacking = needs.filter((feature) => !has.has(feature));
  if (lacking.length === 0) return undefined;
  const features = lacking.join(', ');
  return {
    reason: 'FeatureMissing',
    inputs: { features },
    exit: `It goes on when the speaker on ${node} is one that can, or nothing asks for it any more.`,
  };
};
