import { describe, expect, it } from 'vitest';
import type { PeerEntry } from '#state/entry.ts';
import { changedFields, sessionEffect, sessionEffects } from './session-effect.ts';

const from: PeerEntry = {
  kind: 'peer',
  name: 'tor',
  address: '198.51.100.1',
  port: 179,
  localAsn: 64500,
  peerAsn: 64501,
  families: ['IPv4'],
  holdTimeMs: 9_000,
  connectRetryMs: 5_000,
};

describe('what a change of a peer does to its session', () => {
  it.each<[Partial<PeerEntry>, string]>([
    [{ address: '198.51.100.2' }, 'bounce'],
    [{ port: 1179 }, 'bounce'],
    [{ localAsn: 1 }, 'bounce'],
    [{ peerAsn: 1 }, 'bounce'],
    [{ families: ['IPv4', 'IPv6'] }, 'bounce'],
    [{ holdTimeMs: 0 }, 'bounce'],
    [{ connectRetryMs: 1 }, 'none'],
    [{ sourceAddress: '198.51.100.9' }, 'bounce'],
    [{ nextHopIpv4: '198.51.100.9' }, 'refresh'],
    [{ nextHopIpv6: '2001:db8::9' }, 'refresh'],
    [{ multihopTtl: 5 }, 'bounce'],
    [{ interface: 'eth0' }, 'bounce'],
    [{ vrf: 'blue' }, 'bounce'],
    [{ passive: true }, 'bounce'],
    [{ password: 'p' }, 'bounce'],
    [{ tcpAo: { keyId: 1, receiveKeyId: 2, algorithm: 'HMAC-SHA-1-96' } }, 'bounce'],
    [{ ttlSecurityHops: 1 }, 'bounce'],
    [{ gracefulRestart: { restartSeconds: 20, notification: false } }, 'bounce'],
    [{ role: 'Customer' }, 'bounce'],
    [{ roleStrict: true }, 'bounce'],
    [{ localAs: { asn: 64_511, replaceAs: true } }, 'bounce'],
    [{ extendedNextHop: true }, 'bounce'],
    [{ extendedMessages: false }, 'bounce'],
    [{ delayOpenMs: 1_000 }, 'none'],
    [{ maxPrefixes: 10 }, 'refresh'],
    [{ noLlgr: true }, 'refresh'],
  ])('%o: %s', (change, effect) => {
    expect(sessionEffect(from, { ...from, ...change })).toBe(effect);
    expect(changedFields(from, { ...from, ...change })).toEqual(Object.keys(change));
  });

  it('is the strongest of all changes, and none where nothing changed', () => {
    expect(sessionEffect(from, { ...from, connectRetryMs: 1, nextHopIpv4: '198.51.100.9' })).toBe('refresh');
    expect(sessionEffect(from, { ...from, port: 1, nextHopIpv4: '198.51.100.9' })).toBe('bounce');
    expect(sessionEffect(from, { ...from })).toBe('none');
  });

  it('is known of every field', () => {
    expect(Object.keys(sessionEffects)).toHaveLength(26);
  });
});
