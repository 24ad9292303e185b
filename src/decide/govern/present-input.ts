import { type Guard, holdForDoubt } from './guard.ts';

/** What was never seen, or is gone without a tombstone, changes nothing. */
export const presentInput: Guard = (question) =>
  holdForDoubt(question, 'InputMissing', (doubt) => `${doubt.kind} ${doubt.object} is seen again, or seen to be deleted.`);
