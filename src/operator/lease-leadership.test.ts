import { describe, expect, it } from 'vitest';
import type { KubeClient } from '#kube/kube-client.ts';
import { MemoryObjects } from '#kube/memory-object-source.ts';
import type { RawObject } from '#kube/resource.ts';
import { keyOf } from '#kube/resource.ts';
import { silentLogger } from '#obs/logger.ts';
import { seededRandom } from '#runtime/random.ts';
import { err, ok } from '#runtime/result.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import { LeaseLeadership } from './lease-leadership.ts';

const epochAnnotation = 'anycast-operator.io/epoch';

/** An API server that has nothing but the Lease. */
function leaseClient(leases: MemoryObjects): KubeClient {
  const store = (object: RawObject) => Promise.resolve(ok(leases.put(object)));
  return {
    get: (_type: unknown, ref: { namespace?: string; name: string }) => {
      const found = leases.get(keyOf(ref));
      return Promise.resolve(found === undefined ? err({ status: 404, reason: 'NotFound', message: 'not found' }) : ok(found));
    },
    create: (_type: unknown, object: RawObject) => store(object),
    put: (_type: unknown, object: RawObject) => store(object),
  } as unknown as KubeClient;
}

function replicas() {
  const clock = new VirtualClock();
  const client = leaseClient(new MemoryObjects());
  const told: string[] = [];
  const replica = (identity: string): LeaseLeadership => {
    const random = seededRandom(1);
    const lease = { namespace: 'anycast', name: 'leader' };
    const leadership = new LeaseLeadership({ client, clock, random, logger: silentLogger, lease, identity, epochAnnotation });
    leadership.start({ onAcquired: () => told.push(`${identity} leads`), onLost: () => told.push(`${identity} lost`) });
    return leadership;
  };
  return { clock, told, replica };
}

describe('leadership by a Lease', () => {
  it('is one replica, in a term, and goes to the other in the next when the first leaves', async () => {
    const { clock, told, replica } = replicas();
    const a = replica('a');
    await clock.advanceAsync(5_000);
    const b = replica('b');
    await clock.advanceAsync(30_000);
    expect([a.epoch, b.epoch, told]).toEqual([1, undefined, ['a leads']]);
    await a.stop();
    await clock.advanceAsync(30_000);
    expect([a.epoch, b.epoch]).toEqual([undefined, 2]);
    expect(told).toContain('b leads');
    await b.stop();
  });

  it('rises above a term that was heard, and tells of it as of a new one', async () => {
    const { clock, told, replica } = replicas();
    const a = replica('a');
    await clock.advanceAsync(5_000);
    a.raiseAbove(41);
    await clock.advanceAsync(5_000);
    expect([a.epoch, told]).toEqual([42, ['a leads', 'a leads']]);
    await a.stop();
  });
});
