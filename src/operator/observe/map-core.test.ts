import { describe, expect, it } from 'vitest';
import { keyOf } from '#kube/resource.ts';
import { projectEndpointSlice, projectNamespace, projectNode, projectService } from '../core-objects.ts';
import { canonicalAddresses, mapNamespace, mapNode, mapService, mapSlice, presenceIn } from './map-core.ts';

const meta = { name: 'edge', namespace: 'dns', uid: 'u1', resourceVersion: '7', creationTimestamp: '2026-01-01T00:00:00Z' };
const service = (spec: object = {}, rest: object = {}, more: object = {}) =>
  mapService(projectService({ metadata: { ...meta, ...rest }, spec: { type: 'LoadBalancer', ...spec }, ...more }), 'present');
const slice = (endpoints: unknown, rest: object = {}) =>
  projectEndpointSlice({
    metadata: { ...meta, labels: { 'kubernetes.io/service-name': 'edge', other: 'x' } },
    addressType: 'IPv4',
    endpoints,
    ...rest,
  });

describe('a Service', () => {
  it('is mapped with what decisions rest on', () => {
    const spec = {
      loadBalancerClass: 'anycast-operator.io/anycast',
      externalTrafficPolicy: 'Local',
      healthCheckNodePort: 30_001,
      ipFamilies: ['IPv6', 'IPv4'],
    };
    const annotations = { 'anycast-operator.io/addresses': ' 192.0.2.1, 2001:DB8::0:1,nonsense,192.0.2.1' };
    const status = { loadBalancer: { ingress: [{ ip: '192.0.2.1' }, { hostname: 'x' }] } };
    expect(service(spec, { annotations, labels: { app: 'dns' } }, { status })).toEqual({
      kind: 'Service',
      key: 'dns/edge',
      resourceVersion: '7',
      createdAt: '2026-01-01T00:00:00Z',
      labels: { app: 'dns' },
      presence: 'present',
      namespace: 'dns',
      isLoadBalancer: true,
      class: 'ours',
      families: ['IPv6', 'IPv4'],
      externalTrafficPolicy: 'Local',
      healthCheckNodePort: 30_001,
      addresses: ['192.0.2.1', '2001:db8::1'],
      unreadableAddresses: ['nonsense'],
      ingress: ['192.0.2.1'],
    });
  });

  it.each([
    [undefined, 'none'],
    ['anycast-operator.io/anycast', 'ours'],
    ['example.com/other', 'foreign'],
  ])('of loadBalancerClass %s is of class %s', (loadBalancerClass, expected) => {
    expect(service({ loadBalancerClass }).class).toBe(expected);
  });

  it('without fields has their defaults', () => {
    expect(service()).toMatchObject({ externalTrafficPolicy: 'Cluster', families: [], addresses: [], ingress: [] });
    expect(service({ healthCheckNodePort: 0 })).not.toHaveProperty('healthCheckNodePort');
    expect(service({ type: 'ClusterIP' }).isLoadBalancer).toBe(false);
  });

  it('asks for loadBalancerIP where it has no annotation', () => {
    expect(service({ loadBalancerIP: '192.0.2.9' }).addresses).toEqual(['192.0.2.9']);
    expect(service({ loadBalancerIP: '192.0.2.9' }, { annotations: { 'anycast-operator.io/addresses': '' } }).addresses).toEqual([]);
  });

  it('survives whatever an API server may send', () => {
    for (const value of [undefined, null, 7, 'x', [], { metadata: 1, spec: [], status: { loadBalancer: { ingress: 'x' } } }])
      expect(mapService(projectService(value), 'present')).toMatchObject({ key: '', addresses: [], ingress: [] });
  });
});

describe('presence', () => {
  const deleting = { ...meta, deletionTimestamp: '2026-01-02T00:00:00Z' };

  it.each([
    ['present', 'present', 'deleting'],
    ['deleted', 'deleted', 'deleted'],
    ['missing', 'missing', 'deleted'],
  ] as const)('%s is %s, and with a deletionTimestamp %s', (seen, without, withTimestamp) => {
    expect([presenceIn(meta, seen), presenceIn(deleting, seen)]).toEqual([without, withTimestamp]);
  });
});

