import { type Guard, holdForDoubt } from './guard.ts';

/** What was never seen, or is gone without a tombstone, changes nothing. */
export const presentInput: Guard = (question) =>
  holdForDoubt(question, 'InputMissing', ({ kind, object }) =>
    kind === 'Secret'
      ? `Secret ${object} is there, with a password that can be used.`
      : `${kind} ${object} is seen again, or seen to be deleted.`,
  );
