import type { RawObject } from '#kube/resource.ts';
import { discovery } from './discovery.ts';
import type { Fault, Faults } from './faults.ts';
import type { LabKind } from './kinds.ts';
import type { Lists } from './lists.ts';
import type { DeleteRequest, Objects } from './objects.ts';
import { badRequest, noSuchPath, Refusal } from './refusal.ts';
import { fieldSelector, labelSelector, type Selector } from './selector.ts';
import { classOf, isWatch, refOf, type Target, targetOf } from './target.ts';
import { type LabToken, reviewToken } from './token-reviews.ts';
import type { WatchRequest } from './watch-response.ts';

/** A request without its body. */
export type Asked = { readonly method: string; readonly path: string; readonly query: URLSearchParams; readonly contentType: string };

/** What is to be answered; the server writes it. */
export type Answer =
  | { readonly kind: 'json'; readonly status: number; readonly value: unknown; readonly retryAfterSeconds?: number | undefined }
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'watch'; readonly request: WatchRequest; readonly fault: Fault | undefined }
  /** Only the first half of the body is sent. */
  | { readonly kind: 'cut'; readonly value: unknown }
  | { readonly kind: 'disconnect' }
  | { readonly kind: 'hang' };

/** From requests to answers: which object, which rule, which fault. Refusals are thrown. */
export class Api {
  readonly #kinds: readonly LabKind[];
  readonly #objects: Objects;
  readonly #lists: Lists;
  readonly #faults: Faults;
  readonly #tokens: ReadonlyMap<string, LabToken>;
  readonly #requests: Map<string, number>;

  constructor(parts: {
    readonly kinds: readonly LabKind[];
    readonly objects: Objects;
    readonly lists: Lists;
    readonly faults: Faults;
    readonly tokens: ReadonlyMap<string, LabToken>;
    readonly requests: Map<string, number>;
  }) {
    this.#kinds = parts.kinds;
    this.#objects = parts.objects;
    this.#lists = parts.lists;
    this.#faults = parts.faults;
    this.#tokens = parts.tokens;
    this.#requests = parts.requests;
  }

  async answer(asked: Asked, readBody: () => Promise<unknown>): Promise<Answer> {
    const { method, path, query } = asked;
    if (['/livez', '/readyz', '/healthz'].includes(path)) return { kind: 'text', text: 'ok' };
    const described = method === 'GET' ? discovery(path, this.#kinds) : undefined;
    if (described !== undefined) return json(200, described);
    if (method === 'POST' && path === '/apis/authentication.k8s.io/v1/tokenreviews')
      return json(201, reviewToken(asObject(await readBody()), this.#tokens));
    const target = targetOf(path, this.#kinds);
    if (target === undefined) throw noSuchPath();
    const seen = classOf(target, method, query);
    const counter = `${seen.on === 'watch' ? 'WATCH' : method} ${seen.plural}`;
    this.#requests.set(counter, (this.#requests.get(counter) ?? 0) + 1);
    const fault = this.#faults.meet(seen);
    if (fault?.kind === 'status')
      throw new Refusal(fault.code, reasonOf(fault.code), `${method} ${path}: refused on demand`, fault.retryAfterSeconds);
    if (fault?.kind === 'hang' || fault?.kind === 'disconnect') return { kind: fault.kind };
    if (method === 'GET') return this.#read(target, query, fault);
    // kubectl sends protobuf for some of Kubernetes' own kinds unless it is refused.
    if (method !== 'PATCH' && method !== 'DELETE' && !asked.contentType.includes('json')) throw unsupported('application/json');
    return json(method === 'POST' ? 201 : 200, this.#write(target, asked, await readBody()));
  }

  #read(target: Target, query: URLSearchParams, fault: Fault | undefined): Answer {
    const { kind, namespace, name } = target;
    if (name !== undefined) return json(200, this.#objects.get(kind, refOf(target)));
    const selects = selectorOf(kind, namespace, query);
    if (isWatch(query)) return { kind: 'watch', request: watchRequest(kind, selects, query), fault };
    const value = this.#lists.list(kind, {
      namespace,
      selects,
      limit: Number(query.get('limit') ?? 0),
      continueToken: query.get('continue') ?? '',
      fault,
    });
    return fault?.kind === 'cutBody' ? { kind: 'cut', value } : json(200, value);
  }

  #write(target: Target, asked: Asked, body: unknown): RawObject {
    const { kind, namespace, name, part } = target;
    if (name === undefined) {
      if (asked.method !== 'POST') throw new Refusal(405, 'MethodNotAllowed', `${asked.method} is not supported on collections`);
      return this.#objects.create(kind, namespace, asObject(body));
    }
    const ref = refOf(target);
    switch (asked.method) {
      case 'PUT':
        return this.#objects.replace(kind, ref, asObject(body), part);
      case 'PATCH':
        if (!asked.contentType.startsWith('application/merge-patch+json')) throw unsupported('application/merge-patch+json');
        return this.#objects.mergePatch(kind, ref, body, part);
      case 'DELETE':
        return this.#objects.delete(kind, ref, deleteRequest(body, asked.query));
      default:
        throw new Refusal(405, 'MethodNotAllowed', `${asked.method} is not supported on objects`);
    }
  }
}

const unsupported = (only: string): Refusal => new Refusal(415, 'UnsupportedMediaType', `only ${only} is supported here`);

const json = (status: number, value: unknown): Answer => ({ kind: 'json', status, value });

function selectorOf({ selectableFields }: LabKind, namespace: string | undefined, query: URLSearchParams): Selector {
  const labels = labelSelector(query.get('labelSelector') ?? '');
  const fields = fieldSelector(query.get('fieldSelector') ?? '', selectableFields);
  return (object) => (namespace === undefined || object.metadata.namespace === namespace) && labels(object) && fields(object);
}

function watchRequest(kind: LabKind, selects: Selector, query: URLSearchParams): WatchRequest {
  const timeout = query.get('timeoutSeconds');
  return {
    kind,
    selects,
    resourceVersion: query.get('resourceVersion') ?? '',
    timeoutSeconds: timeout === null ? undefined : Number(timeout),
    bookmarks: query.get('allowWatchBookmarks') === 'true',
  };
}

/** A body that must be an object; its metadata may be absent. */
function asObject(body: unknown): RawObject {
  if (typeof body !== 'object' || body === null) throw badRequest('the body is not an object');
  const { metadata } = body as { metadata?: unknown };
  if (typeof metadata !== 'object' || metadata === null) return { ...body, metadata: {} };
  return body as RawObject;
}

/** `body` is a DeleteOptions; the grace period may stand in the query instead. */
function deleteRequest(body: unknown, query: URLSearchParams): DeleteRequest {
  const options = (body ?? {}) as { preconditions?: { uid?: string; resourceVersion?: string }; gracePeriodSeconds?: number };
  const grace = query.get('gracePeriodSeconds') ?? options.gracePeriodSeconds;
  return { ...options.preconditions, ...(grace !== undefined && grace !== null && { gracePeriodSeconds: Number(grace) }) };
}

const reasons: Readonly<Record<number, string>> = {
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'NotFound',
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  500: 'InternalError',
  503: 'ServiceUnavailable',
};

const reasonOf = (code: number): string => reasons[code] ?? 'Unknown';
