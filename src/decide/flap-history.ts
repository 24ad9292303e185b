import type { WithdrawalRecord } from './ledger.ts';
import { holdDownFirstMs, holdDownForgetMs, holdDownMaxMs } from './limits.ts';

/** Hold-down after the latest of `count` withdrawals, in milliseconds: none after the first, then doubling. */
export function holdDownMs(count: number): number {
  if (count < 2) return 0;
  return Math.min(holdDownMaxMs, holdDownFirstMs * 2 ** Math.min(count - 2, 30));
}

/** When a place may come up again, monotonic milliseconds. */
export const heldDownUntilMs = (record: WithdrawalRecord): number => record.lastMs + holdDownMs(record.count);

/** Counts one more withdrawal. A place that was calm for long enough after its hold-down starts anew. */
export function withdrawalRecorded(record: WithdrawalRecord | undefined, nowMs: number): WithdrawalRecord {
  const isForgotten = record === undefined || nowMs - heldDownUntilMs(record) >= holdDownForgetMs;
  return { count: isForgotten ? 1 : record.count + 1, lastMs: nowMs };
}
