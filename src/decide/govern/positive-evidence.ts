import type { Guard } from './guard.ts';

/** A change rests on a fact that was seen: a fresh object that states it, or a tombstone. Silence and absence are none. */
export const positiveEvidence: Guard = ({ evidence }) => {
  if (evidence.length > 0) return undefined;
  return { reason: 'NoEvidence', inputs: { evidence: 0 }, exit: 'An object is seen that says so, or that it is deleted.' };
};
