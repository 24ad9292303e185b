import type { Successor } from '#decide/leave.ts';
import { isNotFound } from '#kube/api-error.ts';
import type { KubeClient } from '#kube/kube-client.ts';
import type { ResourceType } from '#kube/resource.ts';
import { limits } from './limits.ts';

const daemonSet: ResourceType = { group: 'apps', version: 'v1', kind: 'DaemonSet', plural: 'daemonsets', namespaced: true };

/** The DaemonSet that speakers are pods of, as the chart and deploy/base name it. */
const speakerDaemonSet = 'anycast-speaker';

/** Whether a speaker that leaves is followed by another. Asked when one leaves, which is rare: nothing is watched for it. */
export type LookForSuccessor = () => Promise<Successor>;

/** Looks at the speakers' DaemonSet: while it is there and not being deleted, it runs a new pod where one ended. */
export const successorWith =
  (client: KubeClient, namespace: string): LookForSuccessor =>
  async () => {
    const answer = await client.get(daemonSet, { namespace, name: speakerDaemonSet }, { timeoutMs: limits.successorTimeoutMs, tries: 1 });
    if (!answer.ok) return isNotFound(answer.error) ? 'none' : 'unknown';
    return answer.value.metadata.deletionTimestamp === undefined ? 'comes' : 'none';
  };
