import { setTimeout as delay } from 'node:timers/promises';
import { seededRandom } from '#runtime/random.ts';
import { eventually } from '../test/support/eventually.ts';
import { Scope } from '../test/support/scope.ts';
import type { Bench } from './run.ts';
import { rounded } from './statistics.ts';
import { Churn } from './support/churn.ts';
import { Fabric } from './support/fabric.ts';
import { type Sample, trendOf } from './support/trend.ts';
import { activeResources, cpuSeconds, openFiles, residentMB } from './support/usage.ts';

const speakers = 3;
/** Tokens are valid for an hour; a kubelet writes new ones before that. */
const renewTokensEveryS = 1_200;
/** Held-down places wait ten minutes at most. */
const longestHoldDownMs = 620_000;
/** A shorter run is warm-up all through: what it gains is shown, and not judged. */
const judgedFromS = 900;
/** What memory may gain over the measured time and still be called flat: garbage collection alone moves it by this much. */
const flatShare = 0.1;
/** What the count of files, sockets, timers and handles may gain: requests that happen to be on their way. */
const flatHandles = 3;

/** What is watched of each process. */
const measures = {
  rssMB: ({ pid }: Watched) => residentMB(pid),
  openFiles: ({ pid }: Watched) => openFiles(pid),
  activeResources: ({ http }: Watched) => activeResources(http),
} as const;
type Measure = keyof typeof measures;
type Watched = { readonly name: string; readonly pid: number; readonly http: string };
type Row = Record<string, string | number>;

/**
 * Readiness changes on a real API server for a long time (`--seconds`, default 3600; `--rate` per second, default 100): memory and
 * handles stay flat after warm-up, and in the end the router has exactly the routes that it should have.
 */
export const bench: Bench = async (options, say) => {
  const seconds = Number(options['seconds'] ?? 3_600);
  const rate = Number(options['rate'] ?? 100);
  const single = Number(options['single'] ?? 150);
  const everywhere = Number(options['everywhere'] ?? 50);
  const seed = Number(options['seed'] ?? Date.now() % 1_000_000);
  const scope = new Scope();
  try {
    const fabric = await Fabric.start(scope, { speakers });
    const churn = new Churn(fabric.client, { nodes: fabric.nodes, single, everywhere, random: seededRandom(seed) });
    await churn.create();
    await fabric.untilRoutes(churn.expected().size);
    say(`seed ${seed}: ${rate} changes per second on ${single + everywhere} Services for ${seconds} s`);
    const watched = fabric.programs().map(({ name, program, http }) => ({ name, pid: program.process.pid, http }));
    const log = new Samples(watched);
    const load = await churnFor(fabric, churn, { seconds, rate, log, say });
    const end = await untilRight(fabric, churn, say);
    const usage = log.rows(seconds * 0.2, seconds >= judgedFromS);
    const failures = [...usage.flatMap(({ failure }) => failure ?? []), ...(load.failure ?? []), ...end.failures];
    return {
      params: { seconds, rate, speakers, single, everywhere, seed },
      results: [load.row, end.row, ...usage.map(({ row }) => row)],
      failures,
    };
  } finally {
    await scope.close();
  }
};

/** Values of all processes over the time. */
class Samples {
  readonly #watched: readonly Watched[];
  readonly #samples = new Map<string, Sample[]>();

  constructor(watched: readonly Watched[]) {
    this.#watched = watched;
  }

  async take(at: number): Promise<void> {
    for (const process of this.#watched) {
      for (const measure of Object.keys(measures) as Measure[]) {
        const value = await measures[measure](process);
        const key = `${process.name} ${measure}`;
        this.#samples.set(key, [...(this.#samples.get(key) ?? []), { at, value }]);
      }
    }
  }

  latest(): string {
    return [...this.#samples].map(([key, samples]) => `${key} ${Math.round(samples.at(-1)?.value ?? 0)}`).join(', ');
  }

  /** A row per process and measure, without what was before `fromS`; with what is wrong with it, where that is to be judged. */
  rows(fromS: number, judged: boolean): { readonly row: Row; readonly failure?: string }[] {
    return [...this.#samples].map(([key, all]) => {
      const trend = trendOf(all.filter(({ at }) => at >= fromS));
      // What is on its way at any moment comes and goes by far more than what a leak would add in ten minutes.
      const spread = key.endsWith('activeResources') ? (trend.max - trend.min) / 4 : 0;
      const allowed = key.endsWith('rssMB') ? trend.mean * flatShare : Math.max(flatHandles, spread);
      const row = { what: key, ...trend };
      return !judged || trend.growth <= allowed
        ? { row }
        : { row, failure: `${key} grew by ${trend.growth}, ${rounded(allowed)} is what varies` };
    });
  }
}

