import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { apiVersionOf, keyOf, type ObjectRef, type RawMeta, type RawObject } from '#kube/resource.ts';
import type { Clock } from '#runtime/clock.ts';
import { isCustom, type LabKind } from './kinds.ts';
import { mergePatch } from './merge-patch.ts';
import { alreadyExists, badRequest, conflict, invalid, notFound } from './refusal.ts';
import type { Storage } from './storage.ts';

/** What a deletion insists on. */
export type DeleteRequest = {
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly gracePeriodSeconds?: number;
};

/** Which part of an object is written: all but its status, or only that. */
export type Part = 'object' | 'status';

/** The rules of the API for writes: who fills in what, what conflicts, what finalizers hold. Refusals are thrown. */
export class Objects {
  readonly #storage: Storage;
  readonly #clock: Clock;
  readonly #namespaceKind: LabKind | undefined;

  constructor(storage: Storage, clock: Clock, kinds: readonly LabKind[]) {
    this.#storage = storage;
    this.#clock = clock;
    this.#namespaceKind = kinds.find((kind) => kind.group === '' && kind.plural === 'namespaces');
  }

  get(kind: LabKind, ref: ObjectRef): RawObject {
    const object = this.#storage.get(kind, keyOf(ref));
    if (object === undefined) throw notFound(kind, ref.name);
    return object;
  }

  create(kind: LabKind, namespace: string | undefined, sent: RawObject): RawObject {
    const meta = sent.metadata;
    if (meta.resourceVersion !== undefined && meta.resourceVersion !== '')
      throw badRequest('resourceVersion should not be set on objects to be created');
    const name = meta.name ?? (meta.generateName === undefined ? undefined : `${meta.generateName}${randomUUID().slice(0, 5)}`);
    if (name === undefined || name === '') throw invalid(kind, '', 'metadata.name: Required value: name or generateName is required');
    this.#requireNamespace(kind, namespace, meta);
    const ref = { ...(namespace !== undefined && { namespace }), name };
    if (this.#storage.get(kind, keyOf(ref)) !== undefined) throw alreadyExists(kind, name);
    const { status: _, ...withoutStatus } = sent;
    return this.#storage.put(kind, {
      ...(kind.hasStatus === true && kind.kind !== 'Node' ? withoutStatus : sent),
      apiVersion: apiVersionOf(kind),
      kind: kind.kind,
      metadata: { ...meta, ...ref, uid: randomUUID(), creationTimestamp: this.#timestamp(), ...(hasGeneration(kind) && { generation: 1 }) },
    });
  }

  replace(kind: LabKind, ref: ObjectRef, sent: RawObject, part: Part): RawObject {
    const before = this.get(kind, ref);
    if (sent.metadata.name !== ref.name)
      throw badRequest(`the name of the object (${sent.metadata.name ?? ''}) does not match the name on the URL (${ref.name})`);
    if ((sent.metadata.resourceVersion ?? '') === '' && isCustom(kind))
      throw invalid(kind, ref.name, 'metadata.resourceVersion: Invalid value: 0x0: must be specified for an update');
    return this.#update(kind, ref, before, sent, part);
  }

