import { describe, expect, it } from 'vitest';
import { decodeMessage } from './decode.ts';
import { encodeMessage } from './encode.ts';
import type { Capability, OpenMessage } from './messages.ts';
import { nothingNegotiated } from './negotiated.ts';
import { aFrame, hex, toHex } from './testing/builders.ts';

/** An OPEN of AS 64500, hold time 9 s, identifier 10.0.0.1 with this after its fixed part. */
const withParameters = (parameters: string): Uint8Array => aFrame(1, hex(`04 fbf4 0009 0a000001 ${parameters}`));

function opened(frame: Uint8Array): OpenMessage {
  const result = decodeMessage(frame, nothingNegotiated);
  if (!result.ok || result.value.kind !== 'open') throw new Error(`no OPEN: ${JSON.stringify(result)}`);
  return result.value;
}

const refused = (frame: Uint8Array): string => {
  const result = decodeMessage(frame, nothingNegotiated);
  if (result.ok) return 'accepted';
  const { code, subcode, data } = result.error.notification;
  return `${code}/${subcode} ${toHex(data)}`.trim();
};

/** The capabilities of an OPEN that has them in one parameter. */
const capabilitiesOf = (capabilities: string): readonly Capability[] => {
  const length = hex(capabilities).length;
  const octet = (value: number): string => value.toString(16).padStart(2, '0');
  return opened(withParameters(`${octet(length + 2)} 02 ${octet(length)} ${capabilities}`)).capabilities;
};

describe('an OPEN', () => {
  it('needs no optional parameters', () => {
    const open: OpenMessage = { kind: 'open', asn: 64_500, holdTimeS: 9, routerId: 0x0a000001, capabilities: [] };
    expect(opened(withParameters('00'))).toEqual(open);
    expect(encodeMessage(open, nothingNegotiated)).toEqual(withParameters('00'));
  });

  it('has the AS of the four-octet capability, where that is there (RFC 6793)', () => {
    expect(opened(withParameters('08 02 06 4104 fa56ea00')).asn).toBe(4_200_000_000);
  });

  it('may have all capabilities in one parameter, one in each, and one twice', () => {
    expect(opened(withParameters('0c 02 0a 0104 00010001 0200 0200')).capabilities).toHaveLength(3);
    expect(opened(withParameters('0e 02 06 0104 00010001 02 02 0200 02 00')).capabilities).toHaveLength(2);
  });

  it('may have the longer form of parameters, though it is short enough without (RFC 9072)', () => {
    expect(opened(withParameters('ff ff 0005 02 0002 0200')).capabilities).toEqual([{ kind: 'routeRefresh' }]);
    expect(opened(withParameters('08 ff 0005 02 0002 0200')).capabilities).toEqual([{ kind: 'routeRefresh' }]);
  });

  it('that we send has the longer form only where it must', () => {
    const open = (octets: number): OpenMessage => ({
      ...opened(withParameters('00')),
      capabilities: [{ kind: 'unknown', code: 200, value: new Uint8Array(octets) }],
    });
    expect(encodeMessage(open(251), nothingNegotiated)[28]).toBe(255);
    expect(encodeMessage(open(251), nothingNegotiated)[29]).toBe(2);
    expect(encodeMessage(open(252), nothingNegotiated)[29]).toBe(255);
    expect(opened(encodeMessage(open(252), nothingNegotiated))).toEqual(open(252));
  });
});

