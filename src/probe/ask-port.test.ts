import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { askAtFirst, askHealthCheckPort } from './ask-port.ts';
import { limits } from './limits.ts';

async function withServer(
  server: Server | ReturnType<typeof createTcpServer>,
  use: (port: number) => Promise<void>,
  host = '127.0.0.1',
): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  try {
    await use((server.address() as AddressInfo).port);
  } finally {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
  }
}

const answering = (listener: RequestListener): Server => createServer(listener);

describe('asking a health-check port', () => {
  it('reads status and body', async () => {
    const paths: (string | undefined)[] = [];
    const server = answering((request, response) => {
      paths.push(request.url);
      response.writeHead(503).end('{"localEndpoints":0}');
    });
    await withServer(server, async (port) => {
      expect(await askHealthCheckPort(`IPv4 ${port}`)).toEqual({ kind: 'answer', status: 503, body: '{"localEndpoints":0}' });
    });
    expect(paths).toEqual(['/healthz']);
  });

  it('says that nobody listens', async () => {
    let free = 0;
    await withServer(createTcpServer(), async (port) => {
      free = port;
    });
    expect(await askHealthCheckPort(`IPv4 ${free}`)).toEqual({ kind: 'failure', detail: 'ECONNREFUSED' });
  });

  it('asks in the family that it is asked for, and in no other', async () => {
    const server = answering((_request, response) => response.end('{"localEndpoints":1}'));
    const onlyIpv6 = async (port: number): Promise<void> => {
      expect(await askHealthCheckPort(`IPv6 ${port}`)).toMatchObject({ kind: 'answer', status: 200 });
      expect(await askHealthCheckPort(`IPv4 ${port}`)).toEqual({ kind: 'failure', detail: 'ECONNREFUSED' });
    };
    await withServer(server, onlyIpv6, '::1');
  });

  it('finds it where it listens on another address than 127.0.0.1', async () => {
    const server = answering((_request, response) => response.end('{"localEndpoints":1}'));
    await withServer(server, async (port) => {
      const outcome = await askAtFirst(['127.0.0.2', '127.0.0.1', '127.0.0.3'], port);
      expect(outcome).toEqual({ kind: 'answer', status: 200, body: '{"localEndpoints":1}' });
    });
    expect(await askAtFirst([], 1)).toEqual({ kind: 'failure', detail: 'no address to ask' });
  });

  it('reads no more than its bound of an endless answer', async () => {
    const server = answering((_request, response) => {
      response.on('error', () => undefined);
      response.writeHead(200);
      for (let part = 0; part < 64; part++) response.write('x'.repeat(1_024));
    });
    await withServer(server, async (port) => {
      const outcome = await askHealthCheckPort(`IPv4 ${port}`);
      expect(outcome).toEqual({ kind: 'answer', status: 200, body: 'x'.repeat(limits.bodyBytes) });
    });
  });

  it('gives up on one that never answers', async () => {
    await withServer(
      createTcpServer((socket) => socket.unref().on('error', () => undefined)),
      async (port) => {
        expect(await askHealthCheckPort(`IPv4 ${port}`)).toEqual({ kind: 'failure', detail: 'no answer within 1000 ms' });
      },
    );
  });

  it('says when the connection breaks in the middle of the answer', async () => {
    const server = answering((request, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('half', () => request.socket.destroy());
    });
    await withServer(server, async (port) => {
      expect(await askHealthCheckPort(`IPv4 ${port}`)).toMatchObject({ kind: 'failure' });
    });
  });
});
