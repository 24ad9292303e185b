import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unwrap } from '#runtime/result.ts';
import { addressBits, equalIpAddress, formatIpAddress, isLinkLocal, parseIpAddress } from './ip-address.ts';

const parse = (text: string) => unwrap(parseIpAddress(text));

const anyAddress = fc
  .oneof(fc.uint8Array({ minLength: 4, maxLength: 4 }), fc.uint8Array({ minLength: 16, maxLength: 16 }))
  .map((octets) => ({ family: octets.length === 4 ? ('IPv4' as const) : ('IPv6' as const), octets }));

/** Octets of which most are zero: what the run of zeros is about. */
const sparse = fc.array(fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(255) }), {
  minLength: 16,
  maxLength: 16,
});

describe('an IP address', () => {
  it.each([
    ['192.0.2.1', '192.0.2.1'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    // RFC 5952 §2 and §4
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:0db8::0001', '2001:db8::1'],
    ['2001:db8::0:1', '2001:db8::1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:0', '2001:db8:0:0:1::'],
    ['2001:DB8:AAAA:BBBB:CCCC:DDDD:EEEE:AAAA', '2001:db8:aaaa:bbbb:cccc:dddd:eeee:aaaa'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['::ffff:192.0.2.1', '::ffff:c000:201'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['1:2:3:4:5:6:192.0.2.1', '1:2:3:4:5:6:c000:201'],
  ])('%s has the one form %s', (text, canonical) => {
    expect(formatIpAddress(parse(text))).toBe(canonical);
  });

  it.each([
    '',
    ' ',
    '192.0.2',
    '192.0.2.1.1',
    '192.0.2.256',
    '192.0.02.1',
    '192.0.2.-1',
    '192.0.2.1 ',
    '192.0.2.0x1',
    '1.2.3.4/32',
    ':',
    ':::',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4::5:6:7:8',
    '12345::',
    'g::',
    '::1%eth0',
    '[::1]',
    '::192.0.2.256',
    '::192.0.2.1:1',
    '192.0.2.1::',
    ':1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:',
  ])('"%s" is refused and quoted', (text) => {
    const result = parseIpAddress(text);
    expect(result).toEqual({ ok: false, error: `"${text}" is not an IP address` });
  });

  it('has one form, which reads as the same address', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          anyAddress,
          sparse.map((octets) => ({ family: 'IPv6' as const, octets: Uint8Array.from(octets) })),
        ),
        (address) => {
          const text = formatIpAddress(address);
          expect(equalIpAddress(parse(text), address)).toBe(true);
          expect(formatIpAddress(parse(text.toUpperCase()))).toBe(text);
        },
      ),
    );
  });

  it('never makes reading fail otherwise than by a value', () => {
    const alphabet = fc.string({ unit: fc.constantFrom(...'0123456789abcdefF:.% /'), maxLength: 45 });
    fc.assert(
      fc.property(fc.oneof(alphabet, fc.string()), (text) => {
        const result = parseIpAddress(text);
        if (result.ok) expect(parse(formatIpAddress(result.value))).toEqual(result.value);
      }),
    );
  });

  it('equals only its like', () => {
    expect(equalIpAddress(parse('192.0.2.1'), parse('192.0.2.1'))).toBe(true);
    expect(equalIpAddress(parse('192.0.2.1'), parse('192.0.2.2'))).toBe(false);
    expect(equalIpAddress(parse('0.0.0.0'), parse('::'))).toBe(false);
  });

  it('is link-local in fe80::/10 only', () => {
    const linkLocal = ['fe80::1', 'febf::1', 'fec0::1', 'fe00::1', '::', '169.254.0.1'].filter((text) => isLinkLocal(parse(text)));
    expect(linkLocal).toEqual(['fe80::1', 'febf::1']);
  });

  it('has 32 or 128 bits', () => {
    expect([addressBits('IPv4'), addressBits('IPv6')]).toEqual([32, 128]);
  });
});
