import { describe, expect, it } from 'vitest';
import { type Condition, withConditions } from './conditions.ts';

const ready: Condition = {
  type: 'Ready',
  status: 'True',
  reason: 'Announced',
  message: 'on 3 nodes',
  observedGeneration: 1,
  lastTransitionTime: '2026-01-01T00:00:00Z',
};
const { lastTransitionTime: _, ...wantedReady } = ready;
const now = '2026-01-02T00:00:00Z';

describe('conditions', () => {
  it('keep their time while the status stays, whatever else changes', () => {
    const changed = { ...wantedReady, reason: 'Partly', message: 'on 2 nodes', observedGeneration: 2 };
    expect(withConditions([ready], [changed], now)).toEqual([{ ...changed, lastTransitionTime: ready.lastTransitionTime }]);
  });

  it('get a new time when the status changes, or when they are new', () => {
    const wanted = [
      { ...wantedReady, status: 'False' as const },
      { ...wantedReady, type: 'Accepted' },
    ];
    expect(withConditions([ready], wanted, now).map(({ lastTransitionTime }) => lastTransitionTime)).toEqual([now, now]);
  });

  it('are left out when they are not wanted', () => {
    expect(withConditions([ready, { ...ready, type: 'Stalled' }], [wantedReady], now)).toEqual([ready]);
  });

  it('are the very same when nothing is different', () => {
    const current = [ready];
    expect(withConditions(current, [wantedReady], now)).toBe(current);
  });

  it.each([{ reason: 'Other' }, { message: 'other' }, { observedGeneration: 2 }, { type: 'Other' }, { status: 'Unknown' as const }])(
    'are not the same with %o',
    (difference) => {
      const current = [ready];
      expect(withConditions(current, [{ ...wantedReady, ...difference }], now)).not.toBe(current);
    },
  );
});
