import { Backoff } from '#runtime/backoff.ts';
import type { Clock } from '#runtime/clock.ts';
import type { Random } from '#runtime/random.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import type { ApiError } from './api-error.ts';
import type { Connection } from './connection.ts';
import { Deadline, sleep } from './deadline.ts';
import { type Call, errorOf, exchange, nameOf, open, refusal } from './exchange.ts';
import type { DeleteOptions, KubeClient, ListOptions, ObjectList, RequestOptions, Subresource } from './kube-client.ts';
import { limits } from './limits.ts';
import { apiVersionOf, collectionPath, keyOf, type ObjectRef, objectPath, type RawObject, type ResourceType } from './resource.ts';

/** One request as it was, for metrics. */
export type RequestObservation = {
  /** `GET`, `POST`, `PUT`, `PATCH`, `DELETE` or `WATCH`. */
  readonly verb: string;
  /** Plural of the kind. */
  readonly plural: string;
  /** HTTP status; 0 without an answer. */
  readonly status: number;
  readonly durationMs: number;
};

/** A whole collection, of each object what was kept. */
export type Collection<T> = { readonly items: readonly T[]; readonly resourceVersion: string };

/** One page of a list. */
export type ListPage = ObjectList & {
  /** Asks for the next page; empty after the last. */
  readonly continueToken: string;
};

/** Requests over one pool of connections, each with a deadline, repeated where that is safe. */
export class RestClient implements KubeClient {
  readonly #connection: Connection;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #observe: (observation: RequestObservation) => void;

  constructor(options: {
    readonly connection: Connection;
    readonly clock: Clock;
    readonly random: Random;
    readonly observe?: (observation: RequestObservation) => void;
  }) {
    this.#connection = options.connection;
    this.#clock = options.clock;
    this.#random = options.random;
    this.#observe = options.observe ?? (() => undefined);
  }

  get(type: ResourceType, ref: ObjectRef, options: RequestOptions = {}): Promise<Result<RawObject, ApiError>> {
    return this.#object({ method: 'GET', type, path: objectPath(type, ref), what: keyOf(ref) }, options);
  }

  list(type: ResourceType, options: ListOptions = {}): Promise<Result<ObjectList, ApiError>> {
    return this.collect(type, options, (object) => object);
  }

  /** {@link list}, with each object replaced by what `keep` makes of it while its page is in hand: never are all objects in memory whole. */
  async collect<T>(type: ResourceType, options: ListOptions, keep: (object: RawObject) => T): Promise<Result<Collection<T>, ApiError>> {
    const items: T[] = [];
    let continueToken = '';
    let restarts = 0;
    for (let page = 0; page < limits.pages; page++) {
      const read = await this.listPage(type, { ...options, continueToken });
      if (!read.ok) {
        // The consistent state behind the token is gone: what was read so far belongs to no state that still exists.
        if (read.error.status !== 410 || continueToken === '' || ++restarts > limits.listRestarts) return read;
        items.length = 0;
        continueToken = '';
        continue;
      }
      for (const item of read.value.items) items.push(keep(item));
      continueToken = read.value.continueToken;
      if (continueToken === '') return ok({ items, resourceVersion: read.value.resourceVersion });
    }
    return err(errorOf(`GET ${type.plural}`, 'Unreadable', `the list did not end after ${limits.pages} pages`));
  }

