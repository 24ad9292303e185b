import { once } from 'node:events';
import { mkdtempSync, statSync } from 'node:fs';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { unwrap } from '#runtime/result.ts';
import { healthRoutes } from './health.ts';
import { type HttpRoutes, HttpServer } from './http-server.ts';
import { limits } from './limits.ts';
import { Metrics } from './metrics.ts';

const open: HttpServer[] = [];
afterEach(async () => {
  for (const server of open.splice(0)) await server.close();
});

async function serve(routes: HttpRoutes): Promise<string> {
  const server = unwrap(await HttpServer.listen({ address: '127.0.0.1', port: 0 }, routes));
  open.push(server);
  return `http://127.0.0.1:${server.port}`;
}

describe('the HTTP server', () => {
  it('answers JSON with the query and the body parsed', async () => {
    const url = await serve({ 'POST /echo': (request) => ({ json: { q: request.query.get('q'), body: request.json } }) });
    const answer = await fetch(`${url}/echo?q=1`, { method: 'POST', body: '{"a":2}' });
    expect(await answer.json()).toEqual({ q: '1', body: { a: 2 } });
  });

  it('names what there is when nothing is at a path', async () => {
    const url = await serve({ 'GET /routes': () => ({ json: [] }) });
    const answer = await fetch(`${url}/rout`);
    expect(answer.status).toBe(404);
    expect(await answer.json()).toEqual({ error: 'nothing at GET /rout: there is GET /routes' });
  });

  it('refuses a body that is not JSON, and one that is too large', async () => {
    const url = await serve({ 'POST /echo': (request) => ({ json: request.json }) });
    expect((await fetch(`${url}/echo`, { method: 'POST', body: '{' })).status).toBe(400);
    expect((await fetch(`${url}/echo`, { method: 'POST', body: JSON.stringify('x'.repeat(2 << 20)) })).status).toBe(400);
  });

  it('answers 500 with the message when a handler fails, and lives on', async () => {
    const url = await serve({
      'GET /bad': () => {
        throw new Error('broken');
      },
      'GET /good': () => ({ text: 'fine' }),
    });
    expect((await fetch(`${url}/bad`)).status).toBe(500);
    expect(await (await fetch(`${url}/good`)).text()).toBe('fine');
  });

  it('streams events until the reader leaves', async () => {
    let stopped = false;
    const url = await serve({
      'GET /events': () => ({
        events: (send) => {
          send({ n: 1 });
          return () => {
            stopped = true;
          };
        },
      }),
    });
    const abort = new AbortController();
    const answer = await fetch(`${url}/events`, { signal: abort.signal });
    const chunk = await answer.body?.getReader().read();
    expect(new TextDecoder().decode(chunk?.value)).toBe('data: {"n":1}\n\n');
    abort.abort();
    await expect.poll(() => stopped).toBe(true);
  });

  it('gives a slow reader all of a burst of events, and cuts it off where too much waits', async () => {
    const megabyte = 'x'.repeat(1 << 20);
    const burst = (megabytes: number) => () => ({
      events: (send: (event: unknown) => void) => {
        for (let sent = 0; sent < megabytes; sent++) send(megabyte);
        return () => undefined;
      },
    });
    const url = await serve({ 'GET /some': burst(4), 'GET /many': burst(100) });
    const reader = (await fetch(`${url}/some`)).body?.getReader();
    let bytes = 0;
    while (bytes < 4 * megabyte.length) bytes += (await reader?.read())?.value?.length ?? 0;
    await reader?.cancel();
    await expect(fetch(`${url}/many`).then((answer) => answer.text())).rejects.toThrow();
  });

  it.each([
    ['say nothing', ''],
    ['never end their head', 'GET /livez HTTP/1.1\r\nHost: x\r\nX: '],
    ['never send their body', 'GET /livez HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n'],
  ])('answers beside more connections than it takes that %s', async (_, text) => {
    const url = new URL(await serve({ 'GET /livez': () => ({ text: 'alive' }) }));
    const sockets = Array.from({ length: limits.httpConnections + 50 }, () => connect(Number(url.port), url.hostname));
    try {
      await Promise.all(
        sockets.map(async (socket) => {
          // Which ones the server ends is its business.
          socket.on('error', () => undefined);
          await once(socket, 'connect');
          socket.write(text);
        }),
      );
      const answer = await fetch(`${url}livez`, { signal: AbortSignal.timeout(5_000) });
      expect(await answer.text()).toBe('alive');
    } finally {
      for (const socket of sockets) socket.destroy();
    }
  });

  it('says which address is in use and what to do', async () => {
    const url = await serve({});
    const port = Number(new URL(url).port);
    const second = await HttpServer.listen({ address: '127.0.0.1', port }, {});
    expect(second).toEqual({
      ok: false,
      error: `cannot listen on 127.0.0.1:${port}: it is in use; stop what listens there, or choose another port`,
    });
  });

  it('listens on a unix socket that only its owner may use, also where a killed process left one behind', async () => {
    const socketPath = join(mkdtempSync(join(tmpdir(), 'anycast-http-')), 'admin.sock');
    for (let start = 0; start < 2; start++) {
      const server = unwrap(await HttpServer.listen({ socketPath }, { 'GET /x': () => ({ text: 'x' }) }));
      expect(statSync(socketPath).mode & 0o777).toBe(0o600);
      const body = await new Promise<string>((resolve, reject) => {
        request({ socketPath, path: '/x' }, (response) => response.on('data', (data: Buffer) => resolve(data.toString())))
          .on('error', reject)
          .end();
      });
      expect(body).toBe('x');
      if (start === 1) await server.close();
      else open.push(server);
    }
  });
});

describe('health', () => {
  it('is alive while it waits, ready when nothing is missing, and shows its metrics', async () => {
    let missing: string | undefined = 'waits for the API server';
    const metrics = new Metrics();
    metrics.counter('anycast_test_total', 'Counts.').inc(3);
    const url = await serve(healthRoutes({ notReady: () => missing, metrics }));
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    const waiting = await fetch(`${url}/readyz`);
    expect([waiting.status, await waiting.text()]).toEqual([503, 'waits for the API server\n']);
    missing = undefined;
    expect((await fetch(`${url}/readyz`)).status).toBe(200);
    expect(await (await fetch(`${url}/metrics`)).text()).toContain('anycast_test_total 3');
  });
});
