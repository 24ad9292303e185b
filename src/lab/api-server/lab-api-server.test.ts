import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { RawObject } from '#kube/resource.ts';
import type { LabKind } from './kinds.ts';
import { LabApiServer } from './lab-api-server.ts';

const pools: LabKind = {
  group: 'example.org',
  version: 'v1',
  plural: 'pools',
  kind: 'Pool',
  namespaced: false,
  shortNames: ['po'],
  hasStatus: true,
};
const services: LabKind = { group: '', version: 'v1', plural: 'services', kind: 'Service', namespaced: true };
const pods: LabKind = { ...services, plural: 'pods', kind: 'Pod' };
const aPool = (name: string, extra: object = {}): RawObject => ({
  apiVersion: 'example.org/v1',
  kind: 'Pool',
  metadata: { name },
  ...extra,
});
const aService = (name: string, labels: Record<string, string> = {}): RawObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'default', name, labels },
});

let server: LabApiServer;

beforeEach(async () => {
  server = new LabApiServer({ kinds: [pools], bookmarkMs: 30 });
  await server.start();
});
afterEach(() => server.stop());

type Answer = { readonly status: number; readonly body: Record<string, unknown> };

async function ask(method: string, path: string, body?: unknown, contentType = 'application/json'): Promise<Answer> {
  const init = body === undefined ? { method } : { method, body: JSON.stringify(body), headers: { 'content-type': contentType } };
  const answer = await fetch(server.url + path, init);
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

const merge = (path: string, patch: unknown) => ask('PATCH', path, patch, 'application/merge-patch+json');

/** Collects the events of a watch as `TYPE name`, until the test ends. */
async function watch(path: string): Promise<{ events: string[]; ended: () => boolean }> {
  const answer = await fetch(server.url + path);
  const events: string[] = [];
  let ended = false;
  const read = async () => {
    let rest = '';
    for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) {
      const lines = (rest + Buffer.from(chunk).toString()).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const { type, object } = JSON.parse(line) as { type: string; object: RawObject };
        events.push(type === 'ERROR' ? `ERROR ${String(object['reason'])}` : `${type} ${object.metadata.name ?? ''}`.trim());
      }
    }
  };
  void read()
    .catch(() => undefined)
    .finally(() => {
      ended = true;
    });
  return { events, ended: () => ended };
}

const until = (condition: () => boolean) => vi.waitUntil(condition, { timeout: 10_000, interval: 2 });
const withoutBookmarks = (events: readonly string[]) => events.filter((event) => event !== 'BOOKMARK');

