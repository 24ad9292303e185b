import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Agent, request } from 'undici';
import { parseAllDocuments } from 'yaml';
import { eventually } from '../support/eventually.ts';
import type { ControlPlaneAccess } from './control-plane.ts';

/** What every object says about itself. */
export type Metadata = {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly deletionTimestamp?: string;
  readonly finalizers?: readonly string[];
  readonly ownerReferences?: readonly unknown[];
};

/** Names one object. A namespaced one without namespace is in `default`. */
export type Reference = { readonly apiVersion: string; readonly kind: string; readonly metadata: Metadata };

/** Any object; a test that reads more of it names its own type. */
export type KubeObject = Reference & { readonly [field: string]: unknown };

/** What the API server refused, in its own words. */
export class ApiError extends Error {
  readonly status: number;
  /** `NotFound`, `Conflict`, `Invalid`, `Forbidden`, … */
  readonly reason: string;

  constructor(what: string, status: number, reason: string, message: string) {
    super(`${what}: ${status} ${reason}: ${message}`);
    this.status = status;
    this.reason = reason;
  }
}

/** A plain client of the API server for tests: nothing of the product is in it, so that it can judge the product. */
export class TestClient {
  readonly #access: Pick<ControlPlaneAccess, 'url' | 'token'>;
  readonly #agent: Agent;
  readonly #resources = new Map<string, { readonly name: string; readonly namespaced: boolean }>();

  /** `access` comes from `startControlPlane` or `inject('controlPlane')`. */
  constructor(access: Pick<ControlPlaneAccess, 'url' | 'token' | 'caFile'>) {
    this.#access = access;
    this.#agent = new Agent({ connect: { ca: readFileSync(access.caFile) } });
  }

  /** Closes its connections. */
  close(): Promise<void> {
    return this.#agent.destroy();
  }

