import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { Agent, request } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Scope } from './scope.ts';

/** What is wrong between a client and the API server. */
export type ApiFault =
  /** Connections are reset. */
  | { readonly kind: 'refuse' }
  /** Requests are taken and not answered, open watches fall silent: a server that stands still. */
  | { readonly kind: 'hang' }
  /** Every request is answered with this status, and open watches end. */
  | { readonly kind: 'answer'; readonly status: 401 | 403 | 429 | 500 | 503 }
  /** Every watch is told that its position is too old, again and again. */
  | { readonly kind: 'gone' }
  /** Lists come without objects, with half of them, or as half a text; watches are told that they are too old, so that lists are read. */
  | { readonly kind: 'emptyLists' | 'halfLists' | 'cutLists' }
  /** Watches end after this time. */
  | { readonly kind: 'cutWatches'; readonly everyMs: number }
  /** Watches stay open, and nothing comes. */
  | { readonly kind: 'silentWatches' }
  /** Every answer is late. */
  | { readonly kind: 'delay'; readonly ms: number };

/** A request that passed, or did not. `status`: what the client was told; 0: nothing. */
export type PassedRequest = { readonly atMs: number; readonly method: string; readonly path: string; readonly status: number };

type OpenWatch = { readonly answer: ServerResponse; readonly upstream: IncomingMessage };

const listFaults: ReadonlySet<string> = new Set(['emptyLists', 'halfLists', 'cutLists']);
const expired = {
  kind: 'Status',
  apiVersion: 'v1',
  metadata: {},
  status: 'Failure',
  message: 'too old resource version',
  reason: 'Expired',
  code: 410,
};

/** Stands between one client and a real API server: lets everything pass, until it is told a fault. Notes who asked for what. */
export class ApiFaultProxy {
  readonly requests: PassedRequest[] = [];
  /** Requests, watches and connections that met the present fault, or the last one. */
  met = 0;
  readonly #server: Server;
  readonly #target: string;
  readonly #agent: Agent;
  readonly #sockets = new Set<Socket>();
  readonly #watches = new Set<OpenWatch>();
  #fault: ApiFault | undefined;
  #cutter: NodeJS.Timeout | undefined;

