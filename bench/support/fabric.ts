import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { CollectorEvent } from '#collector/views.ts';
import { Router } from '#lab/demo/router.ts';
import type { TestClient } from '../../test/envtest/client.ts';
import { type ControlPlane, startControlPlane } from '../../test/envtest/control-plane.ts';
import { eventually } from '../../test/support/eventually.ts';
import { freePorts } from '../../test/support/ports.ts';
import type { Scope } from '../../test/support/scope.ts';
import { tempFolder } from '../../test/support/temp-folder.ts';
import { LineReader } from './line-reader.ts';
import { bundle, Program } from './program.ts';

const root = join(import.meta.dirname, '../..');
const namespace = 'anycast-system';

/** What the operator logs about each decision, of that what benchmarks read. */
export type DecisionLine = {
  readonly event: string;
  readonly prefix: string;
  readonly node: string;
  readonly observedMs: number;
  readonly latencyMs: number;
};

/** What a speaker logs about each withdrawal. */
export type WithdrawLine = { readonly event: string; readonly prefix: string; readonly orderedAt: number; readonly writtenAt?: number };

/**
 * The product on this machine against a real API server: one operator, speakers on loopback addresses, and a router that says
 * when it received what, on the clock that all processes of the machine share.
 */
export class Fabric {
  readonly controlPlane: ControlPlane;
  readonly client: TestClient;
  readonly router: Router;
  readonly nodes: readonly string[];
  readonly operator: Program;
  /** Where the operator answers for its metrics. */
  readonly operatorHttp: string;
  readonly speakers = new Map<string, Program>();
  readonly operatorLines: LineReader<DecisionLine>;
  readonly #folder: string;
  readonly speakerLines = new Map<string, LineReader<WithdrawLine>>();
  readonly #speakerHttp = new Map<string, string>();
  readonly #tokenFiles = new Map<string, string>();

  private constructor(parts: {
    controlPlane: ControlPlane;
    router: Router;
    nodes: readonly string[];
    operator: Program;
    operatorHttp: string;
    folder: string;
  }) {
    this.#folder = parts.folder;
    this.controlPlane = parts.controlPlane;
    this.client = parts.controlPlane.client;
    this.router = parts.router;
    this.nodes = parts.nodes;
    this.operator = parts.operator;
    this.operatorHttp = parts.operatorHttp;
    this.operatorLines = new LineReader(join(parts.folder, 'operator.log'));
  }

  /** Starts everything; all ends with the scope. */
  static async start(scope: Scope, options: { readonly speakers: number }): Promise<Fabric> {
    await bundle(scope);
    // Each Service with externalTrafficPolicy Local takes a health-check node port.
    const apiServerFlags = ['--service-node-port-range=10000-60000'];
    const controlPlane = await startControlPlane(scope, { controllers: false, apiServerFlags });
    const { client } = controlPlane;
    await client.applyFiles(join(root, 'crds'));
    const folder = tempFolder(scope, 'bench');
    const [bgp = 0, routerHttp = 0, grpc = 0, http = 0, ...speakerHttp] = await freePorts(4 + options.speakers);
    const router = await Fabric.#startRouter(scope, folder, bgp, routerHttp);
    const nodes = Array.from({ length: options.speakers }, (_, index) => `node-${index + 1}`);
    await Fabric.#makeCluster(client, nodes, bgp);
    const operator = new Program(scope, 'operator', join(folder, 'operator.log'), [
      'operator',
      `--kubeconfig=${controlPlane.access.kubeconfig}`,
      '--insecure',
      `--listen-grpc=127.0.0.1:${grpc}`,
      `--listen-http=127.0.0.1:${http}`,
    ]);
    const fabric = new Fabric({ controlPlane, router, nodes, operator, operatorHttp: `127.0.0.1:${http}`, folder });
    for (const [index, node] of nodes.entries())
      await fabric.#startSpeaker(scope, folder, { node, index, grpc, http: speakerHttp[index] ?? 0 });
    await fabric.untilEstablished();
    return fabric;
  }

