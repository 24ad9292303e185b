import type { ObjectMeta } from './core-objects.ts';
import { projectMeta } from './core-objects.ts';

/** One of our own objects as the API server sent it: spec and status are read by the schemas of `api`. */
export type CustomObject = {
  readonly metadata: ObjectMeta;
  readonly spec?: unknown;
  readonly status?: unknown;
};

/** Keeps metadata without managedFields, and spec and status as they are. */
export function projectCustomObject(value: unknown): CustomObject {
  const object = (typeof value === 'object' && value !== null ? value : {}) as { metadata?: unknown; spec?: unknown; status?: unknown };
  return { metadata: projectMeta(object.metadata), spec: object.spec, status: object.status };
}
