import { setTimeout as delay } from 'node:timers/promises';
import type { CollectorEvent } from '#collector/views.ts';
import { realClock } from '#runtime/clock.ts';
import { Scope } from '../test/support/scope.ts';
import type { Bench } from './run.ts';
import { rounded } from './statistics.ts';
import { Fabric } from './support/fabric.ts';
import { failOneByOne } from './support/fail-one-by-one.ts';
import { inParallel, makeService, readyService, writeReadiness } from './support/objects.ts';
import { cpuSeconds, residentMB } from './support/usage.ts';
import { withdrawalStages } from './support/withdrawal-stages.ts';

const speakers = 3;

/** Many Services on a real API server: start, one change among many, all changes at once, memory, idle processor time. */
export const bench: Bench = async (options, say) => {
  const services = Number(options['services'] ?? 5_000);
  const samples = Number(options['samples'] ?? 1_000);
  const scope = new Scope();
  try {
    const fabric = await Fabric.start(scope, { speakers });
    await fabric.stopAll();
    say(`making ${services} Services, ready on ${speakers} nodes`);
    await inParallel(services, (service) => makeService(fabric.client, readyService(service, fabric.nodes)));
    const results: Row[] = [await ownRate(fabric, Math.min(services, 1_000), say), await firstStart(fabric, services, say)];
    say('waiting until all statuses are written');
    await fabric.untilTold();
    results.push({ what: 'when all statuses are written', ...memory(fabric) });
    await fabric.stopAll();
    await fabric.untilRoutes(0);
    results.push({ what: 'start of all programs → all announced', ms: await start(fabric, services, say) });
    await fabric.untilTold();
    results.push(await rest(fabric, say));
    results.push(...(await oneChange(fabric, { samples, say })));
    results.push(await allChange(fabric, { services, from: Math.floor(samples / speakers), say }));
    return { params: { services, speakers, samples }, results };
  } finally {
    await scope.close();
  }
};

type Say = (line: string) => void;
type Row = Record<string, string | number>;

/** What the API server takes from a client that does nothing else: the bound of a first start, which has two writes per Service. */
async function ownRate(fabric: Fabric, services: number, say: Say): Promise<Row> {
  const path = (service: number): string => `/api/v1/namespaces/default/services/bench-${service}`;
  const patch = (to: string, body: unknown) => fabric.client.request('PATCH', to, body, 'application/merge-patch+json');
  const startMs = realClock.nowMs();
  await inParallel(services, async (service) => {
    await patch(path(service), { metadata: { annotations: { 'example.com/written': 'yes' } } });
    await patch(`${path(service)}/status`, { status: { conditions: [] } });
  });
  const requestsPerSecond = rounded((2 * services) / ((realClock.nowMs() - startMs) / 1000));
  say(`the API server takes ${requestsPerSecond} writes per second`);
  return { what: 'writes that the API server takes from a bare client', requestsPerSecond };
}

/** Addresses and finalizers are yet to be written: the API server's share is seen in the rate of requests. */
async function firstStart(fabric: Fabric, services: number, say: Say): Promise<Row> {
  const ms = await start(fabric, services, say);
  const requestsPerSecond = rounded((await fabric.apiRequests()) / (ms / 1000));
  return { what: 'first start, addresses and finalizers yet to be written → all announced', ms, requestsPerSecond };
}

/** All programs start anew; milliseconds until the router has everything. */
async function start(fabric: Fabric, services: number, say: Say): Promise<number> {
  // To read what it hears takes the processors from those that are measured.
  fabric.router.close();
  const startMs = realClock.nowMs();
  fabric.operator.restart();
  for (const speaker of fabric.speakers.values()) speaker.restart();
  await fabric.untilRoutes(services * speakers, 300_000);
  const ms = rounded(realClock.nowMs() - startMs);
  say(`all announced after ${ms} ms`);
  return ms;
}

/** Resident memory of the operator, and of the largest speaker. */
function memory(fabric: Fabric): { operatorRssMB: number; speakerRssMB: number } {
  const speakerMB = [...fabric.speakers.values()].map((speaker) => residentMB(speaker.process.pid));
  return { operatorRssMB: rounded(residentMB(fabric.operator.process.pid)), speakerRssMB: rounded(Math.max(...speakerMB)) };
}

/** Memory and processor time when nothing happens. */
async function rest(fabric: Fabric, say: Say): Promise<Row> {
  say('measuring at rest');
  const pids = [fabric.operator.process.pid, ...[...fabric.speakers.values()].map((speaker) => speaker.process.pid)];
  const before = pids.map(cpuSeconds);
  const requests = await fabric.apiRequests();
  // Long enough that one collection of garbage does not decide.
  const seconds = 60;
  await delay(seconds * 1000);
  const requestsPerMinute = (60 / seconds) * ((await fabric.apiRequests()) - requests);
  const cpu = pids.map((pid, index) => rounded((100 * (cpuSeconds(pid) - (before[index] ?? 0))) / seconds));
  return {
    what: 'at rest',
    ...memory(fabric),
    operatorCpuPercent: cpu[0] ?? 0,
    speakerCpuPercent: Math.max(...cpu.slice(1)),
    apiRequestsPerMinute: requestsPerMinute,
  };
}

/** One readiness change at a time: watch event at the operator → withdrawal at the router, and the parts of it. */
async function oneChange(fabric: Fabric, of: { samples: number; say: Say }): Promise<Row[]> {
  of.say(`failing ${of.samples} places one after the other`);
  await fabric.router.listen();
  const rows = withdrawalStages(fabric, await failOneByOne(fabric, of.samples));
  return rows.map((row) => ({ what: 'one readiness change', ...row }));
}

/** Everything else fails as fast as the API server takes the writes. */
async function allChange(fabric: Fabric, of: { services: number; from: number; say: Say }): Promise<Row> {
  of.say('failing everything');
  let lastHeardMs = 0;
  const stop = fabric.router.subscribe((event: CollectorEvent) => {
    if (event.kind === 'withdraw') lastHeardMs = event.monotonicUs / 1000;
  });
  const startMs = realClock.nowMs();
  await inParallel(of.services - of.from, (index) =>
    writeReadiness(fabric.client, { number: of.from + index, nodes: fabric.nodes, ready: new Set() }),
  );
  await fabric.untilRoutes(0, 120_000);
  stop();
  if (!fabric.router.isListening) throw new Error('the router cut its stream of events: when the last withdrawal came is not known');
  const observed = fabric.operatorLines
    .all()
    .filter((line) => line.event === 'withdraw')
    .map((line) => line.observedMs);
  return {
    what: 'all lose readiness',
    writesMs: rounded(realClock.nowMs() - startMs),
    lastWithdrawalAfterLastEventMs: rounded(lastHeardMs - Math.max(...observed)),
  };
}