describe('the API server in memory', () => {
  it('describes itself to clients', async () => {
    expect((await ask('GET', '/version')).body).toMatchObject({ major: '1' });
    expect((await ask('GET', '/api')).body).toMatchObject({ versions: ['v1'] });
    expect((await ask('GET', '/apis')).body).toMatchObject({
      groups: expect.arrayContaining([
        expect.objectContaining({ name: 'example.org', preferredVersion: { groupVersion: 'example.org/v1', version: 'v1' } }),
      ]),
    });
    expect((await ask('GET', '/apis/example.org')).body).toMatchObject({ kind: 'APIGroup', name: 'example.org' });
    expect((await ask('GET', '/apis/example.org/v1')).body).toMatchObject({
      resources: [{ name: 'pools', namespaced: false, kind: 'Pool', shortNames: ['po'] }, { name: 'pools/status' }],
    });
    expect(await (await fetch(`${server.url}/readyz`)).text()).toBe('ok');
  });

  it.each([
    '/apis/unknown.org/v1',
    '/apis/unknown.org',
    '/api/v1/unicorns',
    '/api/v1/services/edge',
    '/api/v1/namespaces/default/nodes/n1',
    '/api/v1/namespaces/default/services/edge/scale',
    '/api/v1/namespaces/default/configmaps/x/status',
    '/metrics',
  ])('answers 404 at %s', async (path) => {
    expect(await ask('GET', path)).toMatchObject({ status: 404, body: { kind: 'Status', reason: 'NotFound' } });
  });

  it('refuses what it cannot do, and says so', async () => {
    expect(await ask('POST', '/apis/example.org/v1/pools', undefined)).toMatchObject({ status: 415 });
    expect(await ask('POST', '/apis/example.org/v1/pools', 7)).toMatchObject({ status: 400 });
    expect(await ask('POST', '/apis/example.org/v1/pools', {})).toMatchObject({ status: 422 });
    expect(await ask('DELETE', '/apis/example.org/v1/pools')).toMatchObject({ status: 405 });
    server.apply(aPool('a'));
    expect(await ask('POST', '/apis/example.org/v1/pools/a', aPool('a'))).toMatchObject({ status: 405 });
    expect(await ask('PATCH', '/apis/example.org/v1/pools/a', {}, 'application/apply-patch+yaml')).toMatchObject({ status: 415 });
    expect(await ask('PUT', '/apis/example.org/v1/pools/a', aPool('b'))).toMatchObject({ status: 400 });
    expect(await ask('GET', '/apis/example.org/v1/pools?fieldSelector=spec.x=1')).toMatchObject({ status: 400 });
    expect(await ask('GET', '/apis/example.org/v1/pools?labelSelector=a%20b')).toMatchObject({ status: 400 });
    expect(() => server.apply({ apiVersion: 'v2', kind: 'Pool', metadata: { name: 'a' } })).toThrow('there is no kind Pool in v2');
  });

  it('counts generations of the content, not of status or labels', async () => {
    server.apply(aPool('a', { spec: { size: 1 } }));
    const generation = async (patch: unknown, path = '/apis/example.org/v1/pools/a') => {
      const { body } = await merge(path, patch);
      return (body['metadata'] as { generation: number }).generation;
    };
    expect(await generation({ metadata: { labels: { a: 'b' } } })).toBe(1);
    expect(await generation({ spec: { size: 2 } })).toBe(2);
    expect(await generation({ status: { used: 1 } }, '/apis/example.org/v1/pools/a/status')).toBe(2);
    expect(server.get(pools, { name: 'a' })).toMatchObject({ spec: { size: 2 }, status: { used: 1 } });
  });

  it('takes no replacement of a custom resource without its version', async () => {
    server.apply(aPool('a'));
    expect(await ask('PUT', '/apis/example.org/v1/pools/a', aPool('a'))).toMatchObject({
      status: 422,
      body: { message: 'Pool.example.org "a" is invalid: metadata.resourceVersion: Invalid value: 0x0: must be specified for an update' },
    });
  });

  it('gives pods on nodes time to end', async () => {
    const pod = (name: string, spec: object): RawObject => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { namespace: 'default', name },
      spec,
    });
    server.apply(pod('running', { nodeName: 'n1' }));
    server.apply(pod('waiting', {}));
    const path = '/api/v1/namespaces/default/pods';
    expect((await ask('DELETE', `${path}/waiting`)).status).toBe(200);
    expect(server.get(pods, { namespace: 'default', name: 'waiting' })).toBeUndefined();
    expect((await ask('DELETE', `${path}/running`)).body).toMatchObject({ metadata: { deletionGracePeriodSeconds: 30 } });
    expect(server.get(pods, { namespace: 'default', name: 'running' })).toBeDefined();
    await ask('DELETE', `${path}/running?gracePeriodSeconds=0`);
    expect(server.get(pods, { namespace: 'default', name: 'running' })).toBeUndefined();
  });

  it('answers token reviews from its table', async () => {
    server.tokens.set('good', { username: 'system:serviceaccount:ns:speaker', audiences: ['a', 'b'], extra: { node: ['n1'] } });
    const review = async (token: string, audiences?: string[]) =>
      (await ask('POST', '/apis/authentication.k8s.io/v1/tokenreviews', { spec: { token, audiences } })).body['status'];
    expect(await review('good', ['b', 'c'])).toEqual({
      authenticated: true,
      user: { username: 'system:serviceaccount:ns:speaker', extra: { node: ['n1'] } },
      audiences: ['b'],
    });
    expect(await review('good')).toMatchObject({ authenticated: true, audiences: ['a', 'b'] });
    expect(await review('good', ['c'])).not.toHaveProperty('authenticated');
    expect(await review('bad', ['a'])).not.toHaveProperty('authenticated');
  });

  it('writes a kubeconfig that only its owner may read', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'anycast-lab-'));
    await server.writeKubeconfig(join(folder, 'kubeconfig'));
    expect(statSync(join(folder, 'kubeconfig')).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(folder, 'kubeconfig'), 'utf8')).toContain(server.url);
    rmSync(folder, { recursive: true });
  });

  it('comes back on the same port with the same objects', async () => {
    server.apply(aPool('a'));
    const { url } = server;
    await server.stop();
    await server.stop();
    await expect(fetch(url)).rejects.toThrow();
    await server.start();
    expect(server.url).toBe(url);
    expect((await ask('GET', '/apis/example.org/v1/pools')).body['items']).toHaveLength(1);
  });
});

