import { describe, expect, it, vi } from 'vitest';
import { silentLogger } from '#obs/logger.ts';
import { realClock } from '#runtime/clock.ts';
import { realRandom } from '#runtime/random.ts';
import { unwrap } from '#runtime/result.ts';
import { EventRecorder, eventType } from '../events.ts';
import type { RawObject } from '../resource.ts';
import { aConfigMap, configMapType } from './config-maps.ts';
import type { ServerUnderTest } from './server-under-test.ts';

/** Events as the API server takes them. */
export function eventContract(name: string, server: () => ServerUnderTest): void {
  describe(`${name}: events`, () => {
    it('are written once, and counted when they happen again', async () => {
      const { client, namespace } = server();
      const subject = unwrap(await client.create(configMapType, aConfigMap(namespace, 'subject')));
      const identity = { controller: 'example.org/test', instance: 'test-1' };
      const recorder = new EventRecorder({ client, clock: realClock, random: realRandom, logger: silentLogger, ...identity });
      const regarding = { apiVersion: 'v1', kind: 'ConfigMap', namespace, name: 'subject', uid: subject.metadata.uid ?? '' };
      const record = (reason: string) => recorder.record({ regarding, type: 'Warning', reason, action: 'Check', note: 'It is so.' });
      const written = async (): Promise<RawObject[]> =>
        unwrap(await client.list(eventType, { namespace })).items.filter(
          (event) => (event['regarding'] as { name: string }).name === 'subject',
        );

      record('Once');
      record('Often');
      record('Often');
      record('Often');
      await vi.waitFor(async () => {
        const often = (await written()).find((event) => event['reason'] === 'Often');
        expect(often).toMatchObject({ type: 'Warning', action: 'Check', note: 'It is so.', series: { count: 3 } });
      }, 15_000);
      const once = (await written()).find((event) => event['reason'] === 'Once');
      expect(once).toMatchObject({
        reportingController: 'example.org/test',
        reportingInstance: 'test-1',
        regarding: { uid: regarding.uid },
      });
      expect(once?.['series']).toBeUndefined();
      expect(await written()).toHaveLength(2);
      expect(recorder.dropped).toBe(0);
    });
  });
}
