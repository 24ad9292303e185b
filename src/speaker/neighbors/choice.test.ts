import { describe, expect, it } from 'vitest';
import { type Choice, hear, maxRivals, silentMs } from './choice.ts';

const [a, b] = ['fe80::a', 'fe80::b'];
const first: Choice = { router: a, heardMs: 1_000, rivals: [] };

describe('the router of an unnumbered peer', () => {
  it('is the first that is heard', () => {
    expect(hear(undefined, a, 1_000, false)).toEqual(first);
  });

  it('stays while it is heard, whoever else is', () => {
    let choice = first;
    for (let nowMs = 2_000; nowMs < 10 * silentMs; nowMs += silentMs)
      choice = hear(hear(choice, a, nowMs, false), b, nowMs + silentMs, false);
    expect(choice).toMatchObject({ router: a, rivals: [b] });
  });

  it('stays while it has the session, however silent it is', () => {
    expect(hear(first, b, 1_000_000, true)).toEqual({ ...first, rivals: [b] });
  });

  it('is another one when it is silent and has no session', () => {
    expect(hear({ ...first, rivals: [b] }, b, 1_001 + silentMs, false)).toEqual({ router: b, heardMs: 1_001 + silentMs, rivals: [] });
  });

  it('has a bounded number of rivals, each once', () => {
    let choice = first;
    for (let index = 0; index < 20; index += 1) choice = hear(choice, `fe80::${index % 10}`, 2_000, false);
    expect(choice.rivals).toEqual(['fe80::0', 'fe80::1', 'fe80::2', 'fe80::3']);
    expect(choice.rivals).toHaveLength(maxRivals);
  });
});