describe('a watch', () => {
  const path = '/api/v1/namespaces/default/services';

  it('begins with what is there, and follows what happens in its namespace', async () => {
    server.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'other' } });
    server.apply(aService('a'));
    const { events } = await watch(`${path}?watch=1`);
    server.apply({ ...aService('elsewhere'), metadata: { namespace: 'other', name: 'elsewhere' } });
    server.apply(aService('b'));
    server.delete(services, { namespace: 'default', name: 'a' });
    await until(() => events.length === 3);
    expect(events).toEqual(['ADDED a', 'ADDED b', 'DELETED a']);
  });

  it('goes on after a resource version', async () => {
    server.apply(aService('a'));
    const { resourceVersion } = server.apply(aService('b')).metadata;
    server.apply(aService('c'));
    const { events } = await watch(`${path}?watch=1&resourceVersion=${resourceVersion}`);
    await until(() => events.length === 1);
    expect(events).toEqual(['ADDED c']);
  });

  it('says that a resource version is too old', async () => {
    const { resourceVersion } = server.apply(aService('a')).metadata;
    server.apply(aService('b'));
    server.compact();
    const { events, ended } = await watch(`${path}?watch=1&resourceVersion=${resourceVersion}`);
    await until(ended);
    expect(events).toEqual(['ERROR Expired']);
  });

  it('shows objects come and go as their labels match', async () => {
    const { events } = await watch(`${path}?watch=1&labelSelector=tier%3Dedge`);
    server.apply(aService('a'));
    server.apply(aService('a', { tier: 'edge' }));
    server.apply(aService('a', { tier: 'edge', more: 'x' }));
    server.apply(aService('a', { tier: 'core' }));
    server.delete(services, { namespace: 'default', name: 'a' });
    server.apply(aService('end', { tier: 'edge' }));
    await until(() => events.includes('ADDED end'));
    expect(events).toEqual(['ADDED a', 'MODIFIED a', 'DELETED a', 'ADDED end']);
  });

  it('gets bookmarks when it asks for them', async () => {
    const asked = await watch(`${path}?watch=1&allowWatchBookmarks=true`);
    const silent = await watch(`${path}?watch=1`);
    await until(() => asked.events.length >= 2);
    expect([withoutBookmarks(asked.events), silent.events]).toEqual([[], []]);
  });

  it('ends when its time is up, and is not counted any more', async () => {
    const { ended } = await watch(`${path}?watch=1&timeoutSeconds=0`);
    await until(ended);
    await until(() => server.openWatches === 0);
  });

  it('can be silenced', async () => {
    server.faults.add({ on: 'watch', fault: { kind: 'silent' } });
    const silent = await watch(`${path}?watch=1&allowWatchBookmarks=true`);
    server.faults.clear();
    const loud = await watch(`${path}?watch=1`);
    server.apply(aService('a'));
    await until(() => loud.events.length === 1);
    expect(silent.events).toEqual([]);
    server.cutWatches('pods');
    expect(server.openWatches).toBe(2);
    server.cutWatches();
    await until(() => silent.ended() && loud.ended());
  });
});

describe('faults', () => {
  it('meet the requests they are for, as often as they shall', async () => {
    server.faults.add({ on: 'write', plural: 'pools', fault: { kind: 'status', code: 429, retryAfterSeconds: 3 }, times: 1 });
    expect((await ask('GET', '/apis/example.org/v1/pools')).status).toBe(200);
    const refused = await fetch(`${server.url}/apis/example.org/v1/pools`, { method: 'POST' });
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '3']);
    expect((await ask('POST', '/apis/example.org/v1/pools', aPool('a'))).status).toBe(201);
    expect(server.requests.get('POST pools')).toBe(2);
  });
});
