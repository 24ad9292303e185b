import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unwrap } from '#runtime/result.ts';
import { asTrans, maxAsn, parseAsn } from './asn.ts';
import { formatCommunity, formatLargeCommunity, parseCommunity, parseLargeCommunity, wellKnownCommunities } from './community.ts';

describe('a community', () => {
  it.each([
    ['64500:100', 64500 * 65536 + 100],
    ['0:0', 0],
    ['65535:65535', 0xffffffff],
    ['no-export', 0xffffff01],
    ['graceful-shutdown', 0xffff0000],
  ])('%s is read', (text, value) => {
    expect(unwrap(parseCommunity(text))).toBe(value);
  });

  it.each(['', '1', '1:2:3', '65536:0', '0:65536', '01:1', '-1:1', '1: 1', 'toString', 'No-Export'])('"%s" is refused', (text) => {
    const result = parseCommunity(text);
    expect(result.ok ? '' : result.error).toContain(`"${text}" is not a community: write two numbers`);
  });

  it('has one text form, also where it has a name', () => {
    fc.assert(
      fc.property(fc.nat(0xffffffff), (community) => {
        expect(unwrap(parseCommunity(formatCommunity(community)))).toBe(community);
      }),
    );
    expect(Object.values(wellKnownCommunities).map(formatCommunity)).toContain('65535:65281');
  });
});

describe('a large community', () => {
  it('has one text form', () => {
    const part = fc.nat(0xffffffff);
    fc.assert(
      fc.property(fc.tuple(part, part, part), (community) => {
        expect(unwrap(parseLargeCommunity(formatLargeCommunity(community)))).toEqual(community);
      }),
    );
  });

  it.each(['', '1:2', '1:2:3:4', '4294967296:0:0', '1:02:3', 'a:b:c', '12345678901:0:0'])('"%s" is refused', (text) => {
    const result = parseLargeCommunity(text);
    expect(result.ok ? '' : result.error).toBe(`"${text}" is not a large community: write three numbers from 0 to 4294967295 as 64500:1:2`);
  });
});

describe('an AS number', () => {
  it('is read from 1 to 4294967294', () => {
    expect(['1', '64500', '4294967294'].map((text) => unwrap(parseAsn(text)))).toEqual([1, 64_500, maxAsn - 1]);
    expect(asTrans).toBe(23_456);
  });

  it.each(['0', '4294967295', '4294967296', '', '-1', '1.10', ' 1', '99999999999', 'AS1'])('"%s" is refused', (text) => {
    expect(parseAsn(text)).toEqual({ ok: false, error: `"${text}" is not an AS number from 1 to 4294967294` });
  });
});
