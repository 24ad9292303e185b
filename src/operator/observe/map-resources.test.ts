import { describe, expect, it } from 'vitest';
import { formatPrefix } from '#net/prefix.ts';
import { unwrap } from '#runtime/result.ts';
import { projectCustomObject } from '../custom-object.ts';
import { mapAdvertisement, mapConfig, mapPeer, mapPool, mapRefinement } from './map-resources.ts';

const object = (spec: unknown, namespace?: string) =>
  projectCustomObject({ metadata: { name: 'edge', ...(namespace !== undefined && { namespace }), uid: 'u', resourceVersion: '1' }, spec });
const rack = { matchLabels: { rack: 'r1' } };

describe('our kinds', () => {
  it('AnycastService', () => {
    const spec = {
      serviceRef: { name: 'dns' },
      addresses: ['2001:DB8::1'],
      endpointPolicy: 'Cluster',
      dataPlaneGate: 'Delay',
      announceDelayMs: 5,
    };
    expect(unwrap(mapRefinement(object(spec, 'ns'), 'present'))).toMatchObject({
      kind: 'AnycastService',
      key: 'ns/edge',
      service: 'ns/dns',
      addresses: ['2001:db8::1'],
      endpointPolicy: 'Cluster',
      isObserved: false,
      gateMode: 'Delay',
      announceDelayMs: 5,
    });
    const least = unwrap(mapRefinement(object({ serviceRef: { name: 'dns' } }, 'ns'), 'present'));
    expect(least).toMatchObject({ addresses: [], gateMode: 'Auto', announceDelayMs: 1_000 });
    expect(least).not.toHaveProperty('endpointPolicy');
  });

  it('AnycastPool', () => {
    const pool = unwrap(mapPool(object({ addresses: ['192.0.2.0/24', '2001:db8::1'], namespaceSelector: rack }), 'present'));
    expect(pool.prefixes.map(formatPrefix)).toEqual(['192.0.2.0/24', '2001:db8::1/128']);
    expect(pool.namespaceSelector).toEqual(rack);
    expect(pool).not.toHaveProperty('serviceSelector');
  });

  it('AnycastAdvertisement', () => {
    const attributes = { communities: ['64500:1'], med: 5, localPref: 200, prepend: 2 };
    expect(unwrap(mapAdvertisement(object({ nodeSelector: rack, attributes }), 'present'))).toMatchObject({
      nodeSelector: rack,
      attributes: { largeCommunities: [], med: 5, localPref: 200, prepend: 2 },
    });
    const { attributes: none } = unwrap(mapAdvertisement(object({}), 'present'));
    expect(none).toEqual({ communities: [], largeCommunities: [] });
  });

  it('AnycastPeer', () => {
    const least = unwrap(mapPeer(object({ address: '198.51.100.1', localASN: 64_512, peerASN: 64_500 }), 'present'));
    expect(least.session).toEqual({
      kind: 'peer',
      name: 'edge',
      address: '198.51.100.1',
      port: 179,
      localAsn: 64_512,
      peerAsn: 64_500,
      holdTimeMs: 9_000,
      connectRetryMs: 5_000,
    });
    expect(least).not.toHaveProperty('families');
    const unnumbered = unwrap(mapPeer(object({ interface: 'eth1', localASN: 64_512, peerASN: 64_500 }), 'present'));
    expect(unnumbered.session).toMatchObject({ address: '', interface: 'eth1' });
    const most = unwrap(
      mapPeer(
        object({
          address: '198.51.100.1',
          port: 1179,
          localASN: 1,
          peerASN: 2,
          families: ['IPv4', 'IPv6'],
          holdTimeSeconds: 30,
          connectRetrySeconds: 7,
          sourceAddress: '198.51.100.9',
          nextHop: { ipv4: '198.51.100.9', ipv6: '2001:db8::9' },
          multihopTTL: 4,
          nodeSelector: rack,
        }),
        'present',
      ),
    );
    expect(most).toMatchObject({
      families: ['IPv4', 'IPv6'],
      nodeSelector: rack,
      session: {
        port: 1179,
        holdTimeMs: 30_000,
        connectRetryMs: 7_000,
        sourceAddress: '198.51.100.9',
        nextHopIpv4: '198.51.100.9',
        nextHopIpv6: '2001:db8::9',
        multihopTtl: 4,
      },
    });
  });

  it('AnycastPeer with everything that a session may be asked for', () => {
    const spec = {
      passwordSecret: 'tor',
      tcpAO: { keyID: 1, receiveKeyID: 2 },
      ttlSecurityHops: 1,
      vrf: 'blue',
      passive: true,
      gracefulRestart: { restartTimeSeconds: 20 },
      role: 'Customer',
      roleStrict: true,
      localAS: { asn: 3, replaceAS: true },
      extendedNextHop: true,
      extendedMessages: false,
      delayOpenSeconds: 3,
      maxPrefixes: 10,
      noLLGR: true,
    };
    const mapped = unwrap(mapPeer(object({ address: '198.51.100.1', localASN: 1, peerASN: 2, ...spec }), 'present'));
    expect(mapped.passwordSecret).toBe('tor');
    expect(mapped.session).not.toHaveProperty('password');
    expect(mapped.session).toMatchObject({
      tcpAo: { keyId: 1, receiveKeyId: 2, algorithm: 'HMAC-SHA-1-96' },
      ttlSecurityHops: 1,
      vrf: 'blue',
      passive: true,
      gracefulRestart: { restartSeconds: 20, notification: false },
      role: 'Customer',
      roleStrict: true,
      localAs: { asn: 3, replaceAs: true },
      extendedNextHop: true,
      extendedMessages: false,
      delayOpenMs: 3_000,
      maxPrefixes: 10,
      noLlgr: true,
    });
  });

  it('AnycastConfig', () => {
    const config = (spec: unknown) =>
      unwrap(mapConfig({ ...object(spec), metadata: { ...object({}).metadata, name: 'default' } }, 'present'));
    expect(config({ claim: [{ serviceSelector: rack }, {}] })).toMatchObject({
      claims: [{ serviceSelector: rack }, {}],
      isObserved: false,
    });
    expect(config({ mode: 'Observe' })).toMatchObject({ claims: [], isObserved: true });
  });

  it.each([mapRefinement, mapPool, mapPeer, mapConfig, mapAdvertisement])('say the field that can not be read', (map) => {
    const mapped = map(object(7, 'ns'), 'present');
    expect(mapped).toMatchObject({
      ok: false,
      error: { field: expect.stringMatching(/^(spec|metadata)/), message: expect.stringContaining('edge') },
    });
  });
});
