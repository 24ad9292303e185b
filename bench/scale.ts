import { setTimeout as delay } from 'node:timers/promises';
import type { CollectorEvent } from '#collector/views.ts';
import type { TestClient } from '../test/envtest/client.ts';
import { eventually } from '../test/support/eventually.ts';
import { Scope } from '../test/support/scope.ts';
import type { Bench } from './run.ts';
import { percentile, rounded } from './statistics.ts';
import { Fabric } from './support/fabric.ts';
import { addressOf } from './support/objects.ts';
import { cpuSeconds, residentMB } from './support/usage.ts';

const speakers = 3;
/** Requests to the API server at a time: more does not make it faster on two cores. */
const writers = 16;

/** Many Services on a real API server: start, one change among many, all changes at once, memory, idle processor time. */
export const bench: Bench = async (options, say) => {
  const services = Number(options['services'] ?? 5_000);
  const samples = Number(options['samples'] ?? 300);
  const scope = new Scope();
  try {
    const fabric = await Fabric.start(scope, { speakers });
    await fabric.stopAll();
    say(`making ${services} Services, ready on ${speakers} nodes`);
    await inParallel(services, (service) => makeService(fabric.client, service, fabric.nodes));
    const results = [await start(fabric, services, 'first start, addresses and finalizers yet to be written → all announced', say)];
    say('waiting until all statuses are written');
    await fabric.untilTold();
    await fabric.stopAll();
    await fabric.untilRoutes(0);
    results.push(await start(fabric, services, 'start of all programs → all announced', say));
    await fabric.untilTold();
    results.push(await rest(fabric, say));
    results.push(await oneChange(fabric, { services, samples, say }));
    results.push(await allChange(fabric, { services, from: Math.ceil(samples / speakers), say }));
    return { params: { services, speakers, samples }, results };
  } finally {
    await scope.close();
  }
};

type Say = (line: string) => void;
type Row = Record<string, string | number>;

const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;

/** All programs start anew; until the router has everything. */
async function start(fabric: Fabric, services: number, what: string, say: Say): Promise<Row> {
  const startMs = nowMs();
  fabric.operator.restart();
  for (const speaker of fabric.speakers.values()) speaker.restart();
  await fabric.untilRoutes(services * speakers, 300_000);
  const ms = rounded(nowMs() - startMs);
  say(`all announced after ${ms} ms`);
  return { what, ms };
}

/** Memory and processor time when nothing happens. */
async function rest(fabric: Fabric, say: Say): Promise<Row> {
  say('measuring at rest');
  const pids = [fabric.operator.process.pid, ...[...fabric.speakers.values()].map((speaker) => speaker.process.pid)];
  const before = pids.map(cpuSeconds);
  const requests = await fabric.apiRequests();
  const seconds = 30;
  await delay(seconds * 1000);
  const requestsPerMinute = (60 / seconds) * ((await fabric.apiRequests()) - requests);
  const cpu = pids.map((pid, index) => rounded((100 * (cpuSeconds(pid) - (before[index] ?? 0))) / seconds));
  const memory = pids.map((pid) => rounded(residentMB(pid)));
  return {
    what: 'at rest',
    operatorRssMB: memory[0] ?? 0,
    speakerRssMB: Math.max(...memory.slice(1)),
    operatorCpuPercent: cpu[0] ?? 0,
    speakerCpuPercent: Math.max(...cpu.slice(1)),
    apiRequestsPerMinute: requestsPerMinute,
  };
}

/** One readiness change at a time: watch event at the operator → withdrawal at the router. */
async function oneChange(fabric: Fabric, of: { services: number; samples: number; say: Say }): Promise<Row> {
  of.say(`failing ${of.samples} places one after the other`);
  const received = new Map<string, number>();
  for (let sample = 0; sample < of.samples; sample++) {
    const service = Math.floor(sample / speakers);
    const failing = fabric.nodes.slice(0, (sample % speakers) + 1);
    const prefix = `${addressOf(service)}/32`;
    const heard = fabric.next((event) => event.kind === 'withdraw' && event.prefix === prefix);
    await writeSlice(fabric.client, service, fabric.nodes, failing);
    received.set(`${prefix}@${failing.at(-1)}`, (await heard).monotonicUs / 1000);
  }
  const lines = await eventually(
    'the operator has logged every withdrawal',
    () => fabric.operatorLines.all().filter((line) => line.event === 'withdraw'),
    (all) => all.length >= received.size,
  );
  const total = lines.flatMap(({ prefix, node, observedMs }) => {
    const atMs = received.get(`${prefix}@${node}`);
    return atMs === undefined ? [] : [atMs - observedMs];
  });
  return {
    what: 'one readiness change',
    samples: total.length,
    p50Ms: rounded(percentile(total, 50)),
    p99Ms: rounded(percentile(total, 99)),
    maxMs: rounded(Math.max(...total)),
  };
}

/** Everything else fails as fast as the API server takes the writes. */
async function allChange(fabric: Fabric, of: { services: number; from: number; say: Say }): Promise<Row> {
  of.say('failing everything');
  let lastHeardMs = 0;
  const stop = fabric.router.subscribe((event: CollectorEvent) => {
    if (event.kind === 'withdraw') lastHeardMs = event.monotonicUs / 1000;
  });
  const startMs = nowMs();
  await inParallel(of.services - of.from, (index) => writeSlice(fabric.client, of.from + index, fabric.nodes, fabric.nodes));
  await fabric.untilRoutes(0, 120_000);
  stop();
  const observed = fabric.operatorLines
    .all()
    .filter((line) => line.event === 'withdraw')
    .map((line) => line.observedMs);
  return {
    what: 'all lose readiness',
    writesMs: rounded(nowMs() - startMs),
    lastWithdrawalAfterLastEventMs: rounded(lastHeardMs - Math.max(...observed)),
  };
}

async function makeService(client: TestClient, service: number, nodes: readonly string[]): Promise<void> {
  await client.create({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: 'default', name: `bench-${service}`, annotations: { 'anycast-operator.io/addresses': addressOf(service) } },
    spec: {
      type: 'LoadBalancer',
      loadBalancerClass: 'anycast-operator.io/anycast',
      externalTrafficPolicy: 'Local',
      allocateLoadBalancerNodePorts: false,
      ports: [{ port: 53, protocol: 'UDP' }],
    },
  });
  await client.create({
    apiVersion: 'anycast-operator.io/v1alpha1',
    kind: 'AnycastService',
    metadata: { namespace: 'default', name: `bench-${service}` },
    // No kube-proxy runs here that a route would have to wait for.
    spec: { serviceRef: { name: `bench-${service}` }, dataPlaneGate: 'Delay', announceDelayMs: 0 },
  });
  await writeSlice(client, service, nodes, []);
}

async function writeSlice(client: TestClient, service: number, nodes: readonly string[], failing: readonly string[]): Promise<void> {
  const name = `bench-${service}`;
  await client.apply({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'default', name, labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: nodes.map((nodeName, index) => {
      const ready = !failing.includes(nodeName);
      return { addresses: [`10.1.0.${index + 1}`], nodeName, conditions: { ready, serving: ready, terminating: false } };
    }),
    ports: [{ port: 53, protocol: 'UDP' }],
  });
}

async function inParallel(count: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) await work(index);
  };
  await Promise.all(Array.from({ length: writers }, worker));
}
