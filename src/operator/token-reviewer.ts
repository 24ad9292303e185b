import { isNotFound } from '#kube/api-error.ts';
import type { KubeClient } from '#kube/kube-client.ts';
import type { ResourceType } from '#kube/resource.ts';
import type { TokenReviewer } from '#rpc/authenticator.ts';
import { err, ok } from '#runtime/result.ts';

const tokenReview: ResourceType = {
  group: 'authentication.k8s.io',
  version: 'v1',
  kind: 'TokenReview',
  plural: 'tokenreviews',
  namespaced: false,
};

type ReviewStatus = {
  readonly authenticated?: boolean;
  readonly error?: string;
  readonly audiences?: readonly string[];
  readonly user?: { readonly username?: string; readonly extra?: Readonly<Record<string, readonly string[]>> };
};

/** Asks the API server about tokens. That it can't be asked is no verdict: the token may have been good a minute ago. */
export function tokenReviewer(client: KubeClient): TokenReviewer {
  return async (token, audience) => {
    const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', metadata: {}, spec: { token, audiences: [audience] } };
    const answer = await client.create(tokenReview, request);
    if (!answer.ok && (isNotFound(answer.error) || answer.error.status === 403)) {
      return err({ kind: 'unreachable', message: `${answer.error.message}; the operator needs the right to create tokenreviews` });
    }
    if (!answer.ok) return err({ kind: 'unreachable', message: answer.error.message });
    const status = (answer.value['status'] ?? {}) as ReviewStatus;
    if (status.authenticated !== true)
      return err({ kind: 'refused', message: `the API server does not know the token: ${status.error ?? 'not authenticated'}` });
    return ok({ user: status.user?.username ?? '', audiences: status.audiences ?? [], extra: status.user?.extra ?? {} });
  };
}
