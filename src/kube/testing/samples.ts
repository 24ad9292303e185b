import { leaseType } from '../lease-record.ts';
import type { KubeObject, RawObject, ResourceType } from '../resource.ts';

/** The kind that tests of sources use: nobody but the test makes any in its namespace. */
export const sampleType: ResourceType = leaseType;

/** An object as it is projected in tests. */
export type Sample = KubeObject & { readonly value: string };

/** Throws at the value `unreadable`, as a projection with a bug would. */
export function projectSample(raw: RawObject): Sample {
  const { name = '', namespace, uid = '', resourceVersion = '' } = raw.metadata;
  const value = (raw['spec'] as { holderIdentity?: string } | undefined)?.holderIdentity ?? '';
  if (value === 'unreadable') throw new Error('value unreadable');
  return { metadata: { name, uid, resourceVersion, ...(namespace !== undefined && { namespace }) }, value };
}

/** What makes the value of an object this one: its spec, or a patch. */
export const withValue = (value: string) => ({ spec: { holderIdentity: value } });

/** An object to be created. */
export const aSample = (namespace: string, name: string, value: string): RawObject => ({
  apiVersion: 'coordination.k8s.io/v1',
  kind: 'Lease',
  metadata: { namespace, name },
  ...withValue(value),
});
