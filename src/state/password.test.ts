import { describe, expect, it } from 'vitest';
import { passwordIn, passwordProblem } from './password.ts';

describe('a password', () => {
  it('has 1 to 80 octets, however many characters these are', () => {
    expect(passwordProblem('x')).toBeUndefined();
    expect(passwordProblem('ä'.repeat(40))).toBeUndefined();
    expect(passwordProblem('')).toBe('has 0 octets: 1 to 80 are allowed');
    expect(passwordProblem('ä'.repeat(41))).toBe('has 82 octets: 1 to 80 are allowed');
  });

  it('is the first line of a text', () => {
    expect(passwordIn('pass word\n')).toEqual({ ok: true, value: 'pass word' });
    expect(passwordIn('one\ntwo')).toEqual({ ok: true, value: 'one' });
    expect(passwordIn('\ntwo')).toEqual({ ok: false, error: 'has 0 octets: 1 to 80 are allowed' });
  });
});
