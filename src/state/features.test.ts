import { describe, expect, it } from 'vitest';
import type { PeerEntry } from './entry.ts';
import { allFeatures, featuresOf } from './features.ts';

const aPeer = (options: Partial<PeerEntry> = {}): PeerEntry => ({
  kind: 'peer',
  name: 'tor',
  address: '198.51.100.1',
  port: 179,
  localAsn: 64_512,
  peerAsn: 64_500,
  families: ['IPv4'],
  holdTimeMs: 9_000,
  connectRetryMs: 5_000,
  ...options,
});

describe('what an entry needs', () => {
  it('is nothing where it is of protocol 1', () => {
    expect(featuresOf({ kind: 'node', routerId: '192.0.2.1' })).toEqual([]);
    expect(featuresOf(aPeer({ multihopTtl: 3, nextHopIpv4: '192.0.2.1', sourceAddress: '192.0.2.1' }))).toEqual([]);
    const gate = { mode: 'Auto', announceDelayMs: 0 } as const;
    expect(featuresOf({ kind: 'route', prefix: '192.0.2.53/32', service: 'dns/edge', reason: 'Serving', gate, exports: [] })).toEqual([]);
  });

  it('is a feature for each option that it has, also where the option says no', () => {
    expect(featuresOf(aPeer({ role: 'Customer', passive: false, maxPrefixes: 5 }))).toEqual(['passive', 'role', 'max-prefixes']);
  });

  it('is the kind of key that signs', () => {
    const tcpAo = { keyId: 1, receiveKeyId: 1, algorithm: 'HMAC-SHA-1-96' } as const;
    expect(featuresOf(aPeer({ password: 'secret' }))).toEqual(['tcp-md5']);
    expect(featuresOf(aPeer({ password: 'secret', tcpAo }))).toEqual(['tcp-ao']);
  });

  it('is to find the router where that has no address', () => {
    expect(featuresOf(aPeer({ address: 'fe80::1', interface: 'eth0' }))).toEqual(['interface']);
    expect(featuresOf(aPeer({ address: '', interface: 'eth0' }))).toEqual(['interface', 'unnumbered']);
  });

  it('has a name of its own each', () => {
    expect(new Set(allFeatures).size).toBe(allFeatures.length);
  });
});
