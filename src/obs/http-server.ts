import { chmodSync, unlinkSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { err, ok, type Result } from '#runtime/result.ts';
import { limits } from './limits.ts';
import { WaitingConnections } from './waiting-connections.ts';

/** A request as a handler sees it. */
export type HttpRequest = {
  /** Path without the query, e.g. `/routes`. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** The body parsed as JSON; undefined when there was none. */
  readonly json: unknown;
};

/** An answer: JSON, text, or a stream of server-sent events. */
export type HttpAnswer =
  | { readonly json: unknown; readonly status?: number }
  | { readonly text: string; readonly status?: number; readonly contentType?: string }
  | {
      /** Called with a function that sends one event; returns what to do when the reader leaves. */
      readonly events: (send: (event: unknown) => void) => () => void;
    };

export type HttpHandler = (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer>;

/** Handlers by `METHOD /path`, e.g. `GET /metrics`. */
export type HttpRoutes = Readonly<Record<string, HttpHandler>>;

/** Where to listen: an address and port (0: any free port), or a unix socket, which only its owner may use. */
export type HttpEndpoint = { readonly address: string; readonly port: number } | { readonly socketPath: string };

/** The one HTTP server of a process: plain HTTP/1.1 for health, metrics, admin and views. */
export class HttpServer {
  readonly #server: Server;
  readonly #socketPath: string | undefined;

  private constructor(server: Server, socketPath: string | undefined) {
    this.#server = server;
    this.#socketPath = socketPath;
  }

  /** Starts listening. The error names the endpoint and what to do, e.g. when the port is in use. */
  static async listen(endpoint: HttpEndpoint, routes: HttpRoutes): Promise<Result<HttpServer, string>> {
    const waiting = new WaitingConnections();
    const server = createServer({ requestTimeout: limits.requestTimeoutMs }, (request, response) => {
      void serve(routes, request, response, waiting);
    });
    server.maxConnections = limits.httpConnections;
    server.on('connection', (socket) => waiting.take(socket));
    const socketPath = 'socketPath' in endpoint ? endpoint.socketPath : undefined;
    // A socket file that a killed process left behind: nobody listens on it, and listening would fail.
    if (socketPath !== undefined) removeIfThere(socketPath);
    const failure = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
      server.once('error', resolve);
      server.once('listening', () => resolve(undefined));
      if ('socketPath' in endpoint) server.listen(endpoint.socketPath);
      else server.listen(endpoint.port, endpoint.address);
    });
    if (failure !== undefined) return err(listenError(endpoint, failure));
    server.removeAllListeners('error');
    server.on('error', () => undefined);
    if (socketPath !== undefined) chmodSync(socketPath, 0o600);
    return ok(new HttpServer(server, socketPath));
  }

  /** The port listened on; 0 on a unix socket. */
  get port(): number {
    return (this.#server.address() as AddressInfo | null)?.port ?? 0;
  }

  /** Stops listening and ends what is open. */
  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    if (this.#socketPath !== undefined) removeIfThere(this.#socketPath);
  }
}

/** `host:port` of an endpoint, or its path: as messages name it. */
export function formatEndpoint(endpoint: HttpEndpoint): string {
  if ('socketPath' in endpoint) return endpoint.socketPath;
  const host = endpoint.address.includes(':') ? `[${endpoint.address}]` : endpoint.address;
  return `${host}:${endpoint.port}`;
}

function listenError(endpoint: HttpEndpoint, failure: NodeJS.ErrnoException): string {
  const where = formatEndpoint(endpoint);
  if (failure.code === 'EADDRINUSE') return `cannot listen on ${where}: it is in use; stop what listens there, or choose another port`;
  if (failure.code === 'EADDRNOTAVAIL') return `cannot listen on ${where}: this machine does not have that address`;
  if (failure.code === 'EACCES')
    return `cannot listen on ${where}: permission denied; ports below 1024 and other users' folders need rights`;
  return `cannot listen on ${where}: ${failure.message}`;
}

async function serve(routes: HttpRoutes, request: IncomingMessage, response: ServerResponse, waiting: WaitingConnections): Promise<void> {
  try {
    const url = new URL(request.url ?? '/', 'http://localhost');
    const handler = Object.hasOwn(routes, `${request.method} ${url.pathname}`) ? routes[`${request.method} ${url.pathname}`] : undefined;
    if (handler === undefined) {
      const known = Object.keys(routes).join(', ');
      sendJson(response, 404, { error: `nothing at ${request.method} ${url.pathname}: there is ${known}` });
      return;
    }
    const body = await readBody(request);
    if (!body.ok) {
      sendJson(response, 400, { error: body.error });
      return;
    }
    waiting.busy(request.socket, response);
    send(response, await handler({ path: url.pathname, query: url.searchParams, json: body.value }));
  } catch (error) {
    if (!response.headersSent) sendJson(response, 500, { error: error instanceof Error ? error.message : String(error) });
    else response.destroy();
  }
}

async function readBody(request: IncomingMessage): Promise<Result<unknown, string>> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limits.requestBodyBytes) return err(`the body is larger than ${limits.requestBodyBytes} bytes`);
    chunks.push(chunk);
  }
  if (size === 0) return ok(undefined);
  try {
    return ok(JSON.parse(Buffer.concat(chunks).toString('utf8')));
  } catch (error) {
    return err(`the body is not JSON: ${(error as Error).message}`);
  }
}

function send(response: ServerResponse, answer: HttpAnswer): void {
  if ('json' in answer) {
    sendJson(response, answer.status ?? 200, answer.json);
  } else if ('text' in answer) {
    response.writeHead(answer.status ?? 200, { 'content-type': answer.contentType ?? 'text/plain; charset=utf-8' }).end(answer.text);
  } else {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.flushHeaders();
    const stop = answer.events((event) => {
      // A reader that does not keep up is cut off rather than buffered for without end.
      if (response.writableLength > limits.eventBufferBytes) response.destroy();
      else response.write(`data: ${JSON.stringify(event)}\n\n`);
    });
    response.once('close', stop);
  }
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(value)}\n`);
}

function removeIfThere(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
}
