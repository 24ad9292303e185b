import { describe, expect, it } from 'vitest';
import { seededRandom } from '#runtime/random.ts';
import { putRight, randomChange, randomPlaces } from './fleet-changes.ts';
import { VirtualFleet } from './virtual-fleet.ts';

/** A fresh seed each time: a run that fails prints it. */
const seed = Math.floor(Math.random() * 2 ** 32);

describe('many Services on many nodes', () => {
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