describe('capabilities', () => {
  it('are read by their RFCs', () => {
    expect(capabilitiesOf('0104 0002 00 01')).toEqual([{ kind: 'multiprotocol', afi: 2, safi: 1 }]);
    expect(capabilitiesOf('0200 0600 4600')).toEqual([
      { kind: 'routeRefresh' },
      { kind: 'extendedMessages' },
      { kind: 'enhancedRouteRefresh' },
    ]);
    expect(capabilitiesOf('49 07 03 6e3031 02 6c61')).toEqual([{ kind: 'fqdn', hostName: 'n01', domainName: 'la' }]);
  });

  it.each([
    ['80 00', { kind: 'routeRefresh', prestandard: true }],
    ['05 06 0001 0001 0002', { kind: 'extendedNextHop', entries: [{ afi: 1, safi: 1, nextHopAfi: 2 }] }],
    ['09 01 03', { kind: 'role', role: 'Customer' }],
    ['09 01 05', { kind: 'role', role: 5 }],
    [
      '45 08 0001 01 01 0002 01 03',
      {
        kind: 'addPath',
        entries: [
          { afi: 1, safi: 1, send: false, receive: true },
          { afi: 2, safi: 1, send: true, receive: true },
        ],
      },
    ],
    [
      '47 07 0002 01 80 015180',
      { kind: 'longLivedGracefulRestart', families: [{ afi: 2, safi: 1, forwardingPreserved: true, staleTimeS: 86_400 }] },
    ],
    ['4b 05 04 42697264', { kind: 'softwareVersion', version: 'Bird' }],
  ])('are read by their RFCs: %s', (bytes, expected) => {
    expect(capabilitiesOf(bytes)).toEqual([expected]);
  });

  it('of graceful restart have flags, time and families (RFC 4724, RFC 8538)', () => {
    expect(capabilitiesOf('40 0a c078 0001 01 80 0002 01 00')).toEqual([
      {
        kind: 'gracefulRestart',
        restarting: true,
        notification: true,
        restartTimeS: 120,
        families: [
          { afi: 1, safi: 1, forwardingPreserved: true },
          { afi: 2, safi: 1, forwardingPreserved: false },
        ],
      },
    ]);
  });

  it.each([
    '0103 000100',
    '0201 00',
    '0505 0001000100',
    '0900',
    '0902 0300',
    '4102 fbf4',
    '4003 c07800',
    '4503 000101',
    '4504 00010100',
    '4504 00010104',
    '4706 000201800151',
    '4901 05',
    '4903 010203',
    '4b00',
    '4b03 04 4269',
    '8001 00',
    'e700',
  ])('that are unknown, or not as their RFC says, are kept and offer nothing: %s', (capability) => {
    const bytes = hex(capability);
    expect(capabilitiesOf(capability)).toEqual([{ kind: 'unknown', code: bytes[0], value: bytes.slice(2) }]);
  });
});

describe('an OPEN is refused', () => {
  it('with 2/1 and our version, whatever follows', () => {
    expect(refused(aFrame(1, hex('03 fbf4 0009 0a000001 00')))).toBe('2/1 0004');
    expect(refused(aFrame(1, hex('05 0000 0001 00000000 ff')))).toBe('2/1 0004');
  });

  it('with 2/2 for AS 0, in its field and in the capability (RFC 7607)', () => {
    expect(refused(aFrame(1, hex('04 0000 0009 0a000001 00')))).toBe('2/2');
    expect(refused(withParameters('08 02 06 4104 00000000'))).toBe('2/2');
  });

  it('with 2/3 for the identifier 0.0.0.0', () => {
    expect(refused(aFrame(1, hex('04 fbf4 0009 00000000 00')))).toBe('2/3');
  });

  it('with 2/4 for a parameter other than capabilities', () => {
    expect(refused(withParameters('03 01 01 00'))).toBe('2/4');
    expect(refused(withParameters('07 02 02 0200 ff 01 00'))).toBe('2/4');
  });

  it('with 2/6 for a hold time of 1 or 2 s; 0 and 3 are fine', () => {
    expect(refused(aFrame(1, hex('04 fbf4 0001 0a000001 00')))).toBe('2/6');
    expect(refused(aFrame(1, hex('04 fbf4 0002 0a000001 00')))).toBe('2/6');
    expect(refused(aFrame(1, hex('04 fbf4 0000 0a000001 00')))).toBe('accepted');
    expect(refused(aFrame(1, hex('04 fbf4 0003 0a000001 00')))).toBe('accepted');
  });

  it.each([
    ['parameters are longer than the message', '05 02 02 0200'],
    ['parameters are shorter than the message', '03 02 02 0200'],
    ['a parameter is cut', '02 02 05'],
    ['a parameter has no length', '01 02'],
    ['a capability is cut', '04 02 02 0104'],
    ['a capability has no length', '03 02 01 02'],
    ['the longer form has no length', '01 ff'],
    ['the longer form has half a length', 'ff ff 00'],
    ['the longer form ends too early', 'ff ff 0005 02 0002'],
    ['the longer form has a parameter that is cut', 'ff ff 0004 02 0002 02'],
    ['the longer form has a parameter without length', 'ff ff 0002 02 00'],
  ])('with 2/0 where %s', (_, parameters) => {
    expect(refused(withParameters(parameters))).toBe('2/0');
  });
});
