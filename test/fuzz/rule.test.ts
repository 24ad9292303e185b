import { describe, expect, it } from 'vitest';
import { anUpdateBody, hex } from '#bgp/wire/testing/builders.ts';
import { framed } from './mutate.ts';
import { type Agreed, outcomeOf } from './rule.ts';

const agreed: Agreed = { fourOctetAsn: true, peerType: 'ebgp', families: ['IPv4', 'IPv6'] };
const mandatory = '40 01 01 00  40 02 06 02 01 0000fbf4  40 03 04 0a000001';
const route = '20 c0000235';
const of = (fields: Parameters<typeof anUpdateBody>[0], more: Partial<Agreed> = {}) =>
  outcomeOf(framed(2, anUpdateBody(fields)), { ...agreed, ...more });

/** The table of RFC 7606 by example: the rule is as good as these, for the decoder is compared with it only. */
describe('the rule', () => {
  it.each([
    ['a good route', { attributes: mandatory, announced: route }],
    ['nothing', {}],
    ['LOCAL_PREF from eBGP, malformed', { attributes: `${mandatory} 40 05 01 00`, announced: route }],
    ['ATOMIC_AGGREGATE of an octet', { attributes: `${mandatory} 40 06 01 00`, announced: route }],
    ['an unknown transitive attribute alone', { attributes: 'c0 ff 00' }],
    ['the same attribute twice', { attributes: `${mandatory} 40 01 01 02`, announced: route }],
  ])('lets pass: %s', (_, fields) => {
    expect(of(fields)).toBe('fine');
  });

  it.each([
    ['ORIGIN of 3', { attributes: mandatory.replace('40 01 01 00', '40 01 01 03'), announced: route }],
    ['no NEXT_HOP', { attributes: mandatory.replace('40 03 04 0a000001', ''), announced: route }],
    ['an AS_SET', { attributes: mandatory.replace('06 02 01', '06 01 01'), announced: route }],
    ['COMMUNITIES of no octets', { attributes: `${mandatory} c0 08 00`, announced: route }],
    ['an attribute that is cut', { attributes: `${mandatory} 80 04 05 00`, announced: route }],
    ['wrong flags', { attributes: `${mandatory} c0 04 04 00000000`, announced: route }],
  ])('treats as withdrawn: %s', (_, fields) => {
    expect(of(fields)).toBe('withdraw');
  });

  it.each([
    ['MP_REACH_NLRI with a next hop of four octets', { attributes: `${mandatory} 80 0e 0e 0002 01 04 0a000001 00 20 20010db8` }],
    ['MP_UNREACH_NLRI with a prefix that is cut', { attributes: '80 0f 06 0002 01 20 2001' }],
    ['MP_UNREACH_NLRI with wrong flags', { attributes: '40 0f 03 0002 01' }],
  ])('ends the family: %s', (_, fields) => {
    expect(of(fields)).toBe('disableFamily');
    expect(of(fields, { families: ['IPv4'] })).toBe('fine');
  });

  it.each([
    ['attributes beyond the message', hex('0000 0005 00')],
    ['an IPv4 prefix of 33 bits', anUpdateBody({ attributes: mandatory, announced: '21 c000023500' })],
    ['a family twice', anUpdateBody({ attributes: '80 0f 03 0002 01 80 0f 03 0002 01' })],
    ['MP_REACH_NLRI that does not say its family', anUpdateBody({ attributes: '80 0e 02 0002' })],
    ['a malformed attribute and no routes', anUpdateBody({ attributes: 'c0 08 00' })],
  ])('ends the session: %s', (_, body) => {
    expect(outcomeOf(framed(2, body), agreed)).toBe('reset');
  });

  it('knows what depends on the session', () => {
    expect(of({ attributes: `${mandatory} 40 05 01 00`, announced: route }, { peerType: 'ibgp' })).toBe('withdraw');
    expect(of({ attributes: mandatory, announced: route }, { addPath: ['IPv4'] })).toBe('reset');
    expect(of({ attributes: mandatory, announced: `00000001 ${route}` }, { addPath: ['IPv4'] })).toBe('fine');
    const marked = { attributes: `${mandatory} c0 23 04 0000fbf4`, announced: route };
    expect(of(marked, { relation: { role: 'Provider', peerAsn: 64_500 } })).toBe('withdraw');
    expect(of(marked, { relation: { role: 'Peer', peerAsn: 64_500 } })).toBe('fine');
  });
});
