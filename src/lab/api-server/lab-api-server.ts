/**
 * lab/api-server — a Kubernetes API server in memory, for the demo and for tests: lists, watches, writes, conflicts, finalizers
 * and selectors as the real one has them, and faults on demand.
 *
 * It promises the behaviour that the contract tests of the kube room check against it and against the real one. It has no
 * schemas, no admission, no server-side apply, no controllers and no rights: whoever reaches its loopback port may do anything.
 */
import { writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { apiVersionOf, keyOf, type ObjectRef, type RawObject, type ResourceType } from '#kube/resource.ts';
import { unreachable } from '#runtime/assert.ts';
import { type Clock, realClock } from '#runtime/clock.ts';
import { type Answer, Api } from './api.ts';
import { type Fault, Faults } from './faults.ts';
import { builtInKinds, builtInNamespaces, type LabKind } from './kinds.ts';
import { limits } from './limits.ts';
import { Lists } from './lists.ts';
import { Objects } from './objects.ts';
import { badRequest, Refusal } from './refusal.ts';
import { type Snapshot, Storage } from './storage.ts';
import type { LabToken } from './token-reviews.ts';
import { type WatchRequest, WatchResponse } from './watch-response.ts';

export type LabApiServerOptions = {
  /** Kinds besides Kubernetes' own. */
  readonly kinds?: readonly LabKind[];
  /** Default: the machine's clock. */
  readonly clock?: Clock;
  /** How often a quiet watch gets a bookmark, in milliseconds. Default 60_000, as the real one. */
  readonly bookmarkMs?: number;
  /** Port to listen on, on 127.0.0.1. Default 0: any free one, kept over `stop` and `start`. */
  readonly port?: number;
  /** Serves HTTPS with this certificate, PEM. Default: plain HTTP. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca: string };
};

export class LabApiServer {
  /** What goes wrong; nothing at first. */
  readonly faults = new Faults();
  /** Tokens that TokenReview knows. */
  readonly tokens = new Map<string, LabToken>();
  /** Requests answered or refused so far, by `METHOD plural`; watches count as `WATCH`. */
  readonly requests = new Map<string, number>();
  readonly #kinds: readonly LabKind[];
  readonly #clock: Clock;
  readonly #bookmarkMs: number;
  readonly #tls: LabApiServerOptions['tls'];
  readonly #storage = new Storage();
  readonly #objects: Objects;
  readonly #api: Api;
  readonly #lists = new Lists(this.#storage);
  readonly #watches = new Set<WatchResponse>();
  #port: number;
  #server: Server | undefined;

  constructor(options: LabApiServerOptions = {}) {
    this.#kinds = [...builtInKinds, ...(options.kinds ?? [])];
    this.#clock = options.clock ?? realClock;
    this.#bookmarkMs = options.bookmarkMs ?? limits.bookmarkMs;
    this.#tls = options.tls;
    this.#port = options.port ?? 0;
    this.#objects = new Objects(this.#storage, this.#clock, this.#kinds);
    const { faults, tokens, requests } = this;
    this.#api = new Api({
      kinds: this.#kinds,
      objects: this.#objects,
      lists: this.#lists,
      faults,
      tokens,
      requests,
    });
    for (const name of builtInNamespaces) this.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } });
  }

  /** Listens; rejects when the port is taken. */
  async start(): Promise<void> {
    const listener = (request: IncomingMessage, response: ServerResponse): void => void this.#serve(request, response);
    const server = this.#tls === undefined ? createServer(listener) : createTlsServer(this.#tls, listener);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  /** Stops listening and ends all connections; the objects stay. */
  async stop(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    await new Promise<void>((resolve) => {
      server.close(() => resolve());
      this.cutWatches();
      server.closeAllConnections();
    });
  }

  /** `http://127.0.0.1:PORT`; the port is known after the first start. */
  get url(): string {
    return `${this.#tls === undefined ? 'http' : 'https'}://127.0.0.1:${this.#port}`;
  }

  /** Watches that are open. */
  get openWatches(): number {
    return this.#watches.size;
  }

  /** Writes a kubeconfig, readable by its owner only, with which kubectl and the operator reach this server. */
  async writeKubeconfig(path: string): Promise<void> {
    const trust = this.#tls === undefined ? { 'insecure-skip-tls-verify': true } : { 'certificate-authority-data': base64(this.#tls.ca) };
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'lab', cluster: { server: this.url, ...trust } }],
      users: [{ name: 'lab', user: { token: 'lab' } }],
      contexts: [{ name: 'lab', context: { cluster: 'lab', user: 'lab' } }],
      'current-context': 'lab',
    };
    // JSON is YAML.
    await writeFile(path, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
  }

  /** Creates the object, or makes the one that is there exactly so, status included. Its kind and namespace must exist. */
  apply(object: RawObject): RawObject {
    const kind = this.#kindOf(object);
    const { namespace, name = '' } = object.metadata;
    const ref: ObjectRef = { ...(namespace !== undefined && { namespace }), name };
    if (this.#storage.get(kind, keyOf(ref)) === undefined) this.#objects.create(kind, namespace, object);
    else this.#objects.replace(kind, ref, withCurrentVersion(object, this.#objects.get(kind, ref)), 'object');
    if (kind.hasStatus === true && object['status'] !== undefined)
      this.#objects.replace(kind, ref, withCurrentVersion(object, this.#objects.get(kind, ref)), 'status');
    return this.#objects.get(kind, ref);
  }

  /** The object as it is now. */
  get(type: ResourceType, ref: ObjectRef): RawObject | undefined {
    return this.#storage.get(type, keyOf(ref));
  }

  /** All objects of a kind. */
  list(type: ResourceType): readonly RawObject[] {
    return this.#storage.list(type);
  }

  /** Deletes as a client would: finalizers hold the object. */
  delete(type: ResourceType, ref: ObjectRef): void {
    this.#objects.delete(type, ref, { gracePeriodSeconds: 0 });
  }

  /** Cuts the open watches, of one kind or all, as a lost connection does. */
  cutWatches(plural?: string): void {
    for (const watch of [...this.#watches]) if (plural === undefined || watch.plural === plural) watch.cut();
  }

  /** Forgets history and open lists: what looks back gets 410. */
  compact(): void {
    this.#storage.compact();
    this.#lists.expire();
  }

  snapshot(): Snapshot {
    return this.#storage.snapshot();
  }

  /** Goes back to a snapshot, resource versions included, as a restored backup does; the server restarts with it, so watches are cut. */
  restore(snapshot: Snapshot): void {
    this.#storage.restore(snapshot);
    this.#lists.expire();
    this.cutWatches();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const url = new URL(request.url ?? '/', 'http://localhost');
      const asked = {
        method: request.method ?? 'GET',
        path: url.pathname,
        query: url.searchParams,
        contentType: request.headers['content-type'] ?? '',
      };
      this.#send(response, await this.#api.answer(asked, () => readBody(request)));
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal(500, 'InternalError', String(error));
      if (response.headersSent) response.destroy();
      else
        this.#send(response, {
          kind: 'json',
          status: refusal.code,
          value: refusal.toStatus(),
          retryAfterSeconds: refusal.retryAfterSeconds,
        });
    }
  }

  #send(response: ServerResponse, answer: Answer): void {
    switch (answer.kind) {
      case 'json':
        if (answer.retryAfterSeconds !== undefined) response.setHeader('retry-after', String(answer.retryAfterSeconds));
        response.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.value));
        return;
      case 'text':
        response.writeHead(200, { 'content-type': 'text/plain' }).end(answer.text);
        return;
      case 'cut': {
        const bytes = Buffer.from(JSON.stringify(answer.value));
        response.writeHead(200, { 'content-type': 'application/json', 'content-length': bytes.length });
        response.write(bytes.subarray(0, bytes.length / 2), () => response.destroy());
        return;
      }
      case 'watch':
        this.#watch(response, answer.request, answer.fault);
        return;
      case 'disconnect':
        response.destroy();
        return;
      case 'hang':
        return;
      default:
        unreachable(answer);
    }
  }

  #watch(response: ServerResponse, request: WatchRequest, fault: Fault | undefined): void {
    const watch = new WatchResponse({ response, request, fault, storage: this.#storage, clock: this.#clock, bookmarkMs: this.#bookmarkMs });
    this.#watches.add(watch);
    response.once('close', () => this.#watches.delete(watch));
    watch.start();
  }

  #kindOf(object: RawObject): LabKind {
    const kind = this.#kinds.find((known) => known.kind === object['kind'] && apiVersionOf(known) === object['apiVersion']);
    if (kind === undefined) throw badRequest(`there is no kind ${String(object['kind'])} in ${String(object['apiVersion'])}`);
    return kind;
  }
}

function withCurrentVersion(object: RawObject, current: RawObject): RawObject {
  const { resourceVersion } = current.metadata;
  return { ...object, metadata: { ...object.metadata, ...(resourceVersion !== undefined && { resourceVersion }) } };
}

/** The body as JSON; undefined when there is none. */
async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limits.bodyBytes) throw new Refusal(413, 'RequestEntityTooLarge', `limit is ${limits.bodyBytes} bytes`);
    chunks.push(chunk);
  }
  if (size === 0) return undefined;
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    throw badRequest('the body is not JSON');
  }
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');
