import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unwrap } from '#runtime/result.ts';
import { parseIpAddress } from './ip-address.ts';
import { containsPrefix, formatPrefix, hostPrefix, maskedPrefix, parsePrefix, readIpv4Prefix } from './prefix.ts';

const parse = (text: string) => unwrap(parsePrefix(text));
const address = (text: string) => unwrap(parseIpAddress(text));

const anyPrefix = fc
  .oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 }))
  .chain((octets) =>
    fc.nat(octets.length * 8).map((length) => maskedPrefix({ family: octets.length === 4 ? 'IPv4' : 'IPv6', octets }, length)),
  );

describe('a prefix', () => {
  it.each([
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['192.0.2.0/24', '192.0.2.0/24'],
    ['192.0.2.128/25', '192.0.2.128/25'],
    ['2001:DB8::/32', '2001:db8::/32'],
    ['::/0', '::/0'],
    ['2001:db8::1/128', '2001:db8::1/128'],
  ])('%s has the one form %s', (text, canonical) => {
    expect(formatPrefix(parse(text))).toBe(canonical);
  });

  it.each([
    ['192.0.2.0', '"192.0.2.0" has no prefix length: write it as 192.0.2.0/24 or 2001:db8::/32'],
    ['192.0.2/24', '"192.0.2/24": "192.0.2" is not an IP address'],
    ['192.0.2.0/33', '"192.0.2.0/33": prefix length "33" is not a number from 0 to 32'],
    ['2001:db8::/129', '"2001:db8::/129": prefix length "129" is not a number from 0 to 128'],
    ['192.0.2.0/', '"192.0.2.0/": prefix length "" is not a number from 0 to 32'],
    ['192.0.2.0/024', '"192.0.2.0/024": prefix length "024" is not a number from 0 to 32'],
    ['192.0.2.0/-1', '"192.0.2.0/-1": prefix length "-1" is not a number from 0 to 32'],
    ['192.0.2.1/24', '"192.0.2.1/24" has host bits set: did you mean 192.0.2.0/24?'],
  ])('%s is refused with what is wrong', (text, error) => {
    expect(parsePrefix(text)).toEqual({ ok: false, error });
  });

  it('has one form, which reads as the same prefix', () => {
    fc.assert(
      fc.property(anyPrefix, (prefix) => {
        expect(parse(formatPrefix(prefix))).toEqual(prefix);
      }),
    );
  });

  it('of a host is as long as its address', () => {
    expect(formatPrefix(hostPrefix(address('192.0.2.53')))).toBe('192.0.2.53/32');
    expect(formatPrefix(hostPrefix(address('2001:db8::53')))).toBe('2001:db8::53/128');
  });

  it('contains itself and what is longer inside it, of the same family', () => {
    const contains = (outer: string, inner: string): boolean => containsPrefix(parse(outer), parse(inner));
    expect(contains('192.0.2.0/24', '192.0.2.0/24')).toBe(true);
    expect(contains('192.0.2.0/24', '192.0.2.53/32')).toBe(true);
    expect(contains('192.0.2.0/24', '192.0.3.0/32')).toBe(false);
    expect(contains('192.0.2.0/24', '192.0.0.0/16')).toBe(false);
    expect(contains('0.0.0.0/0', '::/0')).toBe(false);
  });

  it('contains exactly the prefixes whose first bits are its own', () => {
    const bits = (octets: Uint8Array): string => [...octets].map((octet) => octet.toString(2).padStart(8, '0')).join('');
    fc.assert(
      fc.property(anyPrefix, anyPrefix, (outer, other) => {
        const inner = {
          ...other,
          octets: Uint8Array.from(other.octets, (octet, index) => octet || (outer.octets[index] ?? 0)),
          length: other.octets.length * 8,
        };
        const expected = outer.family === inner.family && bits(inner.octets).startsWith(bits(outer.octets).slice(0, outer.length));
        expect(containsPrefix(outer, inner)).toBe(expected);
      }),
    );
  });
});

describe('a prefix in the bytes of a file', () => {
  const read = (text: string) => {
    const octets = new Uint8Array(4);
    const bytes = Buffer.from(`>${text}<`);
    const length = readIpv4Prefix(bytes, 1, bytes.length - 1, octets);
    return length < 0 ? undefined : `${octets.join('.')}/${length}`;
  };

  it.each(['0.0.0.0/0', '10.0.0.0/8', '192.0.2.128/25', '192.0.2.53/32', '255.255.255.255/32'])('%s is read', (text) => {
    expect(read(text)).toBe(text);
  });

  it.each([
    '',
    '10.0.0.0',
    '10.0.0/8',
    '10.0.0.0.0/8',
    '10.0.0.0/8 ',
    '10.0.0.0/',
    '10..0.0/8',
    '01.0.0.0/8',
    '10.0.0.0/08',
    '256.0.0.0/8',
    '999.0.0.0/8',
    '10.0.0.0/33',
    '10.0.0.1/31',
    '10.0.0/0.8',
    '::/0',
    '#',
  ])('"%s" is left to the parser', (text) => {
    expect(read(text)).toBeUndefined();
  });

  it('is what the parser says, or is left to it', () => {
    const character = fc.constantFrom(...'0123456789./');
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: character, maxLength: 18 }),
          fc.tuple(fc.ipV4(), fc.nat({ max: 40 })).map((parts) => parts.join('/')),
        ),
        (text) => {
          const parsed = parsePrefix(text);
          expect(read(text)).toBe(parsed.ok ? text : undefined);
        },
      ),
    );
  });
});
