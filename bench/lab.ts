import { putRight, randomChange, randomPlaces } from '#lab/virtual/fleet-changes.ts';
import { VirtualFleet } from '#lab/virtual/virtual-fleet.ts';
import { seededRandom } from '#runtime/random.ts';
import type { Bench } from './run.ts';
import { percentile, rounded } from './statistics.ts';

type Row = Record<string, string | number>;

/**
 * A moment, or the time between two, by the clock and by the processor: on a busy machine only the second says what something
 * costs, and as the kernel counts it in ticks of milliseconds, only the mean of many does.
 */
type Moment = { readonly ms: number; readonly cpuMs: number };

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
  let heard = now();
  const everywhere = Array.from({ length: nodes }, (_, node) => node);
  const placesOf = (service: number): Iterable<number> => (service === 0 ? everywhere : randomPlaces(random, nodes));
  const startMs = performance.now();
  const fleet = await VirtualFleet.start({ nodes, services }, placesOf, () => {
    heard = now();
  });
  note({ what: 'start: everything announced', ms: rounded(performance.now() - startMs), routes: fleet.routes });

  const oneChange = (service: number): Moment => {
    const [node = 0] = fleet.readyOn[service] ?? [];
    fleet.readyOn[service]?.delete(node);
    fleet.putSlice(service);
    const from = now();
    fleet.clock.advance(0);
    return between(from, heard);
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
async function measured(what: string, fleet: VirtualFleet, times: number, act: (n: number) => Moment): Promise<Row> {
  const all: Moment[] = [];
  for (let n = 0; n < times; n++) {
    all.push(act(n));
    await fleet.run(1_500);
  }
  const at = (percent: number, of: keyof Moment): number =>
    rounded(
      percentile(
        all.map((one) => one[of]),
        percent,
      ),
    );
  const byClock = { p50Ms: at(50, 'ms'), p99Ms: at(99, 'ms'), maxMs: at(100, 'ms') };
  return { what, samples: times, ...byClock, meanCpuMs: rounded(all.reduce((sum, one) => sum + one.cpuMs, 0) / times) };
}

function timed(act: () => void): Moment {
  const from = now();
  act();
  return between(from, now());
}

function now(): Moment {
  const { user, system } = process.threadCpuUsage();
  return { ms: performance.now(), cpuMs: (user + system) / 1_000 };
}

const between = (from: Moment, to: Moment): Moment => ({ ms: to.ms - from.ms, cpuMs: to.cpuMs - from.cpuMs });

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
