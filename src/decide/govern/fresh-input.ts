import { type Guard, holdForDoubt } from './guard.ts';

/** What was not heard of recently, or went back in time, changes nothing. */
export const freshInput: Guard = (question) =>
  holdForDoubt(
    question,
    'InputStale',
    ({ kind }) =>
      `The API server answers again about objects of kind ${kind}; where it was restored from a backup, restart the operator to accept what it says now.`,
  );
