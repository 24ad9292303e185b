import { once } from 'node:events';
import type { CollectorEvent } from '#collector/views.ts';
import { realClock } from '#runtime/clock.ts';
import { demoPrefix, nodes, setReady } from './cluster.ts';
import { Screen } from './screen.ts';
import { Stage } from './stage.ts';

export type DemoOptions = {
  /** Leaves everything running at the end, until a signal. */
  readonly keep: boolean;
  readonly output: NodeJS.WritableStream;
  readonly env: NodeJS.ProcessEnv;
};

/** How long the demo waits for what it announces to happen, in milliseconds. Long: it is no measurement. */
const patienceMs = 20_000;

/** How long the API server stays away, in milliseconds. */
const outageMs = 5_000;

/** Tells the story of the main job on this machine; whether all of it was as it should be. */
export async function runDemo(options: DemoOptions): Promise<boolean> {
  const screen = new Screen(options.output, options.env);
  const stage = new Stage();
  const interrupted = new AbortController();
  const onSignal = (): void => interrupted.abort();
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    await new Demo(screen, stage, interrupted.signal).tell();
    if (options.keep) await keepRunning(screen, stage, interrupted.signal);
    else screen.say('To look around here: make demo KEEP=1, or anycast demo --keep.');
    return true;
  } catch (error) {
    if (interrupted.signal.aborted) return false;
    screen.bad(error instanceof Error ? error.message : String(error));
    for (const program of stage.fallen()) screen.bad(`${program} ended by itself`);
    return false;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    await stage.stop();
  }
}

/** The story, step by step. Each step shows what it did and checks that it worked. */
class Demo {
  readonly #screen: Screen;
  readonly #stage: Stage;
  readonly #signal: AbortSignal;

  constructor(screen: Screen, stage: Stage, signal: AbortSignal) {
    this.#screen = screen;
    this.#stage = stage;
    this.#signal = signal;
  }

  async tell(): Promise<void> {
    await this.#start();
    await this.#failOne();
    await this.#failAll();
    await this.#loseApiServer();
    this.#screen.heading('Done');
    this.#screen.say('On your cluster: docs/guides/install.md.');
  }

