import { describe, expect, it } from 'vitest';
import { parsePrefix } from '#net/prefix.ts';
import { unwrap } from '#runtime/result.ts';
import { parseAnycastAdvertisement } from './anycast-advertisement.ts';
import { parseAnycastPeer } from './anycast-peer.ts';
import { parseAnycastPool } from './anycast-pool.ts';

const metadata = { name: 'x' };
const ipv4 = { address: '192.0.2.1', localASN: 64512, peerASN: 64500 };
const ipv6 = { ...ipv4, address: '2001:db8::1' };
const unnumbered = { interface: 'eth0', localASN: 64512, peerASN: 64500 };

describe('an AnycastPeer', () => {
  const wrongField = (spec: object): string => {
    const result = parseAnycastPeer({ metadata, spec });
    return result.ok ? 'none' : result.error.field;
  };

  it.each([
    ['a hold time that RFC 4271 does not allow', { ...ipv4, holdTimeSeconds: 2 }, 'spec.holdTimeSeconds'],
    ['no hold time', { ...ipv4, holdTimeSeconds: 0 }, 'none'],
    ['the shortest hold time', { ...ipv4, holdTimeSeconds: 3 }, 'none'],
    ['multihop on iBGP', { ...ipv4, peerASN: 64512, multihopTTL: 2 }, 'spec.multihopTTL'],
    ['a Secret in another namespace', { ...ipv4, passwordSecret: 'team/tor' }, 'spec.passwordSecret'],
    ['a Secret', { ...ipv4, passwordSecret: 'tor.rack-1' }, 'none'],
    ['TCP-AO without a key', { ...ipv4, tcpAO: { keyID: 1, receiveKeyID: 2 } }, 'spec.tcpAO'],
    ['TCP-AO', { ...ipv4, passwordSecret: 'tor', tcpAO: { keyID: 0, receiveKeyID: 255 } }, 'none'],
    ['TTL security beside multihop', { ...ipv4, ttlSecurityHops: 1, multihopTTL: 2 }, 'spec.ttlSecurityHops'],
    ['a role on iBGP', { ...ipv4, peerASN: 64512, role: 'Customer' }, 'spec.role'],
    ["the router's AS as ours", { ...ipv4, localAS: { asn: ipv4.peerASN } }, 'spec.localAS'],
    ['multihop on eBGP', { ...ipv4, multihopTTL: 2 }, 'none'],
    ['iBGP', { ...ipv4, peerASN: 64512 }, 'none'],
    ['a source of the other family', { ...ipv4, sourceAddress: '2001:db8::2' }, 'spec.sourceAddress'],
    ['a source of the same family', { ...ipv6, sourceAddress: '2001:db8::2' }, 'none'],
    ['an IPv6 next hop on an IPv4 session', { ...ipv4, nextHop: { ipv6: '2001:db8::2' } }, 'spec.nextHop.ipv6'],
    ['an IPv4 next hop on an IPv6 session', { ...ipv6, nextHop: { ipv4: '192.0.2.2' } }, 'spec.nextHop.ipv4'],
    ['next hops of families that are named', { ...ipv4, families: ['IPv6'], nextHop: { ipv6: '2001:db8::2' } }, 'none'],
    ['a next hop of a family that is not named', { ...ipv4, families: ['IPv6'], nextHop: { ipv4: '192.0.2.2' } }, 'spec.nextHop.ipv4'],
    ['the next hop of the default family', { ...ipv6, nextHop: { ipv6: '2001:db8::2' } }, 'none'],
    ['an IPv6 address as IPv4 next hop', { ...ipv4, nextHop: { ipv4: '2001:db8::2' } }, 'spec.nextHop.ipv4'],
    ['an address of every link', { ...ipv4, address: 'fe80::1' }, 'spec.interface'],
    ['a link-local address and its interface', { ...ipv4, address: 'fe80::1', interface: 'eth0' }, 'none'],
    ['an interface alone', unnumbered, 'none'],
    ['next hops of both families behind an interface', { ...unnumbered, nextHop: { ipv4: '192.0.2.2', ipv6: '2001:db8::2' } }, 'none'],
    ['neither address nor interface', { localASN: 64_512, peerASN: 64_500 }, 'spec.address'],
    ['an interface beside a global address', { ...ipv6, interface: 'eth0' }, 'spec.interface'],
    ['an interface that is none', { ...unnumbered, interface: 'eth 0' }, 'spec.interface'],
    ['a source behind an interface', { ...unnumbered, sourceAddress: '2001:db8::2' }, 'spec.interface'],
    ['multihop behind an interface', { ...unnumbered, multihopTTL: 2 }, 'spec.interface'],
    ['the address of no host', { ...ipv4, address: '0.0.0.0' }, 'spec.address'],
    ['an IPv4 link-local address, which tunnels use', { ...ipv4, address: '169.254.1.1' }, 'none'],
  ])('with %s: the fault is named', (_, spec, field) => {
    expect(wrongField(spec)).toBe(field);
  });
});

describe('an AnycastPool', () => {
  const addresses = (...texts: string[]) => parseAnycastPool({ metadata, spec: { addresses: texts } });

  it('has prefixes; an address is the prefix of one host', () => {
    const prefixes = ['192.0.2.0/24', '192.0.2.53/32', '2001:db8::53/128'].map((text) => unwrap(parsePrefix(text)));
    expect(addresses('192.0.2.0/24', '192.0.2.53', '2001:DB8::53')).toMatchObject({ value: { spec: { addresses: prefixes } } });
  });

  it('refuses host bits and what is neither prefix nor address, and says what was read', () => {
    expect(addresses('192.0.2.1/24')).toMatchObject({ error: { message: expect.stringContaining('did you mean 192.0.2.0/24?') } });
    expect(addresses('192.0.2.0-192.0.2.9')).toMatchObject({
      error: { message: expect.stringContaining('neither a prefix nor an IP address') },
    });
    expect(addresses()).toMatchObject({ error: { field: 'spec.addresses' } });
  });
});

describe('an AnycastAdvertisement', () => {
  it('has communities as numbers, by value or by name', () => {
    const attributes = { communities: ['64500:100', 'no-export'], largeCommunities: ['64500:1:2'] };
    expect(parseAnycastAdvertisement({ metadata, spec: { attributes } })).toMatchObject({
      value: { spec: { attributes: { communities: [4_227_072_100, 0xffffff01], largeCommunities: [[64_500, 1, 2]], prepend: 0 } } },
    });
  });

  it('refuses communities that do not fit', () => {
    const communities = (text: string) => parseAnycastAdvertisement({ metadata, spec: { attributes: { communities: [text] } } });
    expect(communities('65536:1')).toMatchObject({ error: { field: 'spec.attributes.communities[0]' } });
    expect(communities('64500')).toMatchObject({ error: { message: expect.stringContaining('64500:100') } });
  });

  it('may be empty, and then announces everything without attributes', () => {
    expect(parseAnycastAdvertisement({ metadata, spec: {} })).toEqual({
      ok: true,
      value: { spec: { attributes: { communities: [], largeCommunities: [], prepend: 0 } } },
    });
  });
});
