import { putRight, randomChange, randomPlaces } from '#lab/virtual/fleet-changes.ts';
import { VirtualFleet } from '#lab/virtual/virtual-fleet.ts';
import { seededRandom } from '#runtime/random.ts';
import type { Bench } from './run.ts';
import { percentile, rounded } from './statistics.ts';

type Row = Record<string, string | number>;

/**
 * One operator with very many nodes and Services, on virtual time; what it computes takes real time, and that is measured. A
 * Service is ready on 3 to 20 nodes, as Deployments are; one is ready on all nodes, as DaemonSets are.
 */
export const bench: Bench = async (options, say) => {
  const nodes = Number(options['nodes'] ?? 500);
  const services = Number(options['services'] ?? 5_000);
  const changes = Number(options['changes'] ?? 10_000);
  const seed = Number(options['seed'] ?? 1);
  const random = seededRandom(seed);
  const results: Row[] = [];
  const note = (row: Row): void => {
    say(JSON.stringify(row));
    results.push(row);
  };
  let heardMs = 0;
  const everywhere = Array.from({ length: nodes }, (_, node) => node);
  const placesOf = (service: number): Iterable<number> => (service === 0 ? everywhere : randomPlaces(random, nodes));
  const startMs = performance.now();
  const fleet = await VirtualFleet.start({ nodes, services }, placesOf, () => {
    heardMs = performance.now();
  });
  note({ what: 'start: everything announced', ms: rounded(performance.now() - startMs), routes: fleet.routes });

  const oneChange = (service: number): number => {
    const [node = 0] = fleet.readyOn[service] ?? [];
    fleet.readyOn[service]?.delete(node);
    fleet.putSlice(service);
    const fromMs = performance.now();
    fleet.clock.advance(0);
    return heardMs - fromMs;
  };
  note(
    await measured('one readiness change, observe → deliver, Service on 3 to 20 nodes', fleet, Math.min(services - 1, 1_000), (n) =>
      oneChange(n + 1),
    ),
  );
  note(
    await measured('one readiness change, observe → deliver, Service on all nodes', fleet, Math.min(nodes - 1, 100), () => oneChange(0)),
  );
  note(
    await measured('full recomputation: all Services change', fleet, 5, (n) => {
      fleet.putAdvertisement(n + 1);
      return timed(() => fleet.clock.advance(0));
    }),
  );
  note(
    await measured('full recomputation: nothing changes for the routers', fleet, 5, (n) => {
      fleet.relabelPool(String(n));
      return timed(() => fleet.clock.advance(0));
    }),
  );
  note({ what: 'memory', heapMB: rounded(process.memoryUsage().heapUsed / 1e6), rssMB: rounded(process.memoryUsage.rss() / 1e6) });
  note(await equality(fleet, changes, seed));
  return { params: { nodes, services, changes, seed, placesPerService: '3-20' }, results };
};

/** Percentiles of something done several times, with time in between for what follows from it. */
async function measured(what: string, fleet: VirtualFleet, times: number, act: (n: number) => number): Promise<Row> {
  const all: number[] = [];
  for (let n = 0; n < times; n++) {
    all.push(act(n));
    await fleet.run(1_500);
  }
  const [p50Ms, p99Ms, maxMs] = [50, 99, 100].map((p) => rounded(percentile(all, p)));
  return { what, samples: times, p50Ms: p50Ms ?? 0, p99Ms: p99Ms ?? 0, maxMs: maxMs ?? 0 };
}

function timed(act: () => void): number {
  const fromMs = performance.now();
  act();
  return performance.now() - fromMs;
}

/** What many random changes came to, one by one, is what a new operator with new speakers makes of the same objects. */
async function equality(fleet: VirtualFleet, changes: number, seed: number): Promise<Row> {
  const random = seededRandom(seed + 1);
  for (let change = 0; change < changes; change++) {
    randomChange(fleet, random);
    await fleet.run(random() < 0.9 ? 0 : 2_000);
  }
  await putRight(fleet);
  const anew = await VirtualFleet.start({ nodes: fleet.nodes, services: fleet.readyOn.length }, (service) => fleet.readyOn[service] ?? []);
  anew.putAdvertisement(fleet.med);
  await anew.settle();
  const [incremental, full] = [fleet.running(), anew.running()];
  const different = incremental.findIndex((line, index) => line !== full[index]);
  if (incremental.length !== full.length || different >= 0)
    throw new Error(`after ${changes} changes of seed ${seed}: ${incremental[different]} here, ${full[different]} anew`);
  return { what: `incremental equals full after ${changes} random changes`, entries: incremental.length, differences: 0 };
}
