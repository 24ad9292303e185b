import { type Guard, holdForDoubt } from './guard.ts';

/** What is said about endpoints while their Node is not Ready, or was not until a moment ago, changes nothing: their last verdict stays. */
export const nodeKnown: Guard = (question) => {
  const hold = holdForDoubt(question, 'NodeUnknown', (doubt) => `Node ${doubt.object} is Ready for 30 s without a break.`);
  const times = question.doubts.flatMap((doubt) => (doubt.reason === 'NodeUnknown' && doubt.untilMs !== undefined ? [doubt.untilMs] : []));
  // Of several nodes the first that becomes known may decide; for the rest it is asked again then.
  return hold && (times.length === 0 ? hold : { ...hold, untilMs: Math.min(...times) });
};