  /** One page of a list; `continueToken` empty for the first. A token that is too old is an error with status 410. */
  async listPage(type: ResourceType, options: ListOptions & { readonly continueToken: string }): Promise<Result<ListPage, ApiError>> {
    const answer = await this.#call(
      {
        method: 'GET',
        type,
        path: collectionPath(type, options.namespace),
        query: {
          limit: options.pageSize ?? limits.pageSize,
          continue: options.continueToken || undefined,
          labelSelector: options.labelSelector,
          fieldSelector: options.fieldSelector,
        },
        what: options.namespace ?? '',
      },
      options,
    );
    if (!answer.ok) return answer;
    const page = pageOf(answer.value);
    return page === undefined ? err(errorOf(`GET ${type.plural}`, 'Unreadable', 'the answer is not a list')) : ok(page);
  }

  create(type: ResourceType, object: RawObject, options: RequestOptions = {}): Promise<Result<RawObject, ApiError>> {
    const { namespace, name, generateName } = object.metadata;
    const what = keyOf({ ...(namespace !== undefined && { namespace }), name: name ?? generateName ?? '' });
    return this.#object({ method: 'POST', type, path: collectionPath(type, namespace), body: typed(type, object), what }, options);
  }

  put(type: ResourceType, object: RawObject, options: RequestOptions & Subresource = {}): Promise<Result<RawObject, ApiError>> {
    const { namespace, name } = object.metadata;
    const ref = { ...(namespace !== undefined && { namespace }), name: name ?? '' };
    return this.#object(
      { method: 'PUT', type, path: withSubresource(objectPath(type, ref), options), body: typed(type, object), what: keyOf(ref) },
      options,
    );
  }

  patch(
    type: ResourceType,
    ref: ObjectRef,
    patch: Readonly<Record<string, unknown>>,
    options: RequestOptions & Subresource = {},
  ): Promise<Result<RawObject, ApiError>> {
    return this.#object(
      { method: 'PATCH', type, path: withSubresource(objectPath(type, ref), options), body: patch, what: keyOf(ref) },
      options,
    );
  }

  async delete(type: ResourceType, ref: ObjectRef, options: DeleteOptions = {}): Promise<Result<void, ApiError>> {
    const { uid, resourceVersion, gracePeriodSeconds } = options;
    const preconditions = { ...(uid !== undefined && { uid }), ...(resourceVersion !== undefined && { resourceVersion }) };
    const body = {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions,
      ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    };
    const answer = await this.#call({ method: 'DELETE', type, path: objectPath(type, ref), body, what: keyOf(ref) }, options);
    return answer.ok ? ok(undefined) : answer;
  }

  /**
   * Opens a watch from a resource version. Resolves with its bytes when the server accepted it; they end when the server or
   * `signal` ends the watch. Not repeated: the reflector knows when to try again.
   */
  async watch(
    type: ResourceType,
    options: {
      readonly resourceVersion: string;
      readonly timeoutSeconds: number;
      readonly signal: AbortSignal;
      readonly namespace?: string;
      readonly fieldSelector?: string;
    },
  ): Promise<Result<AsyncIterable<Buffer>, ApiError>> {
    const call: Call = {
      method: 'GET',
      type,
      path: collectionPath(type, options.namespace),
      query: {
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion: options.resourceVersion,
        timeoutSeconds: options.timeoutSeconds,
        fieldSelector: options.fieldSelector,
      },
      what: '',
    };
    const deadline = new Deadline(this.#clock, limits.requestTimeoutMs, options.signal);
    const startMs = this.#clock.nowMs();
    const answer = await open(this.#connection, call, deadline);
    const status = answer.ok ? answer.value.statusCode : 0;
    this.#observe({ verb: 'WATCH', plural: type.plural, status, durationMs: this.#clock.nowMs() - startMs });
    if (answer.ok && status === 200) {
      // From here on the reflector watches for silence.
      deadline.disarm();
      return ok(answer.value.body as AsyncIterable<Buffer>);
    }
    const error = answer.ok ? await refusal(call, answer.value, deadline) : answer.error;
    deadline.close();
    return err(error);
  }

  async #object(call: Call, options: RequestOptions): Promise<Result<RawObject, ApiError>> {
    const answer = await this.#call(call, options);
    if (!answer.ok) return answer;
    return isObject(answer.value) ? ok(answer.value) : err(errorOf(nameOf(call), 'Unreadable', 'the answer is not an object'));
  }

  /** Sends, and sends again where that is safe and may help. */
  async #call(call: Call, options: RequestOptions): Promise<Result<unknown, ApiError>> {
    const backoff = new Backoff({ firstMs: limits.retryFirstMs, maxMs: limits.retryMaxMs }, this.#random);
    const tries = options.tries ?? limits.tries;
    for (let number = 1; ; number++) {
      const startMs = this.#clock.nowMs();
      const deadline = new Deadline(this.#clock, options.timeoutMs ?? limits.requestTimeoutMs, options.signal);
      const answer = await exchange(this.#connection, call, deadline);
      deadline.close();
      const status = answer.ok ? 200 : answer.error.status;
      this.#observe({ verb: call.method, plural: call.type.plural, status, durationMs: this.#clock.nowMs() - startMs });
      if (answer.ok || number >= tries || !mayRepeat(call, answer.error)) return answer;
      const askedMs = (answer.error.retryAfterSeconds ?? 0) * 1_000;
      if (askedMs > limits.retryAfterMaxMs) return answer;
      await sleep(this.#clock, Math.max(backoff.nextMs(), askedMs), options.signal);
    }
  }
}

/** Creating twice makes two objects, or an error that hides a success; everything else may be said again. */
function mayRepeat(call: Call, error: ApiError): boolean {
  if (error.status === 429) return true;
  if (call.method === 'POST') return false;
  return error.status >= 500 || error.reason === 'Unreachable' || error.reason === 'Timeout' || error.reason === 'Unreadable';
}

function isObject(value: unknown): value is RawObject {
  const metadata = (value as { metadata?: unknown } | null | undefined)?.metadata;
  return typeof metadata === 'object' && metadata !== null;
}

/** A list as the server sent it; Go writes an empty one as null. undefined when it is anything else. */
function pageOf(value: unknown): ListPage | undefined {
  if (!isObject(value)) return undefined;
  const items = value['items'] === null ? [] : value['items'];
  const { resourceVersion, continue: continueToken } = value.metadata;
  if (!Array.isArray(items) || !items.every(isObject) || typeof resourceVersion !== 'string') return undefined;
  return { items, resourceVersion, continueToken: typeof continueToken === 'string' ? continueToken : '' };
}

const typed = (type: ResourceType, object: RawObject): RawObject => ({ apiVersion: apiVersionOf(type), kind: type.kind, ...object });

const withSubresource = (path: string, { subresource }: Subresource): string =>
  subresource === undefined ? path : `${path}/${subresource}`;
