import fc from 'fast-check';
import type { LargeCommunity } from '#net/community.ts';
import { formatIpAddress } from '#net/ip-address.ts';
import { formatPrefix, maskedPrefix } from '#net/prefix.ts';
import type { ExportAttributes } from '#state/attributes.ts';
import type { Entry, NodeEntry, PeerEntry, RouteEntry } from '#state/entry.ts';
import { type ReasonCode, reasons } from '#state/reasons.ts';
import { peerRoles, type SessionOptions } from '#state/session-options.ts';

const uint32 = fc.integer({ min: 0, max: 0xffffffff });
const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const ipv4 = octets(4).map((bytes) => ({ family: 'IPv4' as const, octets: bytes }));
const ipv6 = octets(16).map((bytes) => ({ family: 'IPv6' as const, octets: bytes }));
const ipv4Text = ipv4.map(formatIpAddress);
const ipv6Text = ipv6.map(formatIpAddress);

/** Canonical prefixes of both families. */
export const prefixText = fc.oneof(
  fc.tuple(ipv4, fc.nat(32)).map(([address, length]) => formatPrefix(maskedPrefix(address, length))),
  fc.tuple(ipv6, fc.nat(128)).map(([address, length]) => formatPrefix(maskedPrefix(address, length))),
);

const node: fc.Arbitrary<NodeEntry> = ipv4Text.filter((text) => text !== '0.0.0.0').map((routerId) => ({ kind: 'node', routerId }));

const asn = fc.integer({ min: 1, max: 4_294_967_294 });
const peerName = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });

const device = fc.stringMatching(/^[a-z0-9.]{1,15}$/);

/** One arbitrary for each of the options but TCP-AO, which needs a password. */
const sessionOptions: { [K in Exclude<keyof SessionOptions, 'tcpAo'>]-?: fc.Arbitrary<NonNullable<SessionOptions[K]>> } = {
  interface: device,
  vrf: device,
  passive: fc.boolean(),
  password: fc.string({ minLength: 1, maxLength: 20 }),
  ttlSecurityHops: fc.integer({ min: 1, max: 254 }),
  gracefulRestart: fc.record({ restartSeconds: fc.integer({ min: 1, max: 4_095 }), notification: fc.boolean() }),
  role: fc.constantFrom(...peerRoles),
  roleStrict: fc.boolean(),
  localAs: fc.record({ asn, replaceAs: fc.boolean() }),
  extendedNextHop: fc.boolean(),
  extendedMessages: fc.boolean(),
  delayOpenMs: fc.integer({ min: 1, max: 240_000 }),
  maxPrefixes: fc.integer({ min: 1, max: 10_000_000 }),
  noLlgr: fc.boolean(),
};

const peer: fc.Arbitrary<PeerEntry> = fc
  .record(
    {
      name: peerName,
      address: fc.oneof(ipv4Text, ipv6Text),
      port: fc.integer({ min: 1, max: 65_535 }),
      localAsn: asn,
      peerAsn: asn,
      families: fc.constantFrom<PeerEntry['families']>(['IPv4'], ['IPv6'], ['IPv4', 'IPv6']),
      holdTimeMs: fc.oneof(fc.constant(0), fc.integer({ min: 3_000, max: 65_535_000 })),
      connectRetryMs: fc.integer({ min: 1, max: 3_600_000 }),
      sourceAddress: fc.oneof(ipv4Text, ipv6Text),
      nextHopIpv4: ipv4Text,
      nextHopIpv6: ipv6Text,
      multihopTtl: fc.integer({ min: 2, max: 255 }),
      ...sessionOptions,
    },
    { requiredKeys: ['name', 'address', 'port', 'localAsn', 'peerAsn', 'families', 'holdTimeMs', 'connectRetryMs'] },
  )
  .map((fields) => ({ kind: 'peer', ...fields }));

const attributes: fc.Arbitrary<ExportAttributes> = fc.record(
  {
    communities: fc.uniqueArray(uint32).map((values) => values.sort((a, b) => a - b)),
    largeCommunities: fc
      .uniqueArray(fc.tuple(uint32, uint32, uint32), { selector: String, maxLength: 4 })
      .map((values) => values.sort(compareLarge)),
    med: uint32,
    localPref: uint32,
    prepend: fc.nat(16),
  },
  { requiredKeys: ['communities', 'largeCommunities', 'prepend'] },
);

const compareLarge = (a: LargeCommunity, b: LargeCommunity): number => a[0] - b[0] || a[1] - b[1] || a[2] - b[2];

/** Some peers, split over one or two exports. */
const exports: fc.Arbitrary<RouteEntry['exports']> = fc
  .tuple(fc.uniqueArray(peerName, { maxLength: 4 }), fc.nat(4), attributes, attributes)
  .map(([peers, cut, first, second]) =>
    [
      { peers: peers.slice(0, cut).sort(compareText), attributes: first },
      { peers: peers.slice(cut).sort(compareText), attributes: second },
    ].filter((group) => group.peers.length > 0),
  );

const route: fc.Arbitrary<RouteEntry> = fc.record({
  kind: fc.constant('route' as const),
  prefix: prefixText,
  service: fc.string({ unit: 'grapheme' }),
  reason: fc.constantFrom(...(Object.keys(reasons) as ReasonCode[])),
  gate: fc.record(
    {
      mode: fc.constantFrom('Auto' as const, 'HealthCheckNodePort' as const, 'Delay' as const),
      healthCheckNodePort: fc.integer({ min: 1, max: 65_535 }),
      announceDelayMs: fc.nat(3_600_000),
    },
    { requiredKeys: ['mode', 'announceDelayMs'] },
  ),
  exports,
});

/** Every entry that a speaker of this version can run. */
export const anEntry: fc.Arbitrary<Entry> = fc.oneof(node, peer, route);
