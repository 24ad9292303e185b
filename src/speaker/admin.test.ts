import { mkdtemp, rm, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { HttpServer } from '#obs/http-server.ts';
import { unwrap } from '#runtime/result.ts';
import { type AdminTarget, adminRoutes } from './admin.ts';

const done: string[] = [];
let warning: string | undefined;

const target: AdminTarget = {
  routes: () => [
    {
      prefix: '192.0.2.53/32',
      service: 'dns/edge',
      ordered: true,
      wanted: false,
      peers: [{ peer: 'tor-a', announced: false, reason: 'Isolated' }],
      ageMs: 5,
    },
  ],
  sessions: () => [
    { peer: 'tor-a', state: 'Idle', ageMs: 5, families: [], localAddress: '', announcedPrefixes: 0, lastError: 'connection refused' },
  ],
  withdraw: async (prefixes, withdrawn) => {
    done.push(`${withdrawn ? 'withdraw' : 'announce'} ${prefixes.join(' ')}`);
    return warning;
  },
  isolate: async (isolated) => {
    done.push(isolated ? 'isolate' : 'unisolate');
    return warning;
  },
};

let folder: string;
let server: HttpServer;
const socketPath = (): string => join(folder, 'admin.sock');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'anycast-admin-'));
  server = unwrap(await HttpServer.listen({ socketPath: socketPath() }, adminRoutes(target)));
});
afterAll(async () => {
  await server.close();
  await rm(folder, { recursive: true });
});

function call(method: string, path: string, body?: unknown): Promise<{ status: number; json: unknown }> {
  return new Promise((resolve, reject) => {
    const sending = request({ socketPath: socketPath(), method, path, agent: false }, (response) => {
      let text = '';
      response.on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, json: JSON.parse(text) }));
    });
    sending.on('error', reject);
    sending.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

describe('the admin socket', () => {
  it('is for its owner only', async () => {
    expect((await stat(socketPath())).mode & 0o777).toBe(0o600);
  });

  it('shows routes with the sentence of each reason, and sessions', async () => {
    expect(await call('GET', '/routes')).toMatchObject({
      status: 200,
      json: [{ prefix: '192.0.2.53/32', wanted: false, peers: [{ reason: 'Isolated', says: 'a person isolated this speaker' }] }],
    });
    expect(await call('GET', '/sessions')).toMatchObject({ status: 200, json: [{ peer: 'tor-a', lastError: 'connection refused' }] });
  });

  it('withdraws and announces prefixes, in their one form', async () => {
    done.length = 0;
    expect(await call('POST', '/withdraw', { prefixes: ['192.0.2.53/32', '2001:DB8::53/128'] })).toEqual({
      status: 200,
      json: { prefixes: ['192.0.2.53/32', '2001:db8::53/128'] },
    });
    await call('POST', '/announce', { prefixes: ['192.0.2.53/32'] });
    expect(done).toEqual(['withdraw 192.0.2.53/32 2001:db8::53/128', 'announce 192.0.2.53/32']);
  });

  it('isolates and ends that, and passes on what could not be done', async () => {
    done.length = 0;
    expect(await call('POST', '/isolate')).toEqual({ status: 200, json: { isolated: true } });
    warning = 'it holds now, but not over a restart: ENOSPC';
    expect(await call('POST', '/unisolate')).toEqual({ status: 200, json: { isolated: false, warning } });
    expect(done).toEqual(['isolate', 'unisolate']);
  });

  it.each([
    [undefined, /^body: .*send \{"prefixes"/],
    [{}, /^prefixes: /],
    [{ prefixes: [] }, /^prefixes: /],
    [{ prefixes: ['192.0.2.1/24'] }, /^prefixes\.0: .*host bits set/],
    [{ prefixes: ['192.0.2.0/24'], force: true }, /^body: .*force/],
  ])('refuses %j, and says what to send', async (body, message) => {
    done.length = 0;
    expect(await call('POST', '/withdraw', body)).toMatchObject({ status: 400, json: { error: expect.stringMatching(message) } });
    expect(done).toEqual([]);
  });
});