async function churnFor(
  fabric: Fabric,
  churn: Churn,
  { seconds, rate, log, say }: { seconds: number; rate: number; log: Samples; say: (line: string) => void },
): Promise<{ row: Row; failure?: string[] }> {
  const startMs = performance.now();
  const elapsedS = (): number => (performance.now() - startMs) / 1_000;
  const everyS = Math.min(10, seconds / 50);
  const programs = fabric.programs();
  const cpuBefore = programs.map(({ program }) => cpuSeconds(program.process.pid));
  let updates = 0;
  const stop = fabric.router.subscribe(({ kind }) => {
    if (kind === 'announce' || kind === 'withdraw') updates++;
  });
  const work = churn.run(rate, () => elapsedS() >= seconds);
  let renewedS = 0;
  let saidS = 0;
  for (let sample = 1; sample * everyS < seconds; sample++) {
    await Promise.race([delay(sample * everyS * 1_000 - elapsedS() * 1_000), work.then(() => delay(0))]);
    await log.take(elapsedS());
    // The router's memory of what it heard would be what grows in an hour.
    fabric.router.events.length = 0;
    if (elapsedS() - renewedS >= renewTokensEveryS) {
      await fabric.renewTokens();
      renewedS = elapsedS();
    }
    if (elapsedS() - saidS >= 60) {
      say(`${Math.round(elapsedS())} s, ${churn.changes} changes, ${updates} heard by the router; ${log.latest()}`);
      saidS = elapsedS();
    }
  }
  await work;
  stop();
  const perSecond = rounded(churn.changes / elapsedS());
  const cpu = programs.map(({ program }, index) => (100 * (cpuSeconds(program.process.pid) - (cpuBefore[index] ?? 0))) / elapsedS());
  const row = {
    what: 'churn',
    changes: churn.changes,
    perSecond,
    updatesAtRouter: updates,
    operatorCpuPercent: rounded(cpu[0] ?? 0),
    speakerCpuPercent: rounded(Math.max(...cpu.slice(1))),
  };
  return perSecond >= 0.97 * rate ? { row } : { row, failure: [`${perSecond} changes per second, ${rate} were asked for`] };
}

/** At once no route is there that should not be, and none is missing but those in hold-down; in the end all are as they should be. */
async function untilRight(fabric: Fabric, churn: Churn, say: (line: string) => void): Promise<{ row: Row; failures: string[] }> {
  const startMs = performance.now();
  const expected = churn.expected();
  const wrong = async () => {
    const there = new Set((await fabric.router.routes()).map(({ peer, prefix }) => `${fabric.nodeOf(peer)} ${prefix}`));
    const missing = [...expected].filter((route) => !there.has(route));
    return {
      tooMany: [...there].filter((route) => !expected.has(route)),
      missing,
      inexcusable: missing.filter((route) => !churn.canWait(route)),
    };
  };
  const failures: string[] = [];
  const attempt = async (what: string, right: (seen: Awaited<ReturnType<typeof wrong>>) => boolean, withinMs: number): Promise<number> => {
    await eventually(what, wrong, right, { withinMs, everyMs: 50 }).catch((error: Error) => failures.push(error.message));
    return rounded((performance.now() - startMs) / 1_000);
  };
  const first = await wrong();
  const rightButHeldDownS = await attempt(
    'every route that may be there is right',
    ({ tooMany, inexcusable }) => tooMany.length + inexcusable.length === 0,
    5_000,
  );
  const waiting = (await wrong()).missing.length;
  say(`${waiting} of ${expected.size} routes wait in hold-down`);
  const allRightS = await attempt(
    'every route is right',
    ({ tooMany, missing }) => tooMany.length + missing.length === 0,
    longestHoldDownMs,
  );
  const last = await wrong();
  const row = {
    what: 'routes at the end',
    expected: expected.size,
    wrongAtOnce: first.tooMany.length + first.inexcusable.length,
    rightButHeldDownS,
    heldDown: waiting,
    allRightS,
    wrong: last.tooMany.length + last.missing.length,
  };
  return { row, failures };
}