  /** The operator, then the speakers, each with the address of its metrics. */
  programs(): { readonly name: string; readonly program: Program; readonly http: string }[] {
    const speakers = [...this.speakers].map(([name, program]) => ({ name, program, http: this.#speakerHttp.get(name) ?? '' }));
    return [{ name: 'operator', program: this.operator, http: this.operatorHttp }, ...speakers];
  }

  /** The node behind a session of the router, by the router's name of it. */
  nodeOf(peer: string): string {
    return this.nodes.find((_, index) => peer.startsWith(`${addressOf(index)}/`)) ?? peer;
  }

  /** Does what kubelets do: puts new tokens in the place of those that speakers have. */
  async renewTokens(): Promise<void> {
    for (const node of this.nodes) await this.#writeToken(node);
  }

  /** Waits until all speakers have a session with the router. */
  async untilEstablished(): Promise<void> {
    await eventually(
      'all sessions are established',
      async () => (await this.router.sessions()).filter((session) => session.state === 'Established').length,
      (count) => count === this.nodes.length,
      { withinMs: 60_000 },
    );
  }

  /** Waits until the router has so many routes. */
  async untilRoutes(count: number, withinMs = 120_000): Promise<void> {
    await eventually(
      `the router has ${count} routes`,
      async () => (await this.router.sessions()).reduce((sum, session) => sum + session.prefixes, 0),
      (seen) => seen === count,
      { withinMs, everyMs: 50 },
    );
  }

  /** All programs end, and speakers forget what they kept: what they announce next, an operator has told them anew. */
  async stopAll(): Promise<void> {
    await this.operator.process.stop();
    for (const [node, speaker] of this.speakers) {
      await speaker.process.stop();
      await rm(join(this.#folder, node, `${node}.state`), { force: true });
    }
  }

  /** Requests that the operator has sent to the API server since it started, watches included. */
  async apiRequests(): Promise<number> {
    const text = await (await fetch(`http://${this.operatorHttp}/metrics`)).text();
    const counts = [...text.matchAll(/^anycast_kube_request_duration_seconds_count\{[^}]*\} (\d+)/gm)];
    return counts.reduce((sum, [, count]) => sum + Number(count), 0);
  }

  /** Waits until the operator has nothing left to tell the API server: for some seconds it sends next to nothing. */
  async untilTold(withinMs = 300_000): Promise<void> {
    let before = Number.NEGATIVE_INFINITY;
    await eventually(
      'the operator has written all statuses',
      async () => {
        const now = await this.apiRequests();
        const sent = now - before;
        before = now;
        return sent;
      },
      (sent) => sent < 10,
      { withinMs, everyMs: 3_000 },
    );
  }

  /** The next event that matches, as soon as the router hears it. */
  next(matches: (event: CollectorEvent) => boolean, withinMs = 10_000): Promise<CollectorEvent> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        stop();
        const why = this.router.isListening ? '' : ': it cut its stream of events, since nobody read it in time';
        reject(new Error(`the router heard nothing that matches within ${withinMs} ms${why}`));
      }, withinMs);
      const stop = this.router.subscribe((event) => {
        if (!matches(event)) return;
        clearTimeout(timer);
        stop();
        resolve(event);
      });
    });
  }

  /** The router has a process of its own: what it says about times is not held up by whoever writes to the API server. */
  static async #startRouter(scope: Scope, folder: string, bgp: number, http: number): Promise<Router> {
    const args = [`--listen=127.0.0.1:${bgp}`, `--http=127.0.0.1:${http}`, '--asn=64500', '--router-id=127.0.0.101'];
    new Program(scope, 'router', join(folder, 'router.log'), ['collector', ...args]);
    const router = new Router('router', http);
    await eventually('the router answers', () => router.answers());
    await router.listen();
    scope.onClose('the stream of the router', () => router.close());
    return router;
  }

  static async #makeCluster(client: TestClient, nodes: readonly string[], routerPort: number): Promise<void> {
    await client.apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } });
    await client.apply({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { namespace, name: 'anycast-speaker' } });
    for (const [index, name] of nodes.entries()) {
      await client.apply({ apiVersion: 'v1', kind: 'Node', metadata: { name } });
      const status = {
        addresses: [{ type: 'InternalIP', address: addressOf(index) }],
        // Ready for longer than the half minute in which a node's word is not taken yet.
        conditions: [{ type: 'Ready', status: 'True', lastTransitionTime: new Date(Date.now() - 3_600_000).toISOString() }],
      };
      await client.patch({ apiVersion: 'v1', kind: 'Node', metadata: { name } }, { status }, 'status');
    }
    const apiVersion = 'anycast-operator.io/v1alpha1';
    const spec = { address: '127.0.0.1', port: routerPort, localASN: 64_512, peerASN: 64_500, connectRetrySeconds: 1 };
    await client.apply({ apiVersion, kind: 'AnycastPeer', metadata: { name: 'router' }, spec });
    await client.apply({ apiVersion, kind: 'AnycastPool', metadata: { name: 'bench' }, spec: { addresses: ['198.18.0.0/15'] } });
    await client.apply({ apiVersion, kind: 'AnycastAdvertisement', metadata: { name: 'bench' }, spec: {} });
  }

  async #startSpeaker(scope: Scope, folder: string, at: { node: string; index: number; grpc: number; http: number }): Promise<void> {
    const { node, index, grpc, http } = at;
    const pod = podOf(node);
    await this.client.apply({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: pod,
      spec: { nodeName: node, serviceAccountName: 'anycast-speaker', containers: [{ name: 'speaker', image: 'none' }] },
    });
    const state = join(folder, node);
    await mkdir(state);
    const tokenFile = join(state, 'token');
    this.#tokenFiles.set(node, tokenFile);
    await this.#writeToken(node);
    const log = join(folder, `${node}.log`);
    const args = [
      `--node=${node}`,
      `--operator=127.0.0.1:${grpc}`,
      '--insecure',
      `--token-file=${tokenFile}`,
      `--source-address=${addressOf(index)}`,
    ];
    const own = [`--state-dir=${state}`, `--listen-http=127.0.0.1:${http}`];
    this.speakers.set(node, new Program(scope, node, log, ['speaker', ...args, ...own]));
    this.#speakerHttp.set(node, `127.0.0.1:${http}`);
    this.speakerLines.set(node, new LineReader(log));
  }

  async #writeToken(node: string): Promise<void> {
    const token = await this.client.podToken(podOf(node), 'anycast-speaker', 'anycast-operator.io');
    await writeFile(this.#tokenFiles.get(node) ?? '', token, { mode: 0o600 });
  }
}

const podOf = (node: string) => ({ namespace, name: `speaker-${node}` });

const addressOf = (index: number): string => `127.0.1.${index + 1}`;
