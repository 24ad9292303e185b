import { heldDownUntilMs } from '../flap-history.ts';
import type { Guard } from './guard.ts';

/**
 * A place that was withdrawn repeatedly waits before it comes up again, as long as another place can be counted on: going up
 * late must never be an outage.
 */
export const holdDown: Guard = ({ comesUp }, facts) => {
  const record = comesUp && facts.ledger.withdrawals(comesUp);
  if (comesUp === undefined || record === undefined) return undefined;
  const untilMs = heldDownUntilMs(record);
  if (facts.nowMs >= untilMs) return undefined;
  const countedElsewhere = facts.countedElsewhere(comesUp);
  if (countedElsewhere === 0) return undefined;
  return {
    reason: 'HoldDown',
    inputs: { withdrawals: record.count, remainingMs: Math.ceil(untilMs - facts.nowMs), countedElsewhere },
    untilMs,
    exit: 'Time passes without another withdrawal, or no other place is left.',
  };
};
