import { describe, expect, it } from 'vitest';
import { seededRandom } from '#runtime/random.ts';
import { putRight, randomChange, randomPlaces } from './fleet-changes.ts';
import { VirtualFleet } from './virtual-fleet.ts';

/** A fresh seed each time: a run that fails prints it. */
const seed = Math.floor(Math.random() * 2 ** 32);

/** What one readiness change and an hour of rest come to, with so many Services. */
async function costsWith(services: number) {
  const sent: string[] = [];
  const placesOf = (service: number): number[] => (service === 0 ? [0, 1, 2] : [service % 6, (service + 1) % 6]);
  const fleet = await VirtualFleet.start({ nodes: 6, services }, placesOf, (message, node) => sent.push(`${node} ${message.kind}`));
  await fleet.settle();
  const written = () => fleet.client.writes.splice(0).map(({ verb, kind, key }) => `${verb} ${kind} ${key}`);
  written();
  sent.length = 0;
  await fleet.run(3_600_000);
  const atRest = { written: written(), sent: [...sent], timers: fleet.clock.pendingTimers };
  fleet.readyOn[0]?.delete(1);
  fleet.putSlice(0);
  await fleet.run(60_000);
  return { atRest, change: { written: written(), sent } };
}

describe('many Services on many nodes', () => {
  it('cost nothing at rest: no write, no message, and as many timers as few of them', async () => {
    const few = await costsWith(5);
    expect(few.atRest).toMatchObject({ written: [], sent: [] });
    expect((await costsWith(200)).atRest).toEqual(few.atRest);
  });

  it('do not share the cost of a change: one message, and the statuses of what it touches', async () => {
    const few = await costsWith(5);
    expect(few.change).toEqual({ written: ['patch AnycastSpeaker n1'], sent: ['n1 delta'] });
    expect((await costsWith(200)).change).toEqual(few.change);
  });

  it(`come to the same one by one as all at once (seed ${seed})`, async () => {
    const [nodes, services] = [12, 40];
    const random = seededRandom(seed);
    const fleet = await VirtualFleet.start({ nodes, services }, () => randomPlaces(random, nodes));
    for (let change = 0; change < 400; change++) {
      randomChange(fleet, random);
      await fleet.run(random() < 0.9 ? 0 : 2_000);
    }
    await putRight(fleet);
    const anew = await VirtualFleet.start({ nodes, services }, (service) => fleet.readyOn[service] ?? []);
    anew.putAdvertisement(fleet.med);
    await anew.settle();
    expect(fleet.running()).toEqual(anew.running());
    expect(anew.routes).toBeGreaterThan(services);
  });
});
