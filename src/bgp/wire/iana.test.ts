import { describe, expect, it } from 'vitest';
import { familyOf } from './iana.ts';

describe('the family of an AFI and a SAFI', () => {
  it.each([
    [1, 1, 'IPv4'],
    [2, 1, 'IPv6'],
    [1, 128, undefined],
    [25, 1, undefined],
    [0, 0, undefined],
  ])('AFI %i, SAFI %i: %s', (afi, safi, family) => {
    expect(familyOf(afi, safi)).toBe(family);
  });
});
