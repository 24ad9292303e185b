import { limits } from './limits.ts';
import type { ObjectRef, RawObject, ResourceType } from './resource.ts';
import { microTime } from './times.ts';

export const leaseType: ResourceType = { group: 'coordination.k8s.io', version: 'v1', plural: 'leases', kind: 'Lease', namespaced: true };

/** A Lease as the election reads it. */
export type LeaseRecord = {
  /** Who holds it; empty: nobody. */
  readonly holder: string;
  readonly epoch: number;
  /** Changes whenever the holder renews; two equal texts are one observation. */
  readonly observation: string;
};

/** Reads a Lease; what is missing or wrong counts as nobody's, epoch 0. */
export function readLease(lease: RawObject, epochAnnotation: string): LeaseRecord {
  const spec = specOf(lease);
  const epoch = Number(lease.metadata.annotations?.[epochAnnotation] ?? 0);
  return {
    holder: typeof spec['holderIdentity'] === 'string' ? spec['holderIdentity'] : '',
    epoch: Number.isSafeInteger(epoch) && epoch > 0 ? epoch : 0,
    observation: JSON.stringify(spec),
  };
}

/** A Lease that does not exist yet, taken by `holder`. */
export function newLease(ref: ObjectRef): RawObject {
  return { metadata: { ...ref }, spec: {} };
}

/** The Lease taken by `holder` with a new epoch. Keeps the resourceVersion: written only if nobody else wrote meanwhile. */
export function takenLease(
  lease: RawObject,
  by: { readonly holder: string; readonly epoch: number; readonly epochAnnotation: string; readonly wallMs: number },
): RawObject {
  const transitions = specOf(lease)['leaseTransitions'];
  const now = microTime(by.wallMs);
  return {
    ...lease,
    metadata: { ...lease.metadata, annotations: { ...lease.metadata.annotations, [by.epochAnnotation]: String(by.epoch) } },
    spec: {
      ...specOf(lease),
      holderIdentity: by.holder,
      leaseDurationSeconds: limits.leaseDurationMs / 1_000,
      acquireTime: now,
      renewTime: now,
      leaseTransitions: typeof transitions === 'number' ? transitions + 1 : 0,
    },
  };
}

/** The Lease renewed by its holder. */
export function renewedLease(lease: RawObject, wallMs: number): RawObject {
  return { ...lease, spec: { ...specOf(lease), renewTime: microTime(wallMs) } };
}

/** The Lease given back: whoever waits may take it at once. The epoch stays. */
export function releasedLease(lease: RawObject, wallMs: number): RawObject {
  return { ...lease, spec: { ...specOf(lease), holderIdentity: '', leaseDurationSeconds: 1, renewTime: microTime(wallMs) } };
}

const specOf = (lease: RawObject): Readonly<Record<string, unknown>> =>
  typeof lease['spec'] === 'object' && lease['spec'] !== null ? (lease['spec'] as Record<string, unknown>) : {};