  mergePatch(kind: LabKind, ref: ObjectRef, patch: unknown, part: Part): RawObject {
    const before = this.get(kind, ref);
    const patched = mergePatch(before, patch) as RawObject;
    const asked = (patch as { metadata?: RawMeta } | null)?.metadata?.resourceVersion;
    const { resourceVersion: _, ...meta } = patched.metadata;
    return this.#update(
      kind,
      ref,
      before,
      { ...patched, metadata: { ...meta, ...(asked !== undefined && { resourceVersion: asked }) } },
      part,
    );
  }

  /** Deletes, or marks for deletion what finalizers or a grace period hold. Returns the last form. */
  delete(kind: LabKind, ref: ObjectRef, request: DeleteRequest): RawObject {
    const object = this.get(kind, ref);
    const { uid, resourceVersion, finalizers = [] } = object.metadata;
    if (request.uid !== undefined && request.uid !== uid)
      throw conflict(kind, ref.name, `Precondition failed: UID in precondition: ${request.uid}, UID in object meta: ${uid}`);
    if (request.resourceVersion !== undefined && request.resourceVersion !== resourceVersion)
      throw conflict(
        kind,
        ref.name,
        `Precondition failed: ResourceVersion in precondition: ${request.resourceVersion}, ResourceVersion in object meta: ${resourceVersion}`,
      );
    const graceSeconds = request.gracePeriodSeconds ?? gracePeriodOf(kind, object);
    if (finalizers.length === 0 && graceSeconds === 0) return this.#storage.remove(kind, keyOf(ref)) ?? object;
    if (object.metadata.deletionTimestamp !== undefined) return object;
    const marked = { deletionTimestamp: this.#timestamp(graceSeconds), deletionGracePeriodSeconds: graceSeconds };
    return this.#storage.put(kind, { ...object, metadata: { ...object.metadata, ...marked, ...nextGeneration(kind, object) } });
  }

  #update(kind: LabKind, ref: ObjectRef, before: RawObject, sent: RawObject, part: Part): RawObject {
    const { resourceVersion, uid } = sent.metadata;
    if (uid !== undefined && uid !== before.metadata.uid)
      throw conflict(kind, ref.name, `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${before.metadata.uid}`);
    if (resourceVersion !== undefined && resourceVersion !== '' && resourceVersion !== before.metadata.resourceVersion)
      throw conflict(kind, ref.name);
    const after = part === 'status' ? withStatusOf(before, sent) : this.#merged(kind, ref, before, sent);
    // A write that changes nothing makes no revision and no event.
    if (isDeepStrictEqual(after, before)) return before;
    const { deletionTimestamp, deletionGracePeriodSeconds = 0, finalizers = [] } = after.metadata;
    const stored = this.#storage.put(kind, after);
    if (deletionTimestamp === undefined || finalizers.length > 0 || deletionGracePeriodSeconds > 0) return stored;
    return this.#storage.remove(kind, keyOf(ref)) ?? stored;
  }

  /** The object as sent, with its status and what only the server writes kept. */
  #merged(kind: LabKind, ref: ObjectRef, before: RawObject, sent: RawObject): RawObject {
    const { uid, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds, generation, finalizers = [] } = before.metadata;
    const added = (sent.metadata.finalizers ?? []).filter((finalizer) => !finalizers.includes(finalizer));
    if (deletionTimestamp !== undefined && added.length > 0)
      throw invalid(
        kind,
        ref.name,
        `metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers ${JSON.stringify(added)}`,
      );
    const kept = { uid, creationTimestamp, deletionTimestamp, deletionGracePeriodSeconds, generation, ...ref };
    const after: RawObject = {
      ...sent,
      apiVersion: apiVersionOf(kind),
      kind: kind.kind,
      metadata: present({ ...sent.metadata, ...kept, resourceVersion: before.metadata.resourceVersion }) as RawMeta,
      ...(kind.hasStatus === true && { status: before['status'] }),
    };
    if (after['status'] === undefined) delete (after as Record<string, unknown>)['status'];
    if (isDeepStrictEqual(contentOf(after), contentOf(before))) return after;
    return { ...after, metadata: { ...after.metadata, ...nextGeneration(kind, before) } };
  }

  #requireNamespace(kind: LabKind, namespace: string | undefined, meta: RawMeta): void {
    if (!kind.namespaced) return;
    if (meta.namespace !== undefined && meta.namespace !== namespace)
      throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
    if (namespace === undefined) throw badRequest('an empty namespace may not be set during creation');
    if (this.#namespaceKind !== undefined && this.#storage.get(this.#namespaceKind, namespace) === undefined)
      throw notFound(this.#namespaceKind, namespace);
  }

  /** Now, or so many seconds later, as the API server writes times: whole seconds, UTC. */
  #timestamp(inSeconds = 0): string {
    return `${new Date(this.#clock.wallMs() + inSeconds * 1_000).toISOString().slice(0, 19)}Z`;
  }
}

/** Only the status is written, and of the metadata nothing. */
function withStatusOf(before: RawObject, sent: RawObject): RawObject {
  const { status: _, ...rest } = before;
  return { ...rest, metadata: before.metadata, ...(sent['status'] !== undefined && { status: sent['status'] }) };
}

/** What a new generation is about: everything but metadata and status. */
function contentOf(object: RawObject): unknown {
  const { metadata: _, status: __, ...content } = object;
  return content;
}

/** Kubernetes' core kinds count no generations, as far as they are used here. */
const hasGeneration = (kind: LabKind): boolean => kind.group !== '';

const nextGeneration = (kind: LabKind, object: RawObject): { generation?: number } =>
  hasGeneration(kind) ? { generation: (object.metadata.generation ?? 0) + 1 } : {};

/** Only a pod that runs on a node is given time to end. */
function gracePeriodOf(kind: LabKind, object: RawObject): number {
  const spec = object['spec'] as { nodeName?: unknown; terminationGracePeriodSeconds?: unknown } | undefined;
  if (kind.kind !== 'Pod' || spec?.nodeName === undefined) return 0;
  return typeof spec.terminationGracePeriodSeconds === 'number' ? spec.terminationGracePeriodSeconds : 30;
}

function present<T extends object>(fields: T): T {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as T;
}
