import { describe, expect, it } from 'vitest';
import type { ApiError } from '#kube/api-error.ts';
import type { KubeClient } from '#kube/kube-client.ts';
import type { RawObject } from '#kube/resource.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import { tokenReviewer } from './token-reviewer.ts';

/** What comes of a review that the API server answers so. */
async function reviewed(answer: Result<RawObject, ApiError>) {
  const asked: unknown[] = [];
  const create: KubeClient['create'] = (_type, object) => {
    asked.push(object['spec']);
    return Promise.resolve(answer);
  };
  const result = await tokenReviewer({ create } as unknown as KubeClient)('secret', 'anycast-operator.io');
  expect(asked).toEqual([{ token: 'secret', audiences: ['anycast-operator.io'] }]);
  return result;
}

const failed = (status: number, reason: string) => reviewed(err({ status, reason, message: `POST tokenreviews: ${reason}` }));

describe('a token review', () => {
  it('says who the bearer is', async () => {
    const user = { username: 'system:serviceaccount:a:b', extra: { node: ['n1'] } };
    expect(await reviewed(ok({ metadata: {}, status: { authenticated: true, audiences: ['anycast-operator.io'], user } }))).toEqual(
      ok({ user: user.username, audiences: ['anycast-operator.io'], extra: user.extra }),
    );
    expect(await reviewed(ok({ metadata: {}, status: { authenticated: true } }))).toEqual(ok({ user: '', audiences: [], extra: {} }));
  });

  it('refuses a token that the API server does not know, with its reason', async () => {
    expect(await reviewed(ok({ metadata: {}, status: { authenticated: false, error: 'expired' } }))).toMatchObject({
      ok: false,
      error: { kind: 'refused', message: 'the API server does not know the token: expired' },
    });
    expect(await reviewed(ok({ metadata: {} }))).toMatchObject({
      error: { kind: 'refused', message: expect.stringContaining('not authenticated') },
    });
  });

  it('is no verdict where it can not be had, and says which right is missing', async () => {
    expect(await failed(0, 'Timeout')).toEqual(err({ kind: 'unreachable', message: 'POST tokenreviews: Timeout' }));
    for (const [status, reason] of [
      [403, 'Forbidden'],
      [404, 'NotFound'],
    ] as const)
      expect(await failed(status, reason)).toMatchObject({
        error: { kind: 'unreachable', message: expect.stringContaining('the right to create') },
      });
  });
});
