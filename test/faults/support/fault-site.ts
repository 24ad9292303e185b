/**
 * test/faults — what must not move a route: faults of operators, API server, clocks and streams, on a real API server, real
 * routers, and two replicas of the operator.
 *
 * Each fault is one call of {@link FaultSite.during}: the fault begins, lasts, ends; FRR is asked for the route every 10 ms, and every
 * UPDATE on the wire is counted. None may come. Then a real change of readiness has to go through as on any other day.
 *
 * `make faults` runs the faults at full length (FAULTS=full), `make test` shortened; each file prints its table at the end.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { expect } from 'vitest';
import { nodeNames, refinementOf, Site, type SiteService } from '../../envtest/support/main-job.ts';
import { ApiFaultProxy } from '../../support/api-fault-proxy.ts';
import { eventually } from '../../support/eventually.ts';
import { FrrSamples } from '../../support/frr-samples.ts';
import type { Scope } from '../../support/scope.ts';
import { StreamRelay } from '../../support/stream-relay.ts';
import { tempFolder } from '../../support/temp-folder.ts';

/** Whether faults last as long as promised, or as long as `make test` has time for. */
export const full = process.env['FAULTS'] === 'full';

/** A normal time for one change, from the write to the API server to the UPDATE, on a machine that runs all of this on two cores. */
const normalMs = 1_000;
/** Within this time after a fault somebody leads again, and every watch is open again. */
const recoveryMs = 45_000;

/** How long a fault lasts, in seconds. */
export type Lasting = { readonly shortS: number; readonly fullS: number };

/** One row of the table. */
export type FaultRow = {
  readonly fault: string;
  readonly lastedS: number;
  /** How often FRR was asked, and the fewest paths that it had: all three. */
  readonly samples: number;
  readonly fewestPaths: number;
  /** At both routers together. */
  readonly updates: number;
  /** From the end of the fault until a change went through, and how long the next change took. */
  readonly recoveredMs: number;
  readonly changeMs: number;
};

/** Two replicas behind fault proxies, speakers behind relays, a Service whose routes must stay, and one that shows that decisions go on. */
export class FaultSite {
  readonly site: Site;
  readonly proxies: readonly ApiFaultProxy[];
  readonly relays: readonly StreamRelay[];
  readonly rows: FaultRow[] = [];
  readonly clockShiftFile: string;
  readonly dns: SiteService;
  readonly #witness: SiteService;
  readonly #samples: FrrSamples;

  private constructor(
    parts: Pick<FaultSite, 'site' | 'proxies' | 'relays' | 'clockShiftFile' | 'dns'>,
    witness: SiteService,
    samples: FrrSamples,
  ) {
    this.site = parts.site;
    this.proxies = parts.proxies;
    this.relays = parts.relays;
    this.clockShiftFile = parts.clockShiftFile;
    this.dns = parts.dns;
    this.#witness = witness;
    this.#samples = samples;
  }

  /** Starts everything; returns when both Services are announced. */
  static async start(scope: Scope): Promise<FaultSite> {
    const folder = tempFolder(scope, 'faults');
    const clockShiftFile = join(folder, 'clock-shift');
    const proxies: ApiFaultProxy[] = [];
    const relays: StreamRelay[] = [];
    const site = await Site.start(scope, {
      replicas: 2,
      env: { NODE_OPTIONS: `--import=${join(import.meta.dirname, 'shift-clock.mjs')}`, CLOCK_SHIFT_FILE: clockShiftFile },
      operatorKubeconfig: async ({ access }) => {
        const proxy = await ApiFaultProxy.start(scope, access);
        proxies.push(proxy);
        return kubeconfigFor(proxy, access.token, join(folder, `kubeconfig-${proxies.length}`));
      },
      wayTo: async ({ grpc }) => {
        const [host = '', port = ''] = grpc.split(':');
        const relay = await StreamRelay.start(scope, host, { host, port: Number(port) });
        relays.push(relay);
        return `${host}:${relay.port}`;
      },
    });
    const dns = await site.createService('dns');
    const witness = await site.createService('witness', { withoutSelector: true });
    await site.client.create(refinementOf(witness, { endpointPolicy: 'Local', dataPlaneGate: 'Delay', announceDelayMs: 0 }));
    await site.runPods(dns);
    const samples = await FrrSamples.start(scope, site.routers.frr.vtySocket, dns.prefixes.ipv4);
    const started = new FaultSite({ site, proxies, relays, clockShiftFile, dns }, witness, samples);
    await started.#write(true);
    await site.untilRouted(dns, nodeNames);
    await site.untilRouted(witness, { ipv4: ['n1'], ipv6: [] });
    return started;
  }

