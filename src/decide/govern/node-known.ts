import { type Guard, holdForDoubt } from './guard.ts';

/** What is said about endpoints while their Node is not Ready, or was not until a moment ago, changes nothing: their last verdict stays. */
export const nodeKnown: Guard = (question) =>
  holdForDoubt(question, 'NodeUnknown', (doubt) => `Node ${doubt.object ?? ''} is Ready for 30 s without a break.`);
