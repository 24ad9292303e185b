import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { crdName } from '#api/crd/crd.ts';
import { openApiSchema, type StructuralSchema } from '#api/crd/schema-to-openapi.ts';
import type { KindDefinition } from '#api/kind.ts';
import { type KindName, kinds } from '#api/kinds.ts';
import { apiVersion, group, version } from '#api/names.ts';
import { parserOf } from '#api/parse.ts';
import { eventually } from '../support/eventually.ts';
import { Scope } from '../support/scope.ts';
import { ApiError, type KubeObject, type Reference, TestClient } from './client.ts';

const root = join(import.meta.dirname, '../..');
const namespace = 'crds-test';
const all: readonly KindDefinition[] = Object.values(kinds);

const scope = new Scope();
const client = new TestClient(inject('controlPlane'));
scope.onClose('client', () => client.close());
afterAll(() => scope.close());

beforeAll(async () => {
  await client.applyFiles(join(root, 'crds'));
  // A kind may be established a moment before its objects are served.
  for (const { plural } of all)
    await eventually(`the API server serves ${plural}`, () => client.request('GET', `/apis/${group}/${version}/${plural}`));
  const home: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  await client.create(home);
  scope.onClose(`namespace ${namespace}`, () => client.delete(home));
});

/** Asks the API server to create an object, without doing it. Fields that it does not know are an error. */
async function tryToCreate(plural: string, isNamespaced: boolean, object: object): Promise<unknown> {
  const { apiVersion = '' } = object as { apiVersion?: string };
  const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
  const path = `${base}${isNamespaced ? `/namespaces/${namespace}` : ''}/${plural}`;
  return client.request('POST', `${path}?dryRun=All&fieldValidation=Strict`, object);
}

/** What the API server says about an object of ours; empty if it takes it. */
async function complaintAbout(kind: KindName, spec: object, name = 'example'): Promise<string> {
  const { plural, namespaced } = kinds[kind];
  const refusal = await tryToCreate(plural, namespaced, { apiVersion, kind, metadata: { name }, spec }).then(
    () => undefined,
    (error: unknown) => error,
  );
  if (refusal === undefined) return '';
  if (refusal instanceof ApiError) return refusal.message;
  throw refusal;
}

const peer = { address: '192.0.2.1', localASN: 64512, peerASN: 64500 };
const unnumbered = { interface: 'eth0', localASN: 64512, peerASN: 64500 };
const selector = { matchExpressions: [{ key: 'zone', operator: 'In' }] };
const advertised = (attributes: object) => ({ attributes });

/** For each rule an object that breaks it, the field that the API server names, and the beginning of what it says. */
const violations: readonly [KindName, object, string, string][] = [
  ['AnycastService', { serviceRef: { name: 'dns' }, addresses: ['192.0.2.256'] }, 'spec.addresses[0]', 'write an IPv4 or IPv6 address'],
  ['AnycastPool', { addresses: ['192.0.2.0-192.0.2.9'] }, 'spec.addresses[0]', 'write a prefix such as'],
  ['AnycastPool', { addresses: ['192.0.2.1/24'] }, 'spec.addresses[0]', 'host bits are set'],
  [
    'AnycastPool',
    { addresses: ['2001:db8::/64'], namespaceSelector: selector },
    'spec.namespaceSelector.matchExpressions[0]',
    'In and NotIn need values',
  ],
  ['AnycastAdvertisement', advertised({ communities: ['65536:1'] }), 'spec.attributes.communities[0]', 'write two numbers from 0 to 65535'],
  [
    'AnycastAdvertisement',
    advertised({ communities: ['no-exports'] }),
    'spec.attributes.communities[0]',
    'write two numbers from 0 to 65535',
  ],
  ['AnycastAdvertisement', advertised({ largeCommunities: ['64500:1'] }), 'spec.attributes.largeCommunities[0]', 'write three numbers'],
  [
    'AnycastAdvertisement',
    advertised({ largeCommunities: ['1:1:4294967296'] }),
    'spec.attributes.largeCommunities[0]',
    'write three numbers',
  ],
  ['AnycastPeer', { ...peer, address: 'leaf-1' }, 'spec.address', 'write an IPv4 or IPv6 address'],
  ['AnycastPeer', { ...peer, address: 'fe80::1' }, 'spec.interface', 'fe80:: addresses mean another host on every link'],
  ['AnycastPeer', { localASN: 64512, peerASN: 64500 }, 'spec.address', 'name the router'],
  ['AnycastPeer', { ...peer, tcpAO: { keyID: 1, receiveKeyID: 1 } }, 'spec.tcpAO', 'TCP-AO has a key'],
  ['AnycastPeer', { ...peer, interface: 'eth0' }, 'spec.interface', 'only a link-local address is on an interface'],
  ['AnycastPeer', { ...unnumbered, multihopTTL: 2 }, 'spec.interface', 'the router is on the link, and so is our end'],
  ['AnycastPeer', { ...peer, address: '0.0.0.0' }, 'spec.address', 'name one host'],
  ['AnycastPeer', { ...peer, holdTimeSeconds: 2 }, 'spec.holdTimeSeconds', 'a hold time is at least 3 seconds'],
  ['AnycastPeer', { ...peer, peerASN: 64512, multihopTTL: 2 }, 'spec.multihopTTL', 'iBGP (localASN equals peerASN) has no such bound'],
  ['AnycastPeer', { ...peer, ttlSecurityHops: 1, multihopTTL: 2 }, 'spec.ttlSecurityHops', 'with TTL security our packets begin with 255'],
  ['AnycastPeer', { ...peer, tcpAO: { keyID: 1, receiveKeyID: 2 } }, 'spec.tcpAO', 'TCP-AO has a key'],
  ['AnycastPeer', { ...peer, peerASN: 64512, role: 'Customer' }, 'spec.role', 'roles are for eBGP'],
  ['AnycastPeer', { ...peer, localAS: { asn: peer.peerASN } }, 'spec.localAS', "another AS is for eBGP, and is not the router's"],
  ['AnycastPeer', { ...peer, sourceAddress: '2001:db8::2' }, 'spec.sourceAddress', 'both ends of a connection are of one family'],
  ['AnycastPeer', { ...peer, nextHop: { ipv6: '2001:db8::2' } }, 'spec.nextHop.ipv6', 'the session does not carry IPv6 routes'],
  [
    'AnycastPeer',
    { ...peer, families: ['IPv6'], nextHop: { ipv4: '192.0.2.2' } },
    'spec.nextHop.ipv4',
    'the session does not carry IPv4 routes',
  ],
  ['AnycastPeer', { ...peer, nextHop: { ipv4: '2001:db8::2' } }, 'spec.nextHop.ipv4', 'write an IPv4 address here'],
  ['AnycastPeer', { ...peer, families: ['IPv6'], nextHop: { ipv6: '192.0.2.2' } }, 'spec.nextHop.ipv6', 'write an IPv6 address here'],
];

