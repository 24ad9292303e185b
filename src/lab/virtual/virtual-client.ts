import type { ApiError } from '#kube/api-error.ts';
import type { KubeClient } from '#kube/kube-client.ts';
import { keyOf, type ObjectRef, type RawObject, type ResourceType } from '#kube/resource.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import { mergePatch } from '../api-server/merge-patch.ts';
import { type ClusterKind, keyOfMeta, type VirtualCluster } from './virtual-cluster.ts';

/** One write that a client made. */
export type ClientWrite = { readonly verb: 'create' | 'patch' | 'delete'; readonly kind: string; readonly key: string };

/** What the API server would answer, at once. Everything that is written is remembered. */
export class VirtualClient implements KubeClient {
  readonly writes: ClientWrite[] = [];
  /** Set: every request is answered with this error. */
  failure: ApiError | undefined;
  readonly #cluster: VirtualCluster;

  constructor(cluster: VirtualCluster) {
    this.#cluster = cluster;
  }

  get(type: ResourceType, ref: ObjectRef): Promise<Result<RawObject, ApiError>> {
    return this.#answer(() => this.#there(type, ref));
  }

  list(type: ResourceType): Promise<Result<{ items: readonly RawObject[]; resourceVersion: string }, ApiError>> {
    const kind = type.kind as ClusterKind;
    return this.#answer(() =>
      ok({ items: this.#cluster.keys(kind).flatMap((key) => this.#cluster.get(kind, key) ?? []), resourceVersion: '' }),
    );
  }

  create(type: ResourceType, object: RawObject): Promise<Result<RawObject, ApiError>> {
    const kind = type.kind as ClusterKind;
    const key = keyOfMeta(object.metadata);
    return this.#answer(() => {
      if (this.#cluster.get(kind, key) !== undefined) return err(refusal(409, 'AlreadyExists', `${type.plural} "${key}" already exists`));
      this.writes.push({ verb: 'create', kind, key });
      return ok(this.#cluster.apply(kind, object));
    });
  }

  put(type: ResourceType): Promise<Result<RawObject, ApiError>> {
    return Promise.resolve(err(refusal(405, 'MethodNotAllowed', `nobody here replaces ${type.plural}`)));
  }

  patch(
    type: ResourceType,
    ref: ObjectRef,
    patch: Readonly<Record<string, unknown>>,
    options: { readonly subresource?: 'status' } = {},
  ): Promise<Result<RawObject, ApiError>> {
    return this.#answer(() => {
      const before = this.#there(type, ref);
      if (!before.ok) return before;
      const expected = (patch['metadata'] as { resourceVersion?: string } | undefined)?.resourceVersion;
      const conflict = this.#conflict(type, before.value, expected);
      if (conflict !== undefined) return err(conflict);
      this.writes.push({ verb: 'patch', kind: type.kind, key: keyOf(ref) });
      const merged = mergePatch(before.value, patch) as RawObject;
      // The status is written through its subresource, and by that nothing else is.
      const object =
        options.subresource === 'status' ? { ...before.value, status: merged['status'] } : { ...merged, status: before.value['status'] };
      return ok(this.#cluster.update(type.kind as ClusterKind, object));
    });
  }

  delete(type: ResourceType, ref: ObjectRef, options: { readonly resourceVersion?: string } = {}): Promise<Result<void, ApiError>> {
    return this.#answer(() => {
      const before = this.#there(type, ref);
      if (!before.ok) return before;
      const conflict = this.#conflict(type, before.value, options.resourceVersion);
      if (conflict !== undefined) return err(conflict);
      this.writes.push({ verb: 'delete', kind: type.kind, key: keyOf(ref) });
      this.#cluster.delete(type.kind as ClusterKind, keyOf(ref));
      return ok(undefined);
    });
  }

  #there(type: ResourceType, ref: ObjectRef): Result<RawObject, ApiError> {
    const object = this.#cluster.get(type.kind as ClusterKind, keyOf(ref));
    return object === undefined ? err(refusal(404, 'NotFound', `${type.plural} "${keyOf(ref)}" not found`)) : ok(object);
  }

  #conflict(type: ResourceType, object: RawObject, expected: string | undefined): ApiError | undefined {
    if (expected === undefined || expected === object.metadata.resourceVersion) return undefined;
    return refusal(409, 'Conflict', `${type.plural} "${keyOfMeta(object.metadata)}" has been modified`);
  }

  #answer<T>(act: () => Result<T, ApiError>): Promise<Result<T, ApiError>> {
    return Promise.resolve(this.failure === undefined ? act() : err(this.failure));
  }
}

const refusal = (status: number, reason: string, message: string): ApiError => ({ status, reason, message });