  private constructor(target: { readonly url: string; readonly caFile: string }) {
    this.#target = target.url;
    this.#agent = new Agent({ ca: readFileSync(target.caFile), keepAlive: true });
    this.#server = createServer((ask, answer) => this.#take(ask, answer));
    this.#server.on('connection', (socket) => {
      if (this.#fault?.kind === 'refuse') {
        this.met++;
        socket.resetAndDestroy();
        return;
      }
      this.#sockets.add(socket);
      socket.on('close', () => this.#sockets.delete(socket));
    });
  }

  /** Listens on loopback, without TLS; ends with the scope. */
  static async start(scope: Scope, target: { readonly url: string; readonly caFile: string }): Promise<ApiFaultProxy> {
    const proxy = new ApiFaultProxy(target);
    await new Promise<void>((listening) => proxy.#server.listen(0, '127.0.0.1', listening));
    scope.onClose('API fault proxy', async () => {
      clearInterval(proxy.#cutter);
      for (const socket of proxy.#sockets) socket.destroy();
      proxy.#agent.destroy();
      await new Promise((closed) => proxy.#server.close(closed));
    });
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** From now on this is wrong, for requests to come and for watches that are open. */
  break(fault: ApiFault): void {
    this.#fault = fault;
    this.met = 0;
    if (fault.kind === 'refuse') for (const socket of this.#sockets) socket.resetAndDestroy();
    if (fault.kind === 'answer') this.#endWatches();
    if (fault.kind === 'gone' || listFaults.has(fault.kind)) this.#endWatches(`${JSON.stringify({ type: 'ERROR', object: expired })}\n`);
    if (fault.kind === 'cutWatches') this.#cutter = setInterval(() => this.#endWatches(), fault.everyMs);
  }

  /** Nothing is wrong any more. Connections that fell silent are reset: whoever had them learns it. */
  mend(): void {
    const fault = this.#fault;
    this.#fault = undefined;
    clearInterval(this.#cutter);
    if (fault?.kind === 'hang' || fault?.kind === 'silentWatches') for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** Requests since then that would change something, token reviews left out: they ask. */
  writesSince(atMs: number): PassedRequest[] {
    return this.requests.filter(
      (request) => request.atMs >= atMs && request.method !== 'GET' && !request.path.includes('/tokenreviews') && request.status !== 0,
    );
  }

  #endWatches(last = ''): void {
    for (const { answer, upstream } of this.#watches) {
      this.met++;
      upstream.destroy();
      answer.end(last);
    }
    this.#watches.clear();
  }

  #take(ask: IncomingMessage, answer: ServerResponse): void {
    const fault = this.#fault;
    const note = (status: number) => this.requests.push({ atMs: performance.now(), method: ask.method ?? '', path: ask.url ?? '', status });
    const isWatch = /[?&]watch=true/.test(ask.url ?? '');
    if (fault?.kind === 'hang') {
      this.met++;
      note(0);
    } else if (fault?.kind === 'answer') {
      this.met++;
      note(fault.status);
      refuse(answer, fault.status);
    } else if (isWatch && (fault?.kind === 'gone' || (fault && listFaults.has(fault.kind)))) {
      this.met++;
      note(410);
      answer.writeHead(200, { 'content-type': 'application/json' }).end(`${JSON.stringify({ type: 'ERROR', object: expired })}\n`);
    } else {
      const forward = () => this.#forward(ask, answer, note);
      if (fault?.kind === 'delay') {
        this.met++;
        setTimeout(forward, fault.ms);
      } else {
        forward();
      }
    }
  }

  #forward(ask: IncomingMessage, answer: ServerResponse, note: (status: number) => void): void {
    const headers = { ...ask.headers, host: new URL(this.#target).host };
    const upstream = request(`${this.#target}${ask.url}`, { method: ask.method ?? 'GET', headers, agent: this.#agent });
    upstream.on('error', () => answer.destroy());
    answer.on('close', () => upstream.destroy());
    upstream.on('response', (reply) => {
      note(reply.statusCode ?? 0);
      reply.on('error', () => answer.destroy());
      if (/[?&]watch=true/.test(ask.url ?? '')) this.#passWatch(reply, answer);
      else if (isList(ask.url ?? '') && this.#fault !== undefined && listFaults.has(this.#fault.kind)) {
        this.met++;
        void spoilList(this.#fault.kind, reply, answer);
      } else reply.pipe(answer.writeHead(reply.statusCode ?? 502, reply.headers));
    });
    ask.pipe(upstream);
  }

  #passWatch(upstream: IncomingMessage, answer: ServerResponse): void {
    const watch = { answer, upstream };
    this.#watches.add(watch);
    answer.on('close', () => this.#watches.delete(watch));
    answer.writeHead(upstream.statusCode ?? 502, upstream.headers);
    answer.flushHeaders();
    upstream.on('data', (bytes: Buffer) => {
      if (this.#fault?.kind !== 'silentWatches' && this.#fault?.kind !== 'hang') answer.write(bytes);
      else this.met++;
    });
    upstream.on('end', () => answer.end());
  }
}

/** Lists are asked for page by page. */
const isList = (path: string): boolean => /[?&]limit=/.test(path);

function refuse(answer: ServerResponse, code: number): void {
  const body = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', message: 'a fault of the test', reason: 'Fault', code };
  answer.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** The list without objects, with half of them, or half of its text, as a complete answer. */
async function spoilList(kind: ApiFault['kind'], reply: IncomingMessage, answer: ServerResponse): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of reply) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const list = JSON.parse(text) as { items: unknown[] | null; metadata: object };
  const half = (list.items ?? []).slice(0, Math.floor((list.items ?? []).length / 2));
  const spoilt =
    kind === 'cutLists' ? text.slice(0, text.length / 2) : JSON.stringify({ ...list, items: kind === 'emptyLists' ? [] : half });
  answer.writeHead(reply.statusCode ?? 502, { 'content-type': 'application/json' }).end(spoilt);
}