/** Messages of all rules below a schema. */
function messagesOf(schema: StructuralSchema): string[] {
  const below = [schema.items, ...Object.values(schema.properties ?? {})].filter((part) => part !== undefined);
  return [...(schema['x-kubernetes-validations'] ?? []).map(({ message }) => message), ...below.flatMap(messagesOf)];
}

describe.each(all.map((kind) => [kind.kind, kind] as const))('the definition of %s on a real API server', (_, kind) => {
  it('is established, and its schema is structural', async () => {
    const reference: Reference = {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: crdName(kind) },
    };
    const { status } = await client.get<Reference & { readonly status: { readonly conditions: { type: string; status: string }[] } }>(
      reference,
    );
    const conditions = Object.fromEntries(status.conditions.map((condition) => [condition.type, condition.status]));
    expect(conditions).toMatchObject({ Established: 'True', NamesAccepted: 'True' });
    expect(conditions).not.toHaveProperty('NonStructuralSchema');
  });

  it('is found under its short name and in the category', async () => {
    type Resources = { resources: { name: string; shortNames?: string[]; categories?: string[] }[] };
    const find = async () => {
      const { resources } = await client.request<Resources>('GET', `/apis/${group}/${version}`);
      return resources.find(({ name }) => name === kind.plural);
    };
    const resource = await eventually(`the API server lists ${kind.plural}`, find);
    expect(resource).toMatchObject({ shortNames: [kind.shortName], categories: ['anycast'] });
  });

  it('explains every field', async () => {
    // The API server publishes schemas some time after it serves the kind.
    const explained = await eventually(
      `the API server explains ${kind.kind}`,
      () => explanationOf(kind),
      (schema) => schema !== undefined,
      { withinMs: 60_000, everyMs: 250 },
    );
    expect(explained).toMatchObject({ description: kind.description });
    for (const [name, field] of Object.entries(openApiSchema(kind).properties ?? {})) {
      expect(explained?.properties?.[name]).toMatchObject({ description: field.description, properties: described(field) });
    }
  });
});

/** What `kubectl explain` reads; undefined where it is not there yet. */
async function explanationOf(kind: KindDefinition): Promise<StructuralSchema | undefined> {
  type OpenApi = { components: { schemas: Record<string, StructuralSchema> } };
  const { components } = await client.request<OpenApi>('GET', `/openapi/v3/apis/${group}/${version}`);
  return Object.entries(components.schemas).find(([name]) => name.endsWith(`.${kind.kind}`))?.[1];
}

/** The descriptions of the fields of a schema, in the form of a schema. */
const described = ({ properties = {} }: StructuralSchema) =>
  Object.fromEntries(Object.entries(properties).map(([name, { description }]) => [name, { description }]));

