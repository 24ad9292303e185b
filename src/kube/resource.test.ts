import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { apiVersionOf, collectionPath, isOlder, keyOf, keyOfRaw, objectPath, refOf, typeName } from './resource.ts';

const services = { group: '', version: 'v1', plural: 'services', kind: 'Service', namespaced: true };
const peers = { group: 'anycast-operator.io', version: 'v1alpha1', plural: 'anycastpeers', kind: 'AnycastPeer', namespaced: false };

describe('a kind', () => {
  it('has its paths', () => {
    expect(collectionPath(services)).toBe('/api/v1/services');
    expect(collectionPath(services, 'dns')).toBe('/api/v1/namespaces/dns/services');
    expect(objectPath(services, { namespace: 'dns', name: 'edge' })).toBe('/api/v1/namespaces/dns/services/edge');
    expect(objectPath(peers, { name: 'tor/1' })).toBe('/apis/anycast-operator.io/v1alpha1/anycastpeers/tor%2F1');
  });

  it('has its names', () => {
    expect([apiVersionOf(services), apiVersionOf(peers)]).toEqual(['v1', 'anycast-operator.io/v1alpha1']);
    expect([typeName(services), typeName(peers)]).toEqual(['services', 'anycastpeers.anycast-operator.io']);
  });
});

describe('a key', () => {
  it('is the namespace and the name, or the name alone', () => {
    expect(keyOf({ namespace: 'dns', name: 'edge' })).toBe('dns/edge');
    expect(keyOf({ namespace: '', name: 'n1' })).toBe('n1');
    expect(refOf('dns/edge')).toEqual({ namespace: 'dns', name: 'edge' });
    expect(refOf('n1')).toEqual({ name: 'n1' });
    expect(keyOfRaw({ metadata: { namespace: 'dns', name: 'edge' } })).toBe('dns/edge');
    expect(keyOfRaw({ metadata: {} })).toBe('');
  });
});

describe('resource versions', () => {
  it('are compared as numbers of any length', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 80n }), fc.bigInt({ min: 0n, max: 2n ** 80n }), (a, b) => {
        expect(isOlder(String(a), String(b))).toBe(a < b);
      }),
    );
  });

  it('are never older when they are no numbers', () => {
    expect(isOlder('', '1')).toBe(false);
    expect(isOlder('1', 'abc')).toBe(false);
    expect(isOlder('01', '2')).toBe(false);
  });
});
