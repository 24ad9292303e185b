import { describe, expect, it } from 'vitest';
import { connectTarget, needsProtection, protection } from './from-settings.ts';
import type { PeerSettings } from './settings.ts';

const settings = (more: Partial<PeerSettings> = {}): PeerSettings => ({
  name: 'tor',
  address: '192.0.2.254',
  port: 179,
  localAsn: 64_512,
  peerAsn: 64_500,
  routerId: '192.0.2.1',
  families: ['IPv4'],
  holdTimeMs: 9_000,
  connectRetryMs: 5_000,
  ...more,
});

describe('a connection', () => {
  it('is marked as network control, and given up by TCP no earlier than by the send hold timer', () => {
    expect(protection(settings({ peerAsn: 64_512 }))).toEqual({ dscp: 48, userTimeoutMs: 480_000 });
    expect(protection(settings({ holdTimeMs: 600_000 })).userTimeoutMs).toBe(1_200_000);
  });

  it('with an eBGP router gets one hop far, if that can be had, or as far as it is told', () => {
    expect(connectTarget(settings())).toMatchObject({ hopLimit: 1, hopLimitRequired: false });
    expect(connectTarget(settings({ multihopTtl: 3 }))).toMatchObject({ hopLimit: 3, hopLimitRequired: true });
    expect(connectTarget(settings({ peerAsn: 64_512 }))).not.toHaveProperty('hopLimit');
  });

  it.each([
    [1, 255],
    [254, 2],
  ])('with TTL security of %d hops begins with 255 and takes no less than %d', (ttlSecurityHops, minHopLimit) => {
    expect(connectTarget(settings({ ttlSecurityHops }))).toMatchObject({ hopLimit: 255, minHopLimit, hopLimitRequired: true });
  });

  it('has the key, of TCP MD5 or of TCP-AO', () => {
    expect(protection(settings({ password: 'p' })).key).toEqual({ kind: 'MD5', secret: 'p' });
    const tcpAo = { keyId: 1, receiveKeyId: 2, algorithm: 'AES-128-CMAC-96' } as const;
    expect(protection(settings({ password: 'p', tcpAo })).key).toEqual({ kind: 'AO', secret: 'p', ...tcpAo });
    expect([needsProtection(settings()), needsProtection(settings({ password: 'p' }))]).toEqual([false, true]);
  });

  it('knows the interface of a link-local address only, and the VRF', () => {
    expect(connectTarget(settings({ address: 'fe80::1', interface: 'eth0', vrf: 'blue' }))).toMatchObject({
      interface: 'eth0',
      vrf: 'blue',
    });
    expect(connectTarget(settings({ interface: 'eth0' }))).not.toHaveProperty('interface');
  });
});
