import { isNotFound } from '#kube/api-error.ts';
import type { KubeClient } from '#kube/kube-client.ts';
import { refOf } from '#kube/resource.ts';
import type { LookUp } from './observe/absences.ts';
import { resourceTypes } from './resource-types.ts';

/** Asks the API server. Only its own "not found" counts as gone: refusals, time-outs and what stands in between say nothing. */
export const lookUpWith =
  (client: KubeClient): LookUp =>
  async (kind, key) => {
    const answer = await client.get(resourceTypes[kind], refOf(key));
    if (answer.ok) return 'there';
    return isNotFound(answer.error) ? 'gone' : 'unknown';
  };