  async #start(): Promise<void> {
    this.#screen.heading('1. A Service with a pod on each of three nodes, and two routers');
    this.#screen.say('Starting an API server (in memory), an operator, a speaker on each node, and two routers that listen …');
    await this.#stage.start();
    for (const router of this.#stage.routers) await this.#until(`${router.name} to answer`, () => router.answers());
    for (const router of this.#stage.routers) await router.listen();
    await this.#untilAnnounced(nodes.map((node) => node.name));
    this.#screen.good(`Both routers have ${demoPrefix} from all three nodes: one address, many places.`);
    await this.#showRoutes();
  }

  async #failOne(): Promise<void> {
    const [, failing] = nodes;
    this.#screen.heading(`2. The pod on ${failing.name} fails its readiness probe`);
    const latencies = await this.#withdrawals([failing.name]);
    await this.#untilAnnounced(nodes.map((node) => node.name).filter((name) => name !== failing.name));
    for (const [index, ms] of latencies.entries()) {
      this.#screen.good(
        `${this.#stage.routers[index]?.name}: withdrawn ${ms.toFixed(1)} ms after the API server had it. The other two stay.`,
      );
    }
    await this.#showRoutes();
  }

  async #failAll(): Promise<void> {
    this.#screen.heading('3. All pods fail, then all recover');
    const failing = nodes.filter((_, index) => index !== 1).map((node) => node.name);
    const latencies = await this.#withdrawals(failing);
    await this.#untilAnnounced([]);
    this.#screen.good(
      `No router has the route any more, at most ${Math.max(...latencies).toFixed(1)} ms later: nobody is sent where nobody serves.`,
    );
    for (const node of nodes) setReady(this.#stage.api, node.name, true);
    await this.#untilAnnounced(nodes.map((node) => node.name));
    this.#screen.good('All three are back.');
  }

  async #loseApiServer(): Promise<void> {
    this.#screen.heading('4. The API server goes away');
    const before = this.#events().length;
    await this.#stage.api.stop();
    this.#screen.say(`Stopped. Watching the routers for ${outageMs / 1000} s …`);
    await pause(outageMs, this.#signal);
    await this.#stage.api.start();
    const news = this.#events().slice(before);
    if (news.length > 0) throw new Error(`routers heard ${news.length} changes while the API server was away: ${JSON.stringify(news[0])}`);
    this.#screen.good('Nothing was withdrawn, nothing changed: what nobody says is no evidence.');
    const [latency = 0] = await this.#withdrawals([nodes[0].name]);
    this.#screen.good(`It is back, and readiness counts again: ${nodes[0].name} was withdrawn ${latency.toFixed(1)} ms after it failed.`);
    setReady(this.#stage.api, nodes[0].name, true);
    this.#screen.say(`${nodes[0].name} has recovered. It was withdrawn twice within minutes, so it waits 10 s while the others serve …`);
    await this.#untilAnnounced(nodes.map((node) => node.name));
    this.#screen.good('All three are back.');
  }

  /** Fails pods and waits until each router has lost their routes; how long the slowest of them took, per router. */
  async #withdrawals(names: readonly string[]): Promise<number[]> {
    await this.#untilWatched();
    const before = this.#stage.routers.map((router) => router.events.length);
    const failedMs = realClock.nowMs();
    for (const name of names) setReady(this.#stage.api, name, false);
    return await Promise.all(
      this.#stage.routers.map(async (router, index) => {
        const heard = (): CollectorEvent[] => router.events.slice(before[index]).filter((event) => event.kind === 'withdraw');
        await this.#until(`${router.name} to hear ${names.length} withdrawals`, async () => heard().length >= names.length);
        return Math.max(...heard().map((event) => event.monotonicUs / 1000)) - failedMs;
      }),
    );
  }

  /** The operator's watch on endpoints is open: right after the API server came back it may not be yet. */
  #untilWatched(): Promise<void> {
    const watches = 10;
    return this.#until('the operator to watch the API server again', async () => this.#stage.api.openWatches >= watches);
  }

  #untilAnnounced(names: readonly string[]): Promise<void> {
    const wanted = nodes.filter((node) => names.includes(node.name)).map((node) => node.address);
    return this.#until(`both routers to have ${demoPrefix} from ${names.join(', ') || 'nobody'}`, async () => {
      const routes = await Promise.all(this.#stage.routers.map((router) => router.routes()));
      return routes.every((list) => JSON.stringify(list.map((route) => route.nextHop).sort()) === JSON.stringify(wanted));
    });
  }

  async #showRoutes(): Promise<void> {
    const rows: string[][] = [];
    for (const router of this.#stage.routers) {
      for (const route of (await router.routes()).toSorted((a, b) => (a.nextHop < b.nextHop ? -1 : 1))) {
        const node = nodes.find(({ address }) => address === route.nextHop)?.name ?? '?';
        rows.push([router.name, route.prefix, `${route.nextHop} (${node})`, route.asPath.join(' '), route.communities.join(' ')]);
      }
    }
    this.#screen.table(['router', 'prefix', 'next hop', 'AS path', 'communities'], rows);
  }

  #events(): CollectorEvent[] {
    return this.#stage.routers.flatMap((router) => router.events);
  }

  async #until(what: string, condition: () => Promise<boolean>): Promise<void> {
    const endMs = realClock.nowMs() + patienceMs;
    while (!(await condition())) {
      const fallen = this.#stage.fallen();
      if (fallen.length > 0) throw new Error(`waited for ${what}, but ${fallen.join(', ')} ended`);
      if (realClock.nowMs() > endMs)
        throw new Error(`waited ${patienceMs / 1000} s for ${what}, in vain; logs are in ${this.#stage.folder}`);
      await pause(20, this.#signal);
    }
  }
}

async function keepRunning(screen: Screen, stage: Stage, signal: AbortSignal): Promise<void> {
  const kubectl = `kubectl --kubeconfig ${stage.kubeconfig}`;
  screen.heading('Everything keeps running. Ctrl-C ends it.');
  screen.say('What Kubernetes says:');
  screen.say(`  ${kubectl} get anycastservices,anycastspeakers -A -o yaml`);
  screen.say('What the routers have:');
  for (const router of stage.routers) screen.say(`  curl -s ${router.url}/routes        (or /sessions, /events)`);
  screen.say('What a speaker does, and why:');
  screen.say(`  curl -s --unix-socket ${stage.adminSocket(nodes[0].name)} http://localhost/routes`);
  screen.say('Fail a pod:');
  const endpoints = JSON.stringify({ endpoints: [{ addresses: ['10.0.0.1'], nodeName: nodes[0].name, conditions: { ready: false } }] });
  screen.say(`  ${kubectl} -n dns patch endpointslice dns-${nodes[0].name} --type merge -p '${endpoints}'`);
  screen.say(`Logs, one file per process: ${stage.folder}`);
  if (!signal.aborted) await once(signal, 'abort');
}

/** Waits, unless the user ends the demo. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
