import { describe, expect, it } from 'vitest';
import { parseAnycastConfig } from './anycast-config.ts';
import { parseAnycastPeer } from './anycast-peer.ts';
import { parseAnycastPool } from './anycast-pool.ts';
import { parseAnycastService } from './anycast-service.ts';
import { parseAnycastSpeaker } from './anycast-speaker.ts';
import { limits } from './limits.ts';

const peer = (spec: object) =>
  parseAnycastPeer({ metadata: { name: 'leaf-1' }, spec: { address: '192.0.2.1', localASN: 64512, peerASN: 64500, ...spec } });
const message = (result: ReturnType<typeof peer>): string => (result.ok ? 'accepted' : result.error.message);

describe('an object that can not be followed', () => {
  it.each([
    [{ address: undefined }, 'AnycastPeer leaf-1: spec.address is missing: add it'],
    [{ peerASN: '64500' }, 'AnycastPeer leaf-1: spec.peerASN is "64500": write a number'],
    [{ peerASN: 0.5 }, 'AnycastPeer leaf-1: spec.peerASN is 0.5: write an integer'],
    [{ peerASN: 0 }, 'AnycastPeer leaf-1: spec.peerASN is 0: write at least 1'],
    [{ peerASN: 4294967295 }, 'AnycastPeer leaf-1: spec.peerASN is 4294967295: write at most 4294967294'],
    [{ address: '' }, 'AnycastPeer leaf-1: spec.address is "": write at least 1 character'],
    [{ address: 'leaf-1' }, 'AnycastPeer leaf-1: spec.address: "leaf-1" is not an IP address'],
    [{ families: [] }, 'AnycastPeer leaf-1: spec.families is []: write at least 1 item'],
    [{ families: ['IPv5'] }, 'AnycastPeer leaf-1: spec.families[0] is "IPv5": write one of IPv4, IPv6'],
    [
      { nodeSelector: { matchExpressions: [{ key: 'zone', operator: 'Exists', values: ['a'] }] } },
      'AnycastPeer leaf-1: spec.nodeSelector.matchExpressions[0] is {"key":"zone","operator":"Exists","values":["a"]}: In and NotIn need values, Exists and DoesNotExist take none: add values or remove them',
    ],
  ])('is one line with object, field, value and what to do: %j', (spec, expected) => {
    expect(message(peer(spec))).toBe(expected);
  });

  it('names its namespace, or says that it has no name', () => {
    const service = parseAnycastService({ metadata: { namespace: 'dns', name: 'edge' }, spec: {} });
    expect(service).toMatchObject({
      error: { field: 'spec.serviceRef', message: 'AnycastService dns/edge: spec.serviceRef is missing: add it' },
    });
    expect(parseAnycastPool({ spec: { addresses: ['192.0.2.0/24'] } })).toMatchObject({
      error: { message: 'AnycastPool (without a name): metadata is missing: add it' },
    });
    expect(parseAnycastPool('x')).toMatchObject({ error: { message: 'AnycastPool (without a name): the object is "x": write an object' } });
  });

  it('shortens what is long', () => {
    const addresses = Array.from({ length: limits.poolAddresses + 1 }, () => '192.0.2.0/24');
    const result = parseAnycastPool({ metadata: { name: 'p' }, spec: { addresses } });
    expect(result).toMatchObject({
      error: { field: 'spec.addresses', message: expect.stringMatching(/^.{60,140}…: write at most 256 items$/) },
    });
  });

  it('is an AnycastConfig of another name than default', () => {
    const removalGuard = { graceSeconds: 5, maxPercent: 25, maxPrefixes: 100, lastOfPool: 'Hold' };
    expect(parseAnycastConfig({ metadata: { name: 'mine' }, spec: {} })).toMatchObject({ error: { field: 'metadata.name' } });
    expect(parseAnycastConfig({ metadata: { name: 'default' }, spec: {} })).toEqual({
      ok: true,
      value: { spec: { mode: 'Announce', claim: [], removalGuard } },
    });
  });
});

describe('an object that can be followed', () => {
  it('has its defaults and canonical texts', () => {
    expect(peer({ address: '2001:DB8:0::1' })).toEqual({
      ok: true,
      value: {
        spec: {
          address: '2001:db8::1',
          port: 179,
          localASN: 64512,
          peerASN: 64500,
          holdTimeSeconds: 9,
          connectRetrySeconds: 5,
          nextHop: {},
        },
      },
    });
  });

  it('names each address once, however it is written', () => {
    const spec = { serviceRef: { name: 'dns' }, addresses: ['2001:DB8::53', '2001:db8::53', '192.0.2.53'] };
    expect(parseAnycastService({ metadata: { name: 'dns' }, spec })).toMatchObject({
      value: { spec: { addresses: ['2001:db8::53', '192.0.2.53'], dataPlaneGate: 'Auto', announceDelayMs: 1_000 } },
    });
  });

  it('may have fields that we do not know', () => {
    expect(message(peer({ bfd: { interval: 50 } }))).toBe('accepted');
  });

  it('has no status where that can not be read', () => {
    const object = { metadata: { name: 'p' }, spec: { addresses: ['192.0.2.0/24'] } };
    expect(parseAnycastPool({ ...object, status: { assigned: 3 } })).toMatchObject({ value: { status: { assigned: 3 } } });
    expect(parseAnycastPool({ ...object, status: { assigned: 'many' } })).toMatchObject({ ok: true, value: { spec: {} } });
    expect(parseAnycastPool({ ...object, status: { assigned: 'many' } })).not.toHaveProperty('value.status');
  });

  it('has only a status if it is an AnycastSpeaker', () => {
    expect(parseAnycastSpeaker({ metadata: { name: 'n1' }, status: { epoch: 7 } })).toEqual({
      ok: true,
      value: { spec: undefined, status: { epoch: 7 } },
    });
  });
});
