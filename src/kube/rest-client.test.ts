import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Fault } from '#lab/api-server/faults.ts';
import { LabApiServer } from '#lab/api-server/lab-api-server.ts';
import { unwrap } from '#runtime/result.ts';
import type { Connection } from './connection.ts';
import type { RequestObservation, RestClient } from './rest-client.ts';
import { aConfigMap, configMapType } from './testing/config-maps.ts';
import { connect } from './testing/server-under-test.ts';

const server = new LabApiServer();
const folder = mkdtempSync(join(tmpdir(), 'anycast-rest-'));
const observed: RequestObservation[] = [];
const there = { namespace: 'default', name: 'there' };
let onObserved: () => void = () => undefined;
let client: RestClient;
let connection: Connection;

beforeAll(async () => {
  await server.start();
  await server.writeKubeconfig(join(folder, 'kubeconfig'));
  ({ client, connection } = connect(join(folder, 'kubeconfig'), (observation) => {
    observed.push(observation);
    onObserved();
  }));
  server.apply(aConfigMap('default', 'there'));
});
beforeEach(() => {
  server.faults.clear();
  observed.length = 0;
  onObserved = () => undefined;
});
afterAll(async () => {
  await connection.close();
  await server.stop();
  rmSync(folder, { recursive: true });
});

describe('requests', () => {
  it.each<[string, Fault]>([
    ['500', { kind: 'status', code: 500 }],
    ['503', { kind: 'status', code: 503 }],
    ['429', { kind: 'status', code: 429, retryAfterSeconds: 0 }],
    ['a lost connection', { kind: 'disconnect' }],
  ])('are repeated after %s', async (_, fault) => {
    server.faults.add({ on: 'any', fault, times: 2 });
    expect((await client.get(configMapType, there)).ok).toBe(true);
    expect(observed.map(({ verb, plural }) => `${verb} ${plural}`)).toEqual(['GET configmaps', 'GET configmaps', 'GET configmaps']);
    expect(observed.at(-1)?.status).toBe(200);
  });

  it('are not repeated when the server decided', async () => {
    server.faults.add({ on: 'any', fault: { kind: 'status', code: 403 } });
    const refused = await client.get(configMapType, there);
    expect(refused).toMatchObject({ ok: false, error: { status: 403, reason: 'Forbidden' } });
    expect(observed).toHaveLength(1);
  });

  it('are given up after some tries, with the last error', async () => {
    server.faults.add({ on: 'any', fault: { kind: 'status', code: 500 } });
    expect(await client.get(configMapType, there, { tries: 2 })).toMatchObject({ error: { status: 500, reason: 'InternalError' } });
    expect(observed.map(({ status }) => status)).toEqual([500, 500]);
  });

  it('that create are repeated only when the server did not look at them', async () => {
    server.faults.add({ on: 'write', fault: { kind: 'disconnect' }, times: 1 });
    const lost = await client.create(configMapType, aConfigMap('default', 'lost'));
    expect(lost).toMatchObject({ ok: false, error: { status: 0, reason: 'Unreachable' } });
    server.faults.add({ on: 'write', fault: { kind: 'status', code: 429, retryAfterSeconds: 0 }, times: 1 });
    expect((await client.create(configMapType, aConfigMap('default', 'later'))).ok).toBe(true);
  });

  it('return at once what would have to wait too long', async () => {
    server.faults.add({ on: 'any', fault: { kind: 'status', code: 429, retryAfterSeconds: 3_600 } });
    expect(await client.get(configMapType, there)).toMatchObject({ error: { status: 429, retryAfterSeconds: 3_600 } });
    expect(observed).toHaveLength(1);
  });

  it('have a deadline', async () => {
    server.faults.add({ on: 'any', fault: { kind: 'hang' } });
    const answer = await client.get(configMapType, there, { timeoutMs: 50, tries: 1 });
    expect(answer).toMatchObject({
      ok: false,
      error: { status: 0, reason: 'Timeout', message: 'GET configmaps default/there: no answer within 50 ms' },
    });
  });

  it('can be given up by the caller, also between tries', async () => {
    server.faults.add({ on: 'any', fault: { kind: 'hang' } });
    const aborted = client.get(configMapType, there, { signal: AbortSignal.timeout(50) });
    expect(await aborted).toMatchObject({ ok: false, error: { status: 0, reason: 'Aborted' } });
    server.faults.clear();
    server.faults.add({ on: 'any', fault: { kind: 'status', code: 429, retryAfterSeconds: 9 } });
    expect(await client.get(configMapType, there, { signal: AbortSignal.timeout(50) })).toMatchObject({ error: { reason: 'Aborted' } });
    expect(await client.get(configMapType, there, { signal: AbortSignal.abort() })).toMatchObject({ error: { reason: 'Aborted' } });
  });

  it('start a list again when its token expires on the way, but not for ever', async () => {
    for (const name of ['a', 'b', 'c']) server.apply(aConfigMap('default', `list-${name}`, 'x', { listed: 'yes' }));
    const list = () => client.list(configMapType, { namespace: 'default', labelSelector: 'listed', pageSize: 1 });
    // The token expires after every page that is read, as often as `times` says.
    const expireAfterPage = (times: number) => {
      const left = { times };
      onObserved = () => {
        if (left.times-- > 0) server.compact();
      };
    };
    expireAfterPage(1);
    expect(unwrap(await list()).items.map(({ metadata }) => metadata.name)).toEqual(['list-a', 'list-b', 'list-c']);
    expireAfterPage(Number.POSITIVE_INFINITY);
    expect(await list()).toMatchObject({ ok: false, error: { status: 410, reason: 'Expired' } });
  });

  it('refuse a body that is cut or is no list', async () => {
    server.faults.add({ on: 'list', fault: { kind: 'cutBody' } });
    expect(await client.list(configMapType, { tries: 1 })).toMatchObject({ ok: false, error: { status: 0 } });
    const object = { ...configMapType, plural: 'configmaps/there' };
    expect(await client.list(object, { namespace: 'default' })).toMatchObject({ ok: false, error: { reason: 'Unreadable' } });
  });
});
