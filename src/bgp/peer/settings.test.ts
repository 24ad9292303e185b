import { describe, expect, it } from 'vitest';
import { type PeerSettings, settingsEffect, settingsEffects } from './settings.ts';
import { changed } from './testing/changed-settings.ts';

const settings: Required<PeerSettings> = {
  name: 'tor',
  address: '192.0.2.254',
  port: 179,
  localAsn: 64500,
  peerAsn: 64501,
  routerId: '192.0.2.1',
  families: ['IPv4', 'IPv6'],
  holdTimeMs: 9_000,
  connectRetryMs: 5_000,
  sourceAddress: '192.0.2.1',
  nextHopIpv4: '192.0.2.1',
  nextHopIpv6: '2001:db8::1',
  multihopTtl: 3,
  interface: 'eth0',
  vrf: 'red',
  passive: false,
  password: 'one',
  tcpAo: { keyId: 1, receiveKeyId: 1, algorithm: 'HMAC-SHA-1-96' },
  ttlSecurityHops: 1,
  gracefulRestart: { restartSeconds: 20, notification: false },
  role: 'Peer',
  roleStrict: false,
  localAs: { asn: 64510, replaceAs: false },
  extendedNextHop: false,
  extendedMessages: true,
  delayOpenMs: 1_000,
  maxPrefixes: 100,
  noLlgr: false,
};

describe('the effect of new settings', () => {
  for (const field of Object.keys(settingsEffects) as (keyof PeerSettings)[]) {
    it(`of ${field}: ${settingsEffects[field]}`, () => {
      expect(settingsEffect(settings, { ...settings, [field]: changed[field] })).toBe(settingsEffects[field]);
    });
  }

  it('of the same settings is none', () => {
    expect(settingsEffect(settings, { ...settings, families: [...settings.families], localAs: { ...settings.localAs } })).toBe('none');
  });

  it('of a field that comes or goes is that of the field', () => {
    const { multihopTtl: _, ...without } = settings;
    expect(settingsEffect(settings, without)).toBe('bounce');
    expect(settingsEffect(without, settings)).toBe('bounce');
  });

  it('of several is the strongest', () => {
    expect(settingsEffect(settings, { ...settings, nextHopIpv4: '192.0.2.9', connectRetryMs: 1_000 })).toBe('refresh');
    expect(settingsEffect(settings, { ...settings, nextHopIpv4: '192.0.2.9', port: 1_790 })).toBe('bounce');
  });
});
