import type { TestClient } from '../../test/envtest/client.ts';
import { eventually } from '../../test/support/eventually.ts';
import { addressOf, type BenchService, inParallel, makeService, writeReadiness } from './objects.ts';

/** Changes on their way at a time. */
const writers = 16;

/** A Service whose endpoints come and go. */
type Flapping = BenchService & { readonly ready: Set<string>; isWriting: boolean };

/**
 * Services whose endpoints gain and lose readiness at random, at a rate. Most have one endpoint: each of its changes moves a route.
 * The others have one on each node: of them places that flap wait in hold-down.
 */
export class Churn {
  readonly #client: TestClient;
  readonly #services: readonly Flapping[];
  readonly #random: () => number;
  /** Changes written. */
  changes = 0;

  /** `single`, `everywhere`: how many Services have one endpoint, and how many have one on each node. */
  constructor(
    client: TestClient,
    options: { readonly nodes: readonly string[]; readonly single: number; readonly everywhere: number; readonly random: () => number },
  ) {
    const { nodes, single, everywhere, random } = options;
    this.#client = client;
    this.#random = random;
    this.#services = Array.from({ length: single + everywhere }, (_, number) => {
      const own = number < single ? [nodes[number % nodes.length] ?? ''] : nodes;
      return { number, nodes: own, ready: new Set(own), isWriting: false };
    });
  }

  /** Routes that the router should have, as `NODE PREFIX`. */
  expected(): Set<string> {
    return new Set(this.#services.flatMap(({ number, ready }) => [...ready].map((node) => `${node} ${addressOf(number)}/32`)));
  }

  /** Whether a route can be held down: another place serves the same Service. */
  canWait(route: string): boolean {
    return this.#services.some(({ number, ready }) => route.endsWith(` ${addressOf(number)}/32`) && ready.size > 1);
  }

  /** Makes all Services, every endpoint ready. */
  async create(): Promise<void> {
    await inParallel(this.#services.length, async (index) => {
      const service = this.#services[index];
      if (service !== undefined) await makeService(this.#client, service);
    });
  }

  /** Changes readiness so many times per second until `stop` says so; ends when the last change is written. */
  async run(perSecond: number, stop: () => boolean): Promise<void> {
    const startMs = performance.now();
    const onTheirWay = new Set<Promise<void>>();
    for (let begun = 0; !stop(); begun++) {
      const dueMs = startMs + (begun * 1_000) / perSecond;
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, dueMs - performance.now())));
      while (onTheirWay.size >= writers) await Promise.race(onTheirWay);
      const change = this.#change().finally(() => onTheirWay.delete(change));
      onTheirWay.add(change);
    }
    await Promise.all(onTheirWay);
  }

  async #change(): Promise<void> {
    const free = this.#services.filter(({ isWriting }) => !isWriting);
    const service = free[Math.floor(this.#random() * free.length)];
    const node = service?.nodes[Math.floor(this.#random() * service.nodes.length)];
    if (service === undefined || node === undefined) throw new Error('more changes on their way than Services');
    if (!service.ready.delete(node)) service.ready.add(node);
    service.isWriting = true;
    // In an hour a busy machine may miss an answer; the same write again does no harm.
    const write = async (): Promise<boolean> => {
      await writeReadiness(this.#client, service);
      return true;
    };
    await eventually(`readiness of Service ${service.number} is written`, write, Boolean, { withinMs: 60_000 });
    service.isWriting = false;
    this.changes++;
  }
}
