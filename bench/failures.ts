import { setTimeout as delay } from 'node:timers/promises';
import type { CollectorEvent } from '#collector/views.ts';
import { realClock } from '#runtime/clock.ts';
import { Scope } from '../test/support/scope.ts';
import type { Bench } from './run.ts';
import { rounded } from './statistics.ts';
import { Fabric } from './support/fabric.ts';
import { addressOf, makeService, readyService, writeReadiness } from './support/objects.ts';

const prefix = `${addressOf(0)}/32`;

/** One row of the failure table in README.md: what failed, what routers heard, and how long after. */
type Row = { readonly failure: string; readonly heard: string; readonly ms: number };

/** Fails one part after the other, on a real API server, and says what the router heard. */
export const bench: Bench = async (options, say) => {
  const quietMs = Number(options['quietMs'] ?? 10_000);
  const scope = new Scope();
  try {
    const fabric = await Fabric.start(scope, { speakers: 3 });
    await makeService(fabric.client, readyService(0, fabric.nodes));
    await fabric.untilRoutes(3);
    const results: Row[] = [];
    for (const step of [
      podNotReady,
      speakerKilled,
      speakerBack,
      speakerLeaves,
      speakerFrozen,
      operatorKilled,
      operatorBack,
      apiServerGone,
    ]) {
      const row = await step(fabric, quietMs);
      say(`${row.failure}: ${row.heard}, ${row.ms} ms`);
      results.push(row);
    }
    return { params: { speakers: 3, services: 1, quietMs }, results };
  } finally {
    await scope.close();
  }
};

const msSince = (startMs: number, event: CollectorEvent): number => rounded(event.monotonicUs / 1000 - startMs);
const isWithdrawal = (event: CollectorEvent): boolean => event.kind === 'withdraw' && event.prefix === prefix;
const isAnnouncement = (event: CollectorEvent): boolean => event.kind === 'announce' && event.prefix === prefix;
/** A session that ends takes its routes with it, whether a withdrawal was heard or not. */
const isLoss = (event: CollectorEvent): boolean => isWithdrawal(event) || (event.kind === 'session' && event.state === 'Idle');

async function podNotReady(fabric: Fabric): Promise<Row> {
  const lost = fabric.next(isWithdrawal);
  const startMs = realClock.nowMs();
  await writeReadiness(fabric.client, { number: 0, nodes: fabric.nodes, ready: new Set(fabric.nodes.slice(1)) });
  const ms = msSince(startMs, await lost);
  const back = fabric.next(isAnnouncement);
  await writeReadiness(fabric.client, readyService(0, fabric.nodes));
  await back;
  return { failure: 'pod not ready (from the write to the API server)', heard: 'withdrawal from this node', ms };
}

async function speakerKilled(fabric: Fabric): Promise<Row> {
  const lost = fabric.next(isLoss);
  const startMs = realClock.nowMs();
  speaker(fabric, 1).process.signal('SIGKILL');
  return { failure: 'speaker killed', heard: 'connection closed by the kernel, routes gone', ms: msSince(startMs, await lost) };
}

async function speakerBack(fabric: Fabric): Promise<Row> {
  const back = fabric.next(isAnnouncement);
  const startMs = realClock.nowMs();
  speaker(fabric, 1).restart();
  const ms = msSince(startMs, await back);
  await fabric.untilRoutes(3);
  return { failure: 'speaker restarted', heard: 'routes again, from the state on its disk', ms };
}

async function speakerLeaves(fabric: Fabric): Promise<Row> {
  const lost = fabric.next(isLoss);
  const startMs = realClock.nowMs();
  speaker(fabric, 2).process.signal('SIGTERM');
  const event = await lost;
  if (!isWithdrawal(event)) throw new Error(`the session ended before the routes were withdrawn: ${JSON.stringify(event)}`);
  await speaker(fabric, 2).process.waitForEnd();
  speaker(fabric, 2).restart();
  await fabric.untilRoutes(3);
  return { failure: 'speaker stopped (SIGTERM)', heard: 'withdrawal, then Cease', ms: msSince(startMs, event) };
}

async function speakerFrozen(fabric: Fabric): Promise<Row> {
  const lost = fabric.next(isLoss, 20_000);
  const startMs = realClock.nowMs();
  await speaker(fabric, 0).process.freeze();
  const ms = msSince(startMs, await lost);
  speaker(fabric, 0).process.thaw();
  await fabric.untilEstablished();
  await fabric.untilRoutes(3);
  return { failure: 'node frozen (hold time 9 s, no BFD)', heard: 'hold timer expires at the router', ms };
}

async function operatorKilled(fabric: Fabric, quietMs: number): Promise<Row> {
  return await nothingHeard(fabric, quietMs, 'operator killed', async () => fabric.operator.process.signal('SIGKILL'));
}

async function operatorBack(fabric: Fabric, quietMs: number): Promise<Row> {
  return await nothingHeard(fabric, quietMs, 'operator restarted', async () => fabric.operator.restart());
}

async function apiServerGone(fabric: Fabric, quietMs: number): Promise<Row> {
  return await nothingHeard(fabric, quietMs, 'API server stopped', async () => {
    await fabric.controlPlane.apiServer().stop(0);
  });
}

/** Watches the router for a while; anything that it hears is a failure of the product. */
async function nothingHeard(fabric: Fabric, quietMs: number, failure: string, act: () => Promise<void>): Promise<Row> {
  const heard: CollectorEvent[] = [];
  const stop = fabric.router.subscribe((event) => heard.push(event));
  await act();
  await delay(quietMs);
  stop();
  if (heard.length > 0) throw new Error(`${failure}: the router heard ${JSON.stringify(heard)}`);
  return { failure, heard: `nothing in ${quietMs / 1000} s`, ms: 0 };
}

function speaker(fabric: Fabric, index: number) {
  const program = fabric.speakers.get(fabric.nodes[index] ?? '');
  if (program === undefined) throw new Error(`there is no speaker ${index}`);
  return program;
}
