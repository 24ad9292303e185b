import { describe, expect, it } from 'vitest';
import { weDominate } from './collision.ts';

describe('of two connections the one stays', () => {
  it('that the side with the higher BGP Identifier opened', () => {
    expect(weDominate({ routerId: 2, asn: 1 }, { routerId: 1, asn: 9 })).toBe(true);
    expect(weDominate({ routerId: 1, asn: 9 }, { routerId: 0xffffffff, asn: 1 })).toBe(false);
  });

  it('that the side with the higher AS opened, between equal identifiers', () => {
    expect(weDominate({ routerId: 1, asn: 64500 }, { routerId: 1, asn: 64499 })).toBe(true);
    expect(weDominate({ routerId: 1, asn: 64500 }, { routerId: 1, asn: 4_200_000_000 })).toBe(false);
  });
});