  /** Sends a request and returns the answer's JSON, or its text; anything but 2xx is an {@link ApiError}. Fails after 30 s. */
  async request<T = unknown>(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    contentType = 'application/json',
  ): Promise<T> {
    const headers = { authorization: `Bearer ${this.#access.token}`, ...(body === undefined ? {} : { 'content-type': contentType }) };
    const answer = await request(`${this.#access.url}${path}`, {
      method,
      headers,
      dispatcher: this.#agent,
      signal: AbortSignal.timeout(30_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.body.text();
    const content = answer.headers['content-type'] === 'application/json' ? JSON.parse(text) : text;
    if (answer.statusCode < 300) return content;
    throw new ApiError(`${method} ${path}`, answer.statusCode, content.reason ?? '', content.message ?? text);
  }

  /** Creates an object. */
  async create<T extends KubeObject>(object: T): Promise<T> {
    return this.request('POST', await this.#path(object, false), object);
  }

  /** Server-side apply, by force, as field manager `test`. */
  async apply<T extends KubeObject>(object: T): Promise<T> {
    const path = `${await this.#path(object)}?fieldManager=test&force=true`;
    return this.request('PATCH', path, object, 'application/apply-patch+yaml');
  }

  /** Reads an object. */
  async get<T extends Reference = KubeObject>(reference: Reference): Promise<T> {
    return this.request('GET', await this.#path(reference));
  }

  /** Reads an object, or undefined where there is none. */
  async find<T extends Reference = KubeObject>(reference: Reference): Promise<T | undefined> {
    return this.get<T>(reference).catch((error) => {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    });
  }

  /** Lists a kind, in one namespace or everywhere, by labels (`app=web`) or all. */
  async list<T extends Reference = KubeObject>(apiVersion: string, kind: string, namespace?: string, labelSelector = ''): Promise<T[]> {
    const { name } = await this.#resource(apiVersion, kind);
    const path = `${root(apiVersion)}${namespace === undefined ? '' : `/namespaces/${namespace}`}/${name}`;
    const list = await this.request<{ items: T[] }>('GET', `${path}?labelSelector=${encodeURIComponent(labelSelector)}`);
    return list.items;
  }

  /** Changes an object, or its `status`, by JSON merge patch. */
  async patch<T extends Reference = KubeObject>(reference: Reference, patch: object, subresource?: 'status'): Promise<T> {
    const path = `${await this.#path(reference)}${subresource ? `/${subresource}` : ''}`;
    return this.request('PATCH', path, patch, 'application/merge-patch+json');
  }

  /** Deletes an object; it is no error where there is none. `gracePeriodSeconds: 0` removes a pod at once. */
  async delete(reference: Reference, options: { readonly gracePeriodSeconds?: number } = {}): Promise<void> {
    const path = await this.#path(reference);
    await this.request('DELETE', path, { kind: 'DeleteOptions', apiVersion: 'v1', ...options }).catch((error) => {
      if (!(error instanceof ApiError && error.status === 404)) throw error;
    });
  }

  /** Applies each document of a YAML file, or of each file of a folder, and waits until the API serves the kinds they define. */
  async applyFiles(path: string): Promise<KubeObject[]> {
    const files = statSync(path).isDirectory()
      ? readdirSync(path)
          .sort()
          .map((name) => join(path, name))
      : [path];
    const objects: KubeObject[] = [];
    for (const file of files.filter((name) => /\.ya?ml$/.test(name))) {
      for (const document of parseAllDocuments(readFileSync(file, 'utf8'))) {
        const object = document.toJS() as KubeObject | null;
        if (!object) continue;
        objects.push(await this.apply(object));
        if (object.kind === 'CustomResourceDefinition') await this.#established(object);
      }
    }
    return objects;
  }

  /** A token of a pod's service account as the pod would have it projected: bound to the pod, for one audience, valid 1 h. */
  async podToken(pod: { readonly namespace: string; readonly name: string }, serviceAccount: string, audience: string): Promise<string> {
    const path = `/api/v1/namespaces/${pod.namespace}/serviceaccounts/${serviceAccount}/token`;
    const spec = { audiences: [audience], expirationSeconds: 3_600, boundObjectRef: { apiVersion: 'v1', kind: 'Pod', name: pod.name } };
    const answer = await this.request<{ status: { token: string } }>('POST', path, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec,
    });
    return answer.status.token;
  }

  async #established(definition: Reference): Promise<void> {
    type Definition = Reference & {
      readonly status?: { readonly conditions?: readonly { readonly type: string; readonly status: string }[] };
    };
    await eventually(
      `CustomResourceDefinition ${definition.metadata.name} is established`,
      async () => (await this.get<Definition>(definition)).status?.conditions ?? [],
      (conditions) => conditions.some(({ type, status }) => type === 'Established' && status === 'True'),
    );
  }

  async #path({ apiVersion, kind, metadata }: Reference, withName = true): Promise<string> {
    const { name, namespaced } = await this.#resource(apiVersion, kind);
    const collection = `${root(apiVersion)}${namespaced ? `/namespaces/${metadata.namespace ?? 'default'}` : ''}/${name}`;
    return withName ? `${collection}/${encodeURIComponent(metadata.name)}` : collection;
  }

  /** Finds a kind's plural in the API server's discovery; a kind that was just defined takes a moment to appear there. */
  async #resource(apiVersion: string, kind: string): Promise<{ readonly name: string; readonly namespaced: boolean }> {
    const key = `${apiVersion} ${kind}`;
    const known = this.#resources.get(key);
    if (known) return known;
    type Discovered = { resources: { name: string; kind: string; namespaced: boolean }[] };
    const found = await eventually(
      `the API server knows kind ${kind} of ${apiVersion}`,
      async () => {
        const { resources } = await this.request<Discovered>('GET', root(apiVersion));
        return resources.find((resource) => resource.kind === kind && !resource.name.includes('/'));
      },
      Boolean,
      { withinMs: 5_000 },
    );
    if (!found) throw new Error(`no kind ${kind} in ${apiVersion}`);
    this.#resources.set(key, found);
    return found;
  }
}

function root(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}
