import { type Guard, holdForDoubt } from './guard.ts';

/** What was not heard of recently changes nothing. */
export const freshInput: Guard = (question) =>
  holdForDoubt(question, 'InputStale', (doubt) => `The API server answers again about objects of kind ${doubt.kind}.`);