describe('an EndpointSlice', () => {
  it('is mapped with conditions as they were sent: absent is not false', () => {
    const endpoints = [
      { nodeName: 'n1', conditions: { ready: false, serving: true, terminating: true } },
      { conditions: {} },
      { nodeName: 'n2' },
    ];
    expect(mapSlice(slice(endpoints), 'present')).toMatchObject({
      kind: 'EndpointSlice',
      key: 'dns/edge',
      service: 'dns/edge',
      family: 'IPv4',
      labels: { 'kubernetes.io/service-name': 'edge' },
      endpoints: [{ node: 'n1', ready: false, serving: true, terminating: true }, {}, { node: 'n2' }],
    });
  });

  it('of names, or of no Service, is none', () => {
    expect(mapSlice(slice([], { addressType: 'FQDN' }), 'present')).toBeUndefined();
    expect(mapSlice(slice([], { metadata: meta }), 'present')).toBeUndefined();
    expect(mapSlice(slice('nonsense', { addressType: 'IPv6' }), 'present')).toMatchObject({ family: 'IPv6', endpoints: [] });
  });
});

describe('a Node', () => {
  const node = (ready: string | undefined, at = '2026-01-01T00:00:00Z', rest: object = {}) =>
    projectNode({
      metadata: { name: 'n1', uid: 'u', resourceVersion: '1', ...rest },
      status: {
        addresses: [
          { type: 'Hostname', address: 'n1' },
          { type: 'InternalIP', address: 'FD00::1' },
          { type: 'InternalIP', address: '10.0.0.1' },
        ],
        conditions: ready === undefined ? [] : [{ type: 'Ready', status: ready, lastTransitionTime: at }],
      },
    });
  const wallMs = Date.parse('2026-01-01T00:01:00Z');
  const time = { nowMs: 1_000, wallMs };

  it('has addresses, router id, exclusion and network', () => {
    expect(mapNode(node('True'), 'present', time)).toMatchObject({
      key: 'n1',
      internalAddresses: ['fd00::1', '10.0.0.1'],
      excluded: false,
      networkUnavailable: false,
    });
    const labelled = {
      labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': 'false' },
      annotations: { 'anycast-operator.io/router-id': '10.9.9.9', 'other.io/x': 'y' },
    };
    expect(mapNode(node('True', undefined, labelled), 'present', time)).toMatchObject({ excluded: true, routerId: '10.9.9.9' });
    const offline = projectNode({ metadata: { name: 'n1' }, status: { conditions: [{ type: 'NetworkUnavailable', status: 'True' }] } });
    expect(mapNode(offline, 'present', time)).toMatchObject({ networkUnavailable: true });
  });

  it('that is Ready when first seen is so since its condition says, and never since later than now', () => {
    expect(mapNode(node('True'), 'present', time).readySinceMs).toBe(-59_000);
    expect(mapNode(node('True', '2027-01-01T00:00:00Z'), 'present', time).readySinceMs).toBe(1_000);
    expect(mapNode(node('True', 'nonsense'), 'present', time).readySinceMs).toBe(1_000);
  });

  it.each(['False', 'Unknown', undefined])('whose condition is %s is not', (status) => {
    expect(mapNode(node(status), 'present', time)).not.toHaveProperty('readySinceMs');
  });

  it('stays Ready since when it was, while the condition is the same', () => {
    const before = mapNode(node('True'), 'present', time);
    expect(mapNode(node('True'), 'present', { nowMs: 9_000, wallMs, before }).readySinceMs).toBe(-59_000);
  });

  it.each([
    ['became Ready', mapNode(node('Unknown'), 'present', time)],
    ['was not Ready while nobody watched', mapNode(node('True', '2025-01-01T00:00:00Z'), 'present', time)],
    ['was deleted, and is another one', mapNode(node('True'), 'deleted', time)],
  ])('that %s is Ready since now', (_, before) => {
    expect(mapNode(node('True'), 'present', { nowMs: 9_000, wallMs, before }).readySinceMs).toBe(9_000);
  });
});

describe('names and addresses', () => {
  it('are those of Kubernetes', () => {
    expect([keyOf({ name: 'n1' }), keyOf({ namespace: 'dns', name: 'edge' })]).toEqual(['n1', 'dns/edge']);
    expect(mapNamespace(projectNamespace({ metadata: { name: 'dns', labels: { a: 'b', c: 1 } } }), 'missing')).toMatchObject({
      kind: 'Namespace',
      key: 'dns',
      labels: { a: 'b' },
      presence: 'missing',
    });
    expect(canonicalAddresses(['2001:db8:0::1', 'x', '2001:DB8::1', '192.0.2.1'])).toEqual(['2001:db8::1', '192.0.2.1']);
  });
});
