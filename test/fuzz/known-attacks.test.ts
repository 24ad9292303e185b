import { describe, expect, it } from 'vitest';
import { AdjRibIn } from '#bgp/rib/adj-rib-in.ts';
import { decodeMessage } from '#bgp/wire/decode.ts';
import { nothingNegotiated } from '#bgp/wire/negotiated.ts';
import { anUpdateBody, hex } from '#bgp/wire/testing/builders.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import { Dice } from './dice.ts';
import { LiveSession } from './live-session.ts';
import { framed } from './mutate.ts';

const mandatory = '40 01 01 00  40 02 06 02 01 0000fbf4  40 03 04 0a000001';
const route = '20 c0000235';
const update = (fields: Parameters<typeof anUpdateBody>[0]): Uint8Array => framed(2, anUpdateBody(fields));
const withAttribute = (attribute: string): Uint8Array => update({ attributes: `${mandatory} ${attribute}`, announced: route });

/** A session that agreed on both families and four-octet AS numbers. */
function anySession(): { readonly session: LiveSession; readonly dice: Dice } {
  for (let index = 0; ; index++) {
    const dice = new Dice(1, index);
    const session = new LiveSession(new VirtualClock(), new AdjRibIn(1_000), dice);
    const { fourOctetAsn, families, addPath = [] } = session.agreed;
    if (fourOctetAsn && families.length === 2 && addPath.length === 0) return { session, dice };
  }
}

describe('a session stays up after what took others down', () => {
  it.each([
    ['only an unknown transitive attribute (CVE-2023-46753)', update({ attributes: 'c0 ff 00' })],
    ['prefixes without attributes (CVE-2023-41358)', update({ announced: route })],
    ['MP_UNREACH_NLRI and prefixes without attributes (CVE-2023-47234)', update({ attributes: '80 0f 03 0002 01', announced: route })],
    ['a malformed MP_REACH_NLRI (CVE-2023-46752)', update({ attributes: `${mandatory} 80 0e 04 0002 01 20`, announced: route })],
    [
      'a next hop of 24 octets for IPv6',
      update({ attributes: `${mandatory} 80 0e 1d 0002 01 18 ${'20'.repeat(24)} 00`, announced: route }),
    ],
    ['tunnel encapsulation of nonsense (CVE-2023-38802)', withAttribute('c0 17 03 ffffff')],
    ['tunnel encapsulation whose TLV is too long (CVE-2024-44070)', withAttribute('c0 17 06 0008 ffff 0102')],
    ['PREFIX_SID with a label index that is cut', withAttribute('c0 28 05 01 0007 00 00')],
    ['PREFIX_SID whose SRv6 service is cut', withAttribute('c0 28 07 05 0015 00 01 0020')],
    ['next hop capabilities of nonsense', withAttribute('c0 27 04 0001 ffff')],
    ['NEXT_HOP of three octets (CVE-2026-30405)', update({ attributes: mandatory.replace('04 0a000001', '03 0a0000'), announced: route })],
    ['NEXT_HOP of no octets', update({ attributes: mandatory.replace('04 0a000001', '00'), announced: route })],
    ['AS4_PATH before AS_PATH, malformed (CVE-2026-41643)', update({ attributes: `c0 11 04 02 01 fbf4 ${mandatory}`, announced: route })],
    ['IPv6 extended communities of nonsense (CVE-2026-37461)', withAttribute('c0 19 05 0102030405')],
    ['ONLY_TO_CUSTOMER of 1,024 octets', withAttribute(`d0 23 0400 ${'00'.repeat(1_024)}`)],
    ['an entropy label (VU#347067)', withAttribute('e0 1c 00')],
    ['an attribute set (VU#347067)', withAttribute('c0 80 03 000000')],
    ['FlowSpec that was not agreed on (CVE-2025-43973)', update({ attributes: '80 0e 06 0001 85 00 00 ff' })],
  ])('%s', (_, frame) => {
    const { session, dice } = anySession();
    session.deliver(frame, dice);
    expect(session.lastError).toBe('');
    expect(session.isUp).toBe(true);
  });
});

describe('an OPEN that took others down is answered', () => {
  const refused = (parameters: string): string => {
    const result = decodeMessage(framed(1, hex(`04 fbf4 0009 0a000001 ${parameters}`)), nothingNegotiated);
    return result.ok ? 'accepted' : `${result.error.notification.code}/${result.error.notification.subcode}`;
  };

  it.each([
    ['extended parameters that are too short (CVE-2022-40302)', 'ff ff', '2/0'],
    ['extended parameters without a length (CVE-2022-43681)', 'ff ff 00', '2/0'],
    ['a capability that is longer than its parameter (CVE-2022-40318)', '04 02 02 41 ff', '2/0'],
    ['a host name that is longer than its capability', '06 02 04 49 02 ff 41', 'accepted'],
    ['a software version of no octets (CVE-2025-43971)', '04 02 02 4b 00', 'accepted'],
    ['a software version that is longer than its capability', '05 02 03 4b 01 ff', 'accepted'],
  ])('%s', (_, parameters, answer) => {
    expect(refused(parameters)).toBe(answer);
  });
});

describe('a ROUTE-REFRESH that took others down', () => {
  it('of filters that are cut is answered with Bad Message Length (CVE-2023-41360)', () => {
    const result = decodeMessage(framed(5, hex('0001 00 01 01 80 ffff')), nothingNegotiated);
    expect(!result.ok && result.error.notification).toMatchObject({ code: 1, subcode: 2 });
  });
});
