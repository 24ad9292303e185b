import type { RawObject } from '#kube/resource.ts';

/** What a token stands for. */
export type LabToken = {
  readonly username: string;
  readonly audiences: readonly string[];
  /** As projected service-account tokens have, e.g. `authentication.kubernetes.io/node-name`. */
  readonly extra?: Readonly<Record<string, readonly string[]>>;
};

/** Answers a TokenReview from a fixed table, as the API server does: known, and for an audience that was asked for. */
export function reviewToken(review: RawObject, tokens: ReadonlyMap<string, LabToken>): RawObject {
  const spec = review['spec'] as { token?: string; audiences?: readonly string[] } | undefined;
  const token = tokens.get(spec?.token ?? '');
  const audiences = token?.audiences.filter((audience) => spec?.audiences === undefined || spec.audiences.includes(audience)) ?? [];
  const status =
    token === undefined || audiences.length === 0
      ? { user: {}, error: 'invalid bearer token' }
      : { authenticated: true, user: { username: token.username, extra: token.extra ?? {} }, audiences };
  return { ...review, apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', status };
}
