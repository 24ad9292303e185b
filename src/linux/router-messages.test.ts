import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type IpAddress, parseIpAddress } from '#net/ip-address.ts';
import { unwrap } from '#runtime/result.ts';
import { decodeRouterMessage, encodeRouterMessage, type RouterMessage } from './router-messages.ts';

const ip = (text: string): IpAddress => unwrap(parseIpAddress(text));
const router = ip('fe80::1');
const mac = Uint8Array.of(2, 0, 0, 0, 0, 7);
const messages: readonly RouterMessage[] = ['solicitation', 'advertisement'];

describe('a router advertisement of ours', () => {
  it('makes nobody take us as default router, and names our link-layer address', () => {
    expect([...encodeRouterMessage('advertisement', mac)]).toEqual([134, 0, 0, 0, ...Array(12).fill(0), 1, 1, 2, 0, 0, 0, 0, 7]);
  });

  it('names none where the link has none, or one that is no Ethernet address', () => {
    expect(encodeRouterMessage('advertisement', undefined)).toHaveLength(16);
    expect(encodeRouterMessage('solicitation', new Uint8Array(20))).toHaveLength(8);
  });
});

describe('a message of a router', () => {
  it.each(messages)('is read as it was written: %s', (message) => {
    for (const address of [mac, undefined]) expect(decodeRouterMessage(encodeRouterMessage(message, address), router)).toBe(message);
  });

  it('with options that we do not know is read (RFC 4861 §6.1.2)', () => {
    const prefixOption = [3, 4, ...Array(30).fill(0)];
    expect(decodeRouterMessage(Uint8Array.of(134, 0, ...Array(14).fill(1), ...prefixOption, 200, 1, 0, 0, 0, 0, 0, 0), router)).toBe(
      'advertisement',
    );
  });

  it.each<[string, IpAddress, number[]]>([
    ['of another type', router, [136, 0, ...Array(22).fill(0)]],
    ['that is empty', router, []],
    ['with a code', router, [134, 1, ...Array(14).fill(0)]],
    ['that is too short', router, [134, 0, ...Array(13).fill(0)]],
    ['with an option of length 0', router, [134, 0, ...Array(14).fill(0), 1, 0, 0, 0, 0, 0, 0, 0]],
    ['with an option that is cut off', router, [134, 0, ...Array(14).fill(0), 1, 2, 0, 0, 0, 0, 0, 0]],
    ['with one octet of an option', router, [134, 0, ...Array(14).fill(0), 1]],
    ['that is an advertisement from a global address', ip('2001:db8::1'), [134, 0, ...Array(14).fill(0)]],
    ['that solicits from no address and names one', ip('::'), [133, 0, ...Array(6).fill(0), 1, 1, 0, 0, 0, 0, 0, 0]],
  ])('%s is discarded', (_what, source, octets) => {
    expect(decodeRouterMessage(Uint8Array.from(octets), source)).toBeUndefined();
  });

  it('that solicits may come from no address, or from a global one (RFC 4861 §6.1.1)', () => {
    for (const source of ['::', '2001:db8::1'])
      expect(decodeRouterMessage(encodeRouterMessage('solicitation', undefined), ip(source))).toBe('solicitation');
  });

  it('never makes the reader throw, whatever its octets', () => {
    const octets = fc.tuple(fc.constantFrom(133, 134, 0), fc.constantFrom(0, 1), fc.uint8Array({ maxLength: 1_500 }));
    const source = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((each): IpAddress => ({ family: 'IPv6', octets: each }));
    fc.assert(
      fc.property(octets, source, ([type, code, rest], from) => {
        expect([undefined, ...messages]).toContain(decodeRouterMessage(Uint8Array.of(type, code, ...rest), from));
      }),
      { numRuns: 2_000 },
    );
  });
});
