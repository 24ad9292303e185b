import type { Result } from '#runtime/result.ts';
import type { ApiError } from './api-error.ts';
import type { ObjectRef, RawObject, ResourceType } from './resource.ts';

/** What every request may carry. */
export type RequestOptions = {
  /** Total time including retries is at most `tries` of these; default 30_000 each. In milliseconds. */
  readonly timeoutMs?: number;
  /** Tries of requests that may be repeated: all but create. Default 4; 1: no retries. */
  readonly tries?: number;
  /** Ends the request early; the error's reason is `Aborted`. */
  readonly signal?: AbortSignal;
};

export type ListOptions = RequestOptions & {
  /** Default: all namespaces. */
  readonly namespace?: string;
  /** Kubernetes' syntax, e.g. `app=dns,tier in (edge)`. */
  readonly labelSelector?: string;
  /** Kubernetes' syntax, e.g. `metadata.name=edge`. */
  readonly fieldSelector?: string;
  /** Objects per request. Default 500: more cost memory, fewer cost time. */
  readonly pageSize?: number;
};

export type ObjectList = { readonly items: readonly RawObject[]; readonly resourceVersion: string };

/** Which part of an object a write goes to. */
export type Subresource = { readonly subresource?: 'status' };

export type DeleteOptions = RequestOptions & {
  /** Deletes only the object that was seen. */
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly gracePeriodSeconds?: number;
};

/**
 * Requests to the API server, as plain JSON. Writes with `metadata.resourceVersion` happen only while the object is
 * unchanged since that version; else the error is a conflict.
 */
export type KubeClient = {
  get(type: ResourceType, ref: ObjectRef, options?: RequestOptions): Promise<Result<RawObject, ApiError>>;
  /** The whole collection, read in pages of one consistent state. */
  list(type: ResourceType, options?: ListOptions): Promise<Result<ObjectList, ApiError>>;
  /** Creates. Repeated only when the server says that it did not look at it (429): a lost answer may have been a success. */
  create(type: ResourceType, object: RawObject, options?: RequestOptions): Promise<Result<RawObject, ApiError>>;
  /** Replaces the object, or its status. */
  put(type: ResourceType, object: RawObject, options?: RequestOptions & Subresource): Promise<Result<RawObject, ApiError>>;
  /** Merges `patch` into the object (RFC 7396): null removes a field, lists are replaced whole. */
  patch(
    type: ResourceType,
    ref: ObjectRef,
    patch: Readonly<Record<string, unknown>>,
    options?: RequestOptions & Subresource,
  ): Promise<Result<RawObject, ApiError>>;
  /** Deletes; an object with finalizers stays until they are gone. */
  delete(type: ResourceType, ref: ObjectRef, options?: DeleteOptions): Promise<Result<void, ApiError>>;
};
