import { vi } from 'vitest';
import { silentLogger } from '#obs/logger.ts';
import { realClock } from '#runtime/clock.ts';
import { realRandom } from '#runtime/random.ts';
import { err, unwrap } from '#runtime/result.ts';
import type { ApiError } from '../api-error.ts';
import { Reflector } from '../reflector.ts';
import type { RestClient } from '../rest-client.ts';
import { aSample, projectSample, type Sample, sampleType, withValue } from './samples.ts';
import type { ServerUnderTest } from './server-under-test.ts';
import type { SourceUnderTest } from './source-contract.ts';

const away: ApiError = { status: 0, reason: 'Unreachable', message: 'cut off by the test' };
const expired: ApiError = { status: 410, reason: 'Expired', message: 'history lost by the test' };

/** A reflector on an API server, cut off where the test says so. Sees one namespace only: a real server has other Leases, too. */
export async function reflectedWorld({ client, namespace }: ServerUnderTest): Promise<SourceUnderTest> {
  let failure: ApiError | undefined;
  const watches = new Set<AbortController>();
  const cuttable: Pick<RestClient, 'collect' | 'watch'> = {
    collect: async (type, options, keep) => (failure === undefined ? client.collect(type, { ...options, namespace }, keep) : err(away)),
    watch: async (type, options) => {
      if (failure !== undefined) {
        const answer = failure;
        if (answer === expired) failure = undefined;
        return err(answer);
      }
      const cut = new AbortController();
      watches.add(cut);
      const signal = AbortSignal.any([options.signal, cut.signal]);
      return client.watch(type, { ...options, namespace, signal });
    },
  };
  const source = new Reflector<Sample>({
    type: sampleType,
    client: cuttable,
    project: projectSample,
    clock: realClock,
    random: realRandom,
    logger: silentLogger,
  });
  const put = async (name: string, value: string): Promise<void> => {
    const patched = await client.patch(sampleType, { namespace, name }, withValue(value));
    if (!patched.ok) unwrap(await client.create(sampleType, aSample(namespace, name, value)));
  };
  const remove = async (name: string): Promise<void> => unwrap(await client.delete(sampleType, { namespace, name }));
  return {
    source,
    put,
    delete: remove,
    async interrupted({ historyLost }, during) {
      failure = away;
      for (const cut of watches) cut.abort();
      await during();
      failure = historyLost ? expired : undefined;
    },
    until: (condition) => vi.waitUntil(condition, { timeout: 15_000, interval: 5 }).then(() => undefined),
    async close() {
      await source.stop();
      for (const { metadata } of unwrap(await client.list(sampleType, { namespace })).items) await remove(metadata.name ?? '');
    },
  };
}
