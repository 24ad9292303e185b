import { afterEach, describe, expect, it, vi } from 'vitest';
import { silentLogger } from '#obs/logger.ts';
import { realClock } from '#runtime/clock.ts';
import { realRandom } from '#runtime/random.ts';
import { unwrap } from '#runtime/result.ts';
import { LeaderElection } from '../lease.ts';
import { leaseType } from '../lease-record.ts';
import type { ServerUnderTest } from './server-under-test.ts';

const epochAnnotation = 'example.org/epoch';

/** Leader election as the API server makes it possible; what takes 15 s is tested on virtual time. */
export function electionContract(name: string, server: () => ServerUnderTest): void {
  describe(`${name}: leader election`, () => {
    const lease = () => ({ namespace: server().namespace, name: 'leader' });
    const elections: LeaderElection[] = [];

    afterEach(async () => {
      for (const election of elections.splice(0)) await election.stop();
      await server().client.delete(leaseType, lease());
    });

    function campaign(identity: string, client = server().client): LeaderElection {
      const options = { client, clock: realClock, random: realRandom, logger: silentLogger, lease: lease(), identity, epochAnnotation };
      const election = new LeaderElection({ ...options, onChange: () => undefined });
      elections.push(election);
      election.start();
      return election;
    }
    const leads = (election: LeaderElection) => vi.waitUntil(() => election.leadership?.epoch, { timeout: 15_000, interval: 10 });

    it('makes the lease, with epoch 1', async () => {
      expect(await leads(campaign('a'))).toBe(1);
      expect(unwrap(await server().client.get(leaseType, lease()))).toMatchObject({
        metadata: { annotations: { [epochAnnotation]: '1' } },
        spec: { holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 0 },
      });
    });

    it('is followed at once by another when it leaves, with the next epoch', async () => {
      const first = campaign('a');
      expect(await leads(first)).toBe(1);
      const second = campaign('b');
      await first.stop();
      expect(first.leadership).toBeUndefined();
      expect(await leads(second)).toBe(2);
    });

    it('raises its epoch above one that was heard', async () => {
      const election = campaign('a');
      await leads(election);
      expect(unwrap(await election.raiseAbove(41))).toEqual({ epoch: 42 });
      expect(unwrap(await server().client.get(leaseType, lease())).metadata.annotations).toEqual({ [epochAnnotation]: '42' });
      expect(election.leadership).toEqual({ epoch: 42 });
    });

    it('gets above its own epoch when the lease was deleted', async () => {
      const election = campaign('a');
      await leads(election);
      unwrap(await election.raiseAbove(6));
      unwrap(await server().client.delete(leaseType, lease()));
      expect(await election.raiseAbove(7)).toMatchObject({ ok: false });
      expect(await leads(election)).toBe(8);
    });
  });
}
