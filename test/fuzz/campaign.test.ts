import { describe, expect, it } from 'vitest';
import { type CampaignResult, runCampaign } from './campaign.ts';

/** Another one each day, so that the short campaigns of many runs are a long one; `FUZZ_SEED` repeats one. */
const seed = Number(process.env['FUZZ_SEED'] ?? Math.floor(Date.now() / 86_400_000));
const messages = 25_000;

describe(`a campaign with seed ${seed}`, () => {
  const run = (): CampaignResult => runCampaign({ seed, messages });

  it('finds no message that throws, hangs, ends a session for which RFC 7606 has something weaker, or is not itself when encoded again', () => {
    const { done, findings, outcomes, sessions } = run();
    expect(findings).toEqual([]);
    expect(done).toBe(messages);
    // It reaches what it is for: every outcome often, and sessions that live for several messages.
    for (const times of Object.values(outcomes)) expect(times).toBeGreaterThan(messages / 100);
    expect(sessions).toBeLessThan(messages / 2);
  });

  it('is the same again', () => {
    const again = { seed, messages: 500 };
    expect(runCampaign(again)).toEqual(runCampaign(again));
  });
});
