import { withdrawFinalizer } from '#api/names.ts';
import type { ResourceType } from '#kube/resource.ts';
import type { ObjectMeta } from '../core-objects.ts';
import type { Write } from './status-writer.ts';

/**
 * The write that puts our finalizer on an object or takes it off; undefined when it is as it should be. Deletion is then seen,
 * never inferred: the object stays, with its deletionTimestamp, until speakers have reported the withdrawal.
 */
export function finalizerWrite(type: ResourceType, meta: ObjectMeta, wanted: boolean): Write | undefined {
  const finalizers = meta.finalizers ?? [];
  const isThere = finalizers.includes(withdrawFinalizer);
  // The API server refuses new finalizers on an object that is being deleted.
  if (wanted === isThere || (wanted && meta.deletionTimestamp !== undefined)) return undefined;
  const next = wanted ? [...finalizers, withdrawFinalizer] : finalizers.filter((item) => item !== withdrawFinalizer);
  const ref = { name: meta.name, ...(meta.namespace !== undefined && { namespace: meta.namespace }) };
  return { type, ref, patch: { metadata: { resourceVersion: meta.resourceVersion, finalizers: next } } };
}