  /** The replica that leads, as soon as one does. */
  async leader(): Promise<number> {
    return (
      (await eventually(
        'a replica leads',
        () => this.site.leader(),
        (index) => index !== undefined,
        { withinMs: recoveryMs },
      )) ?? 0
    );
  }

  /** Goes through one fault; fails when a route moves, or when the next change of readiness does not go through. */
  async during(fault: string, lasting: Lasting, begin: () => unknown, end: () => unknown): Promise<FaultRow> {
    const lastsS = full ? lasting.fullS : lasting.shortS;
    // Whatever the fault before left behind.
    await this.#write(true);
    await this.site.untilRouted(this.#witness, { ipv4: ['n1'], ipv6: [] });
    const before = this.site.routers.updates();
    this.#samples.take();
    const startMs = performance.now();
    await begin();
    await delay(Math.max(0, startMs + lastsS * 1_000 - performance.now()));
    const after = this.site.updatesSince(before);
    await end();
    const lastedS = Math.round((performance.now() - startMs) / 100) / 10;
    const endedMs = performance.now();
    await this.#change(false, recoveryMs);
    const recoveredMs = Math.round(performance.now() - endedMs);
    await this.#change(true, recoveryMs);
    const changeMs = await this.#change(false, recoveryMs);
    await this.#change(true, recoveryMs);
    // What the fault held up would have come by now, too.
    const meanwhile = this.site.updatesSince(before);
    const { samples, fewest } = this.#samples.take();
    const updates = meanwhile.frr + meanwhile.bird - 2 * 4;
    const row = { fault, lastedS, samples, fewestPaths: fewest, updates, recoveredMs, changeMs };
    this.rows.push(row);
    expect({ ...after, updates, fewest }, fault).toEqual({ frr: 0, bird: 0, updates: 0, fewest: nodeNames.length });
    expect(changeMs, `${fault}: the next change`).toBeLessThanOrEqual(normalMs);
    return row;
  }

  /** Prints the table, and keeps it for whoever reads it by machine. */
  report(file: string): void {
    console.table(this.rows);
    console.log(JSON.stringify({ name: `faults/${file}`, full, results: this.rows }));
    mkdirSync('.test-results', { recursive: true });
    writeFileSync(join('.test-results', `faults-${file}.table.json`), JSON.stringify(this.rows, undefined, 2));
  }

  /** Whether the witness serves; from the write until its UPDATE is at FRR, in milliseconds. */
  async #change(ready: boolean, withinMs: number): Promise<number> {
    const before = this.site.routers.updates();
    const startMs = performance.timeOrigin + performance.now();
    await this.#write(ready);
    await eventually(
      `routers hear that the witness ${ready ? 'serves' : 'does not serve'}`,
      () => this.site.updatesSince(before),
      ({ frr, bird }) => frr >= 1 && bird >= 1,
      { withinMs, everyMs: 20 },
    );
    return Math.round(this.site.routers.lastUpdateMs() - startMs);
  }

  /** Writes the one slice of the witness, as its controller would: past the proxies. */
  #write(ready: boolean): Promise<unknown> {
    return this.site.client.apply({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { name: 'witness-1', namespace: 'edge', labels: { 'kubernetes.io/service-name': 'witness' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.1.1.200'], nodeName: 'n1', conditions: { ready, serving: ready, terminating: false } }],
      ports: [{ name: 'web', port: 8080, protocol: 'TCP' }],
    });
  }
}

/** The proxy listens on loopback without TLS, which our kubeconfig reader wants to be told in so many words. */
function kubeconfigFor(proxy: ApiFaultProxy, token: string, file: string): string {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server: proxy.url, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  };
  writeFileSync(file, JSON.stringify(config), { mode: 0o600 });
  return file;
}
