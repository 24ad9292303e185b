import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { heldDownUntilMs, holdDownMs, withdrawalRecorded } from './flap-history.ts';
import type { WithdrawalRecord } from './ledger.ts';
import { holdDownForgetMs, holdDownMaxMs } from './limits.ts';

describe('hold-down', () => {
  it('is none after the first withdrawal, then 10 s, doubling to 10 min', () => {
    expect([0, 1, 2, 3, 4, 7, 8, 9, 1_000].map(holdDownMs)).toEqual([0, 0, 10_000, 20_000, 40_000, 320_000, 600_000, 600_000, 600_000]);
  });

  it('starts anew after 10 calm minutes, counted from its end', () => {
    const second: WithdrawalRecord = { count: 2, lastMs: 1_000 };
    const calmAtMs = 1_000 + 10_000 + holdDownForgetMs;
    expect(withdrawalRecorded(undefined, 5)).toEqual({ count: 1, lastMs: 5 });
    expect(withdrawalRecorded(second, calmAtMs - 1)).toEqual({ count: 3, lastMs: calmAtMs - 1 });
    expect(withdrawalRecorded(second, calmAtMs)).toEqual({ count: 1, lastMs: calmAtMs });
  });

  it('never ends before it began, nor lasts longer than 10 min', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(2_000_000), { maxLength: 50 }), (gaps) => {
        let record: WithdrawalRecord | undefined;
        let nowMs = 0;
        for (const gap of gaps) {
          nowMs += gap;
          record = withdrawalRecorded(record, nowMs);
          expect(heldDownUntilMs(record)).toBeGreaterThanOrEqual(nowMs);
          expect(heldDownUntilMs(record)).toBeLessThanOrEqual(nowMs + holdDownMaxMs);
        }
      }),
    );
  });
});
