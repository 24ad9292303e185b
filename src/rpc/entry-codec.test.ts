import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unwrap } from '#runtime/result.ts';
import type { EncodedEntry, Entry, PeerEntry, RouteEntry } from '#state/entry.ts';
import { decodeEntry, encodeEntry } from './entry-codec.ts';
import * as wire from './generated/anycast/speaker/v1/speaker.ts';
import { limits } from './limits.ts';
import { sessionOptionsToWire } from './session-options-codec.ts';
import { anEntry } from './testing/arbitraries.ts';

const aPeer: PeerEntry = {
  kind: 'peer',
  name: 'tor',
  address: '192.0.2.1',
  port: 179,
  localAsn: 64_512,
  peerAsn: 64_513,
  families: ['IPv4'],
  holdTimeMs: 9_000,
  connectRetryMs: 5_000,
};

const aRoute: RouteEntry = {
  kind: 'route',
  prefix: '192.0.2.53/32',
  service: 'dns/edge',
  reason: 'Serving',
  gate: { mode: 'Auto', announceDelayMs: 1_000 },
  exports: [{ peers: ['a', 'b'], attributes: { communities: [1, 2], largeCommunities: [[1, 2, 3]], prepend: 0 } }],
};

/** The message of the rejection. */
function rejection(encoded: EncodedEntry): string {
  const decoded = decodeEntry(encoded);
  if (decoded.ok) throw new Error(`taken as ${JSON.stringify(decoded.value)}`);
  expect(decoded.error.key).toBe(encoded.key);
  return decoded.error.message;
}

const rejectionOf = (entry: Entry): string => rejection(encodeEntry(entry));

/** Encoded by the generated code, for what our types can't say. */
const raw = (key: string, entry: wire.Entry['entry']): EncodedEntry => ({ key, bytes: wire.Entry.encode({ entry }).finish() });

const rawPeer = (change: Partial<wire.PeerEntry>): EncodedEntry =>
  raw('peer/tor', { $case: 'peer', value: { ...aPeer, ...sessionOptionsToWire(aPeer), families: [1], ...change } });

const rawRoute = (change: Partial<wire.RouteEntry>): EncodedEntry =>
  raw('route/192.0.2.53/32', { $case: 'route', value: { ...aRoute, gate: { mode: 1, announceDelayMs: 1 }, exports: [], ...change } });

describe('an entry', () => {
  it('comes back as it was sent', () => {
    fc.assert(
      fc.property(anEntry, (entry) => {
        expect(unwrap(decodeEntry(encodeEntry(entry)))).toEqual(entry);
      }),
    );
  });

  it('of a router that is signed with TCP-AO comes back as it was sent', () => {
    const tcpAo = { keyId: 0, receiveKeyId: 255, algorithm: 'AES-128-CMAC-96' } as const;
    const entry = { ...aPeer, password: 'p', tcpAo };
    expect(unwrap(decodeEntry(encodeEntry(entry)))).toEqual(entry);
  });

  it('of an unnumbered router has an interface and no address', () => {
    const entry: PeerEntry = { ...aPeer, address: '', interface: 'eth0' };
    expect(unwrap(decodeEntry(encodeEntry(entry)))).toEqual(entry);
  });

  it('has the same bytes whenever it is the same, also when it went over the wire', () => {
    fc.assert(
      fc.property(anEntry, (entry) => {
        const first = encodeEntry(entry);
        expect(encodeEntry(structuredClone(entry))).toEqual(first);
        expect(encodeEntry(unwrap(decodeEntry(first)))).toEqual(first);
      }),
    );
  });

  it('has other bytes when it differs', () => {
    fc.assert(
      fc.property(anEntry, anEntry, (one, other) => {
        fc.pre(JSON.stringify(one) !== JSON.stringify(other));
        expect(encodeEntry(one)).not.toEqual(encodeEntry(other));
      }),
    );
  });

  it('that is any bytes is an entry or a rejection, never an exception', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const decoded = decodeEntry({ key: 'node', bytes });
        expect(decoded.ok || decoded.error.message.startsWith('node: ')).toBe(true);
      }),
    );
  });

  it('that was cut or changed on the way is an entry or a rejection, never an exception', () => {
    fc.assert(
      fc.property(anEntry, fc.nat(), fc.nat(255), fc.nat(), (entry, at, octet, length) => {
        const { key, bytes } = encodeEntry(entry);
        const mutated = Uint8Array.from(bytes);
        mutated[at % bytes.length] = octet;
        decodeEntry({ key, bytes: mutated });
        decodeEntry({ key, bytes: mutated.subarray(0, length % bytes.length) });
      }),
    );
  });
});

