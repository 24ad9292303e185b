import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createSecureServer } from 'node:http2';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type LogFields, silentLogger } from '#obs/logger.ts';
import { makeCertificate } from '#rpc/testing/certificates.ts';
import { realClock } from '#runtime/clock.ts';
import { realRandom } from '#runtime/random.ts';
import { unwrap } from '#runtime/result.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import { Connection } from './connection.ts';
import { loadKubeconfig } from './kubeconfig.ts';
import { limits } from './limits.ts';
import { RestClient } from './rest-client.ts';
import { configMapType } from './testing/config-maps.ts';

const folder = mkdtempSync(join(tmpdir(), 'anycast-connection-'));
const caFile = join(folder, 'ca.crt');
const tokenFile = join(folder, 'token');
const first = makeCertificate('api.test');
const second = makeCertificate('api.test');

let server: Server;
let handshakes = 0;
const authorizations: (string | undefined)[] = [];
const open: Connection[] = [];

beforeAll(async () => {
  server = createServer({ cert: first.certificate, key: first.privateKey }, (request, response) => {
    authorizations.push(request.headers.authorization);
    response.setHeader('content-type', 'application/json');
    response.end('{"metadata":{"name":"x"}}');
  });
  server.on('secureConnection', () => handshakes++);
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterEach(async () => {
  for (const connection of open.splice(0)) await connection.close();
  vi.useRealTimers();
});

afterAll(async () => {
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  rmSync(folder, { recursive: true });
});

/** A client whose credentials come from files, and the clock by which they are read again. */
function connected(user: object = { token: 'fixed' }, cluster: object = {}) {
  writeFileSync(caFile, first.certificate);
  const kubeconfig = join(folder, 'kubeconfig');
  const address = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      clusters: [{ name: 'c', cluster: { server: address, 'certificate-authority': caFile, 'tls-server-name': 'api.test', ...cluster } }],
      users: [{ name: 'u', user }],
      contexts: [{ name: 'x', context: { cluster: 'c', user: 'u' } }],
      'current-context': 'x',
    }),
  );
  const said: LogFields[] = [];
  const logger = { ...silentLogger, warn: (fields: LogFields) => void said.push(fields) };
  const clock = new VirtualClock();
  const connection = new Connection({ config: unwrap(loadKubeconfig(kubeconfig)), clock, logger });
  open.push(connection);
  const client = new RestClient({ connection, clock: realClock, random: realRandom });
  const get = () => client.get(configMapType, { namespace: 'ns', name: 'x' }, { tries: 1, timeoutMs: 10_000 });
  return { client, get, clock, said };
}

describe('the connection to the API server', () => {
  it('speaks HTTP/1.1, also to a server that would rather speak HTTP/2', async () => {
    const versions: string[] = [];
    const both = createSecureServer({ cert: first.certificate, key: first.privateKey, allowHTTP1: true }, (request, response) => {
      versions.push(request.httpVersion);
      response.setHeader('content-type', 'application/json');
      response.end('{"metadata":{"name":"x"}}');
    });
    await new Promise<void>((resolve) => both.listen(0, '127.0.0.1', resolve));
    const { get } = connected({}, { server: `https://127.0.0.1:${(both.address() as AddressInfo).port}` });
    unwrap(await get());
    both.close();
    expect(versions).toEqual(['1.1']);
  });

  it('ends a request that is given up while it waits for others to be answered', async () => {
    let asked = 0;
    const allAsked = Promise.withResolvers<void>();
    const silent = createServer({ cert: first.certificate, key: first.privateKey }, () => {
      if (++asked === limits.connections) allAsked.resolve();
    });
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    try {
      const { client } = connected({}, { server: `https://127.0.0.1:${(silent.address() as AddressInfo).port}` });
      const get = (signal: AbortSignal) => client.get(configMapType, { namespace: 'ns', name: 'x' }, { tries: 1, signal });
      const others = new AbortController();
      const unanswered = Array.from({ length: limits.connections }, () => get(others.signal));
      await allAsked.promise;
      const waiting = new AbortController();
      const answer = get(waiting.signal);
      waiting.abort();
      expect(await answer).toMatchObject({ ok: false, error: { reason: 'Aborted' } });
      others.abort();
      for (const other of await Promise.all(unanswered)) expect(other).toMatchObject({ ok: false, error: { reason: 'Aborted' } });
    } finally {
      silent.closeAllConnections();
      silent.close();
    }
  });

  it('is kept for many requests, also when credentials are read again', async () => {
    const { get, clock } = connected();
    handshakes = 0;
    for (let request = 0; request < 10; request++) {
      unwrap(await get());
      clock.advance(limits.credentialsMs);
    }
    // A second one is opened when the first has not yet gone idle.
    expect(handshakes).toBeLessThanOrEqual(2);
  });

  it('is made anew when the authority changes, and refuses a server that it does not vouch for', async () => {
    const { get, clock } = connected();
    unwrap(await get());
    writeFileSync(caFile, second.certificate);
    expect((await get()).ok).toBe(true);
    clock.advance(limits.credentialsMs);
    expect(await get()).toMatchObject({ ok: false, error: { status: 0, reason: 'Unreachable' } });
    writeFileSync(caFile, first.certificate);
    clock.advance(limits.credentialsMs);
    expect((await get()).ok).toBe(true);
  });

  it('keeps its last good credentials while the files cannot be read', async () => {
    const { get, clock, said } = connected();
    unwrap(await get());
    rmSync(caFile);
    clock.advance(limits.credentialsMs);
    expect((await get()).ok).toBe(true);
    expect(said).toMatchObject([{ event: 'kube-credentials-kept' }]);
  });

  it('says what is wrong with credentials that were never good', async () => {
    const { get } = connected({ exec: { apiVersion: 'client.authentication.k8s.io/v1', command: '/no/such/program' } });
    const answer = await get();
    expect(answer).toMatchObject({ ok: false, error: { status: 0, reason: 'Credentials' } });
    expect(answer).toMatchObject({ error: { message: expect.stringContaining('/no/such/program') } });
  });

  it('does not go through proxies that it does not know', async () => {
    const { get } = connected({ token: 'fixed' }, { 'proxy-url': 'socks5://127.0.0.1:1' });
    expect(await get()).toMatchObject({ ok: false, error: { message: expect.stringContaining('only http and https proxies') } });
  });

  it('shows the token that is in the file now, without its newline', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    writeFileSync(tokenFile, 'old\n');
    const { get, clock } = connected({ 'auth-provider': { name: 'tokenFile', config: { tokenFile } } });
    authorizations.length = 0;
    unwrap(await get());
    writeFileSync(tokenFile, 'new\n');
    vi.setSystemTime(Date.now() + 61_000);
    clock.advance(61_000);
    unwrap(await get());
    expect(authorizations).toEqual(['Bearer old', 'Bearer new']);
  });

  it('shows a user name and password', async () => {
    const { get } = connected({ username: 'admin', password: 'pass' });
    authorizations.length = 0;
    unwrap(await get());
    expect(authorizations).toEqual([`Basic ${Buffer.from('admin:pass').toString('base64')}`]);
  });
});