describe('the rules on a real API server', () => {
  it.each(violations)('refuse %s %j at %s', async (kind, spec, field, message) => {
    const complaint = await complaintAbout(kind, spec);
    expect(complaint).toContain(`${field}: Invalid value: `);
    expect(complaint).toContain(`: ${message}`);
  });

  it.each(violations)('are ours too: %s %j at %s', (kind, spec, field) => {
    const definition: KindDefinition = kinds[kind];
    expect(parserOf(definition)({ metadata: { name: 'example' }, spec })).toMatchObject({ ok: false, error: { field } });
  });

  it('let what is on the edge pass', async () => {
    const attributes = {
      communities: ['0:0', '65535:65535', 'no-export'],
      largeCommunities: ['0:0:0', '4294967295:4294967295:4294967295'],
    };
    expect(await complaintAbout('AnycastAdvertisement', advertised({ ...attributes, med: 4_294_967_295, localPref: 0, prepend: 16 }))).toBe(
      '',
    );
    expect(await complaintAbout('AnycastPeer', { ...peer, localASN: 4_294_967_294, holdTimeSeconds: 3 })).toBe('');
    expect(await complaintAbout('AnycastPeer', { ...peer, holdTimeSeconds: 0, multihopTTL: 255 })).toBe('');
    expect(await complaintAbout('AnycastPeer', { ...peer, passwordSecret: 'tor.rack-1', tcpAO: { keyID: 0, receiveKeyID: 255 } })).toBe('');
    expect(await complaintAbout('AnycastPool', { addresses: ['0.0.0.0/0', '2001:db8::/128', '192.0.2.1'] })).toBe('');
    expect(await complaintAbout('AnycastAdvertisement', {})).toBe('');
  });

  it('refuse the name of a Secret that could be in another namespace', async () => {
    expect(await complaintAbout('AnycastPeer', { ...peer, passwordSecret: 'team/tor' })).toContain(
      'spec.passwordSecret: Invalid value: "team/tor"',
    );
  });

  it('refuse an AnycastConfig of another name', async () => {
    expect(await complaintAbout('AnycastConfig', {}, 'mine')).toContain('there is one AnycastConfig, and its name is default');
    expect(await complaintAbout('AnycastConfig', {}, 'default')).toBe('');
  });

  it('keep an AnycastService with its Service', async () => {
    const service = { apiVersion, kind: 'AnycastService', metadata: { name: 'kept', namespace }, spec: { serviceRef: { name: 'dns' } } };
    await client.create(service);
    await expect(client.patch(service, { spec: { serviceRef: { name: 'other' } } })).rejects.toThrow(
      /spec\.serviceRef: Invalid value: .*an AnycastService stays with its Service/,
    );
    await client.patch(service, { spec: { addresses: ['192.0.2.53'] } });
    await client.delete(service);
  });

  it('are all broken by an object of these tests', () => {
    const tested = [
      ...violations.map(([, , , message]) => message),
      'there is one AnycastConfig',
      'an AnycastService stays with its Service',
    ];
    const untested = all
      .flatMap((kind) => messagesOf(openApiSchema(kind)))
      .filter((message) => !tested.some((start) => message.startsWith(start)));
    expect(untested).toEqual([]);
  });
});

describe('defaults', () => {
  it('are filled in by the API server as by us', async () => {
    for (const [kind, spec] of [
      ['AnycastPeer', peer],
      ['AnycastAdvertisement', {}],
      ['AnycastConfig', {}],
      ['AnycastService', { serviceRef: { name: 'dns' } }],
    ] as const) {
      const definition: KindDefinition = kinds[kind];
      const object = { apiVersion, kind, metadata: { name: 'default' }, spec };
      const stored = (await tryToCreate(definition.plural, definition.namespaced, object)) as KubeObject;
      expect(parserOf(definition)(object)).toEqual({ ok: true, value: { spec: stored['spec'] } });
    }
  });
});

describe.each(readdirSync(join(root, 'examples')))('example %s', (file) => {
  const objects = parseAllDocuments(readFileSync(join(root, 'examples', file), 'utf8')).map((document) => document.toJS() as KubeObject);
  const plurals: Readonly<Record<string, [plural: string, isNamespaced: boolean]>> = {
    Namespace: ['namespaces', false],
    Service: ['services', true],
    DaemonSet: ['daemonsets', true],
    ConfigMap: ['configmaps', true],
    ...Object.fromEntries(all.map((kind) => [kind.kind, [kind.plural, kind.namespaced]])),
  };

  it('is accepted as it is, without unknown fields', async () => {
    for (const object of objects) {
      const [plural, isNamespaced] = plurals[object.kind] ?? ['unknown', false];
      const metadata = isNamespaced ? { ...object.metadata, namespace } : object.metadata;
      await tryToCreate(plural, isNamespaced, { ...object, metadata });
    }
  });
});