describe('an entry is rejected, naming field and value, when', () => {
  it.each<[string, EncodedEntry, string | RegExp]>([
    ['it is empty', raw('node', undefined), 'node: the entry is empty: it must be a node, a peer or a route'],
    [
      'its key names something else',
      { ...encodeEntry(aPeer), key: 'peer/other' },
      'peer/other: key is "peer/other", but the entry is "peer/tor": both must name the same thing',
    ],
    [
      'a router has neither address nor interface',
      rawPeer({ address: '' }),
      'peer/tor: address is empty: an unnumbered peer needs an interface',
    ],
    ['a router has no good address', rawPeer({ address: 'tor' }), /peer\/tor: address: /],
    [
      'a link-local address is on no interface',
      rawPeer({ address: 'fe80::1' }),
      'peer/tor: address is "fe80::1": a link-local address needs an interface',
    ],
    [
      'a device can not be one',
      rawPeer({ interface: 'eth 0' }),
      'peer/tor: interface is "eth 0": the name of a device has 1 to 15 characters, no space and no slash',
    ],
    ['the name of a VRF is too long', rawPeer({ vrf: 'a'.repeat(16) }), /vrf is "a{16}"/],
    ['a password is too long', rawPeer({ password: 'ä'.repeat(41) }), 'peer/tor: password has 82 octets: 1 to 80 are allowed'],
    ['TCP-AO has no password', rawPeer({ tcpAo: { keyId: 1, receiveKeyId: 1, algorithm: 1 } }), 'peer/tor: tcpAo needs a password'],
    [
      'TCP-AO has an algorithm of a newer version',
      rawPeer({ password: 'p', tcpAo: { keyId: 1, receiveKeyId: 1, algorithm: 9 as 1 } }),
      'peer/tor: tcpAo.algorithm is 9, which is none that this version knows: HMAC-SHA-1-96, AES-128-CMAC-96',
    ],
    ['a KeyID is no octet', rawPeer({ password: 'p', tcpAo: { keyId: 256, receiveKeyId: 1, algorithm: 1 } }), /tcpAo.keyId is 256/],
    [
      'the other KeyID is none',
      rawPeer({ password: 'p', tcpAo: { keyId: 1, receiveKeyId: 256, algorithm: 1 } }),
      /tcpAo.receiveKeyId is 256/,
    ],
    ['TTL security is of too many hops', rawPeer({ ttlSecurityHops: 255 }), /ttlSecurityHops is 255/],
    [
      'a restart takes too long',
      rawPeer({ gracefulRestart: { restartSeconds: 4_096, notification: false } }),
      /gracefulRestart.restartSeconds is 4096/,
    ],
    ['a role is of a newer version', rawPeer({ role: 9 as 1 }), /role is 9, which is none that this version knows: Provider, /],
    ['the local AS is none', rawPeer({ localAs: { asn: 0, replaceAs: true } }), /localAs.asn is 0/],
    ['an OPEN is delayed for too long', rawPeer({ delayOpenMs: 240_001 }), /delayOpenMs is 240001/],
    ['there may be no prefix', rawPeer({ maxPrefixes: 0 }), /maxPrefixes is 0/],
    ['the reason is empty', rawRoute({ reason: '' }), 'route/192.0.2.53/32: reason is empty: it must say why the route is announced'],
    [
      'the gate is missing',
      rawRoute({ gate: undefined }),
      'route/192.0.2.53/32: gate is missing: it must say how the route waits for the data plane',
    ],
    [
      'the gate has a mode of a newer version',
      rawRoute({ gate: { mode: 9 as 1, announceDelayMs: 1 } }),
      'route/192.0.2.53/32: gate.mode is 9, which is none that this version knows: Auto, HealthCheckNodePort, Delay',
    ],
    [
      'attributes are missing',
      rawRoute({ exports: [{ peers: ['a'], attributes: undefined }] }),
      'route/192.0.2.53/32: exports[0].attributes is missing',
    ],
    [
      'a family is of a newer version',
      rawPeer({ families: [1, 7 as 1] }),
      'peer/tor: families has 7, which is none that this version knows: IPv4, IPv6',
    ],
    ['a family is unspecified', rawPeer({ families: [0] }), 'peer/tor: families has 0, which is none that this version knows: IPv4, IPv6'],
    ['families repeat', rawPeer({ families: [2, 1] }), 'peer/tor: families must be ascending and without repeats'],
  ])('%s', (_name, encoded, message) => expect(rejection(encoded)).toMatch(message));

  it.each<[string, Partial<PeerEntry>, string]>([
    ['address', { address: '2001:DB8::1' }, 'address is "2001:DB8::1": write it as 2001:db8::1'],
    ['address', { address: 'tor.example' }, 'address: "tor.example" is not an IP address'],
    ['port', { port: 0 }, 'port is 0: a number from 1 to 65535 is needed'],
    ['localAsn', { localAsn: 0 }, 'localAsn is 0: a number from 1 to 4294967294 is needed'],
    ['peerAsn', { peerAsn: 4_294_967_295 }, 'peerAsn is 4294967295: a number from 1 to 4294967294 is needed'],
    ['families', { families: [] }, 'families is empty: name at least one'],
    ['holdTimeMs', { holdTimeMs: 2_999 }, 'holdTimeMs is 2999: a number from 3000 to 65535000 is needed'],
    ['connectRetryMs', { connectRetryMs: 0 }, 'connectRetryMs is 0: a number from 1 to 3600000 is needed'],
    ['sourceAddress', { sourceAddress: '' }, 'sourceAddress: "" is not an IP address'],
    ['nextHopIpv4', { nextHopIpv4: '2001:db8::1' }, 'nextHopIpv4 is "2001:db8::1": an IPv4 address is needed'],
    ['nextHopIpv6', { nextHopIpv6: '192.0.2.1' }, 'nextHopIpv6 is "192.0.2.1": an IPv6 address is needed'],
    ['multihopTtl', { multihopTtl: 1 }, 'multihopTtl is 1: a number from 2 to 255 is needed'],
  ])('a peer has a bad %s', (_field, change, problem) => expect(rejectionOf({ ...aPeer, ...change })).toBe(`peer/tor: ${problem}`));

  it('a peer has no name, or one that is too long', () => {
    expect(rejectionOf({ ...aPeer, name: '' })).toBe('peer/: name has 0 characters: 1 to 253 are allowed');
    expect(rejectionOf({ ...aPeer, name: 'x'.repeat(254) })).toContain('name has 254 characters: 1 to 253 are allowed');
  });

  it('a node has no usable identifier', () => {
    expect(rejectionOf({ kind: 'node', routerId: '0.0.0.0' })).toBe(
      'node: routerId is "0.0.0.0", which is no BGP Identifier (RFC 6286): give the node another one',
    );
    expect(rejectionOf({ kind: 'node', routerId: '::1' })).toBe('node: routerId is "::1": an IPv4 address is needed');
  });

  it.each<[string, Partial<RouteEntry>, string]>([
    ['prefix', { prefix: '192.0.2.53' }, 'prefix: "192.0.2.53" has no prefix length: write it as 192.0.2.0/24 or 2001:db8::/32'],
    ['prefix', { prefix: '2001:DB8::/32' }, 'prefix is "2001:DB8::/32": write it as 2001:db8::/32'],
    [
      'gate.healthCheckNodePort',
      { gate: { mode: 'Auto', healthCheckNodePort: 0, announceDelayMs: 0 } },
      'gate.healthCheckNodePort is 0: a number from 1 to 65535 is needed',
    ],
    [
      'gate.announceDelayMs',
      { gate: { mode: 'Auto', announceDelayMs: 3_600_001 } },
      'gate.announceDelayMs is 3600001: a number from 0 to 3600000 is needed',
    ],
  ])('a route has a bad %s', (_field, change, problem) => {
    const route = { ...aRoute, ...change };
    expect(rejectionOf(route)).toBe(`route/${route.prefix}: ${problem}`);
  });

  it.each<[string, RouteEntry['exports'][number], string]>([
    ['no peers', { peers: [], attributes: { communities: [], largeCommunities: [], prepend: 0 } }, 'peers is empty: name at least one'],
    [
      'peers out of order',
      { peers: ['b', 'a'], attributes: { communities: [], largeCommunities: [], prepend: 0 } },
      'peers must be ascending and without repeats',
    ],
    [
      'the same community twice',
      { peers: ['a'], attributes: { communities: [1, 1], largeCommunities: [], prepend: 0 } },
      'attributes.communities must be ascending and without repeats',
    ],
    [
      'large communities out of order',
      {
        peers: ['a'],
        attributes: {
          communities: [],
          largeCommunities: [
            [1, 2, 3],
            [1, 2, 2],
          ],
          prepend: 0,
        },
      },
      'attributes.largeCommunities must be ascending and without repeats',
    ],
    [
      'too much prepend',
      { peers: ['a'], attributes: { communities: [], largeCommunities: [], prepend: 17 } },
      'attributes.prepend is 17: a number from 0 to 16 is needed',
    ],
  ])('an export has %s', (_name, routeExport, problem) => {
    expect(rejectionOf({ ...aRoute, exports: [routeExport] })).toBe(`route/192.0.2.53/32: exports[0].${problem}`);
  });

  it('a peer stands in two exports', () => {
    const [first] = aRoute.exports;
    if (first === undefined) throw new Error('the sample has an export');
    expect(rejectionOf({ ...aRoute, exports: [first, first] })).toBe(
      'route/192.0.2.53/32: exports[1].peers has "a" again: a peer may stand in one export only',
    );
  });

  it.each<[string, EncodedEntry, string]>([
    ['in the peer', rawPeer({ _unknownFields: { [(40 << 3) | 0]: [new Uint8Array([1])] } }), '#40'],
    [
      'in the gate',
      rawRoute({ gate: { mode: 1, announceDelayMs: 1, _unknownFields: { [(9 << 3) | 0]: [new Uint8Array([1])] } } }),
      'gate.#9',
    ],
  ])('it has a field of a newer version %s', (_name, encoded, path) => {
    expect(rejection(encoded)).toBe(
      `${encoded.key}: field ${path} is not known to this version: upgrade the speaker before using what needs it`,
    );
  });

  it('it is long nonsense, in a message that is short', () => {
    const message = rejectionOf({ ...aRoute, prefix: 'x'.repeat(100_000) });
    expect(message.length).toBeLessThanOrEqual(limits.reasonCharacters);
  });
});

it('a reason of a newer version is no reason to reject a route', () => {
  expect(decodeEntry(rawRoute({ reason: 'FromTheFuture' }))).toMatchObject({ ok: true, value: { reason: 'ReasonNotKnown' } });
});
