import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as objects from './objects.ts';
import { VirtualFabric } from './virtual-fabric.ts';

const nodes = ['n1', 'n2', 'n3'] as const;
const services = { 'dns/a': '192.0.2.1', 'dns/b': '192.0.2.2' } as const;
type ServiceKey = keyof typeof services;

const node = fc.constantFrom(...nodes);
const service = fc.constantFrom<ServiceKey>('dns/a', 'dns/b');

/** What happens in a fabric; each takes effect at once, and time passes in between. */
const happening = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('ready' as const), service, node, ready: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('node' as const), node, ready: fc.constantFrom('True', 'Unknown', 'False') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('cut' as const), node, comesBack: fc.boolean() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reset' as const), router: fc.constantFrom('198.51.100.1', '198.51.100.2') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('unreachable' as const), reachable: fc.boolean() }) },
);
type Happening = typeof happening extends fc.Arbitrary<infer T> ? T : never;

const history = fc.array(fc.tuple(happening, fc.constantFrom(0, 1, 500, 3_000, 40_000)), { maxLength: 20 });

/** A fabric and what is true in its cluster. */
class Story {
  readonly fabric: VirtualFabric;
  readonly ready: Record<ServiceKey, Record<string, boolean>> = { 'dns/a': {}, 'dns/b': {} };

  constructor(fabric: VirtualFabric) {
    this.fabric = fabric;
  }

  static async begin(): Promise<Story> {
    const fabric = await VirtualFabric.start({ nodes, routers: ['a', 'b'], peerSpec: { holdTimeSeconds: 0 } });
    const story = new Story(fabric);
    for (const key of ['dns/a', 'dns/b'] as const) {
      fabric.cluster.apply('Service', objects.service(key, [services[key]]));
      for (const name of nodes) story.setReady(key, name, true);
    }
    await fabric.run(5_000);
    return story;
  }

  setReady(key: ServiceKey, name: string, ready: boolean): void {
    this.ready[key][name] = ready;
    this.fabric.cluster.apply('EndpointSlice', objects.slice(key, this.ready[key]));
  }

  async tell(what: Happening): Promise<void> {
    const { fabric } = this;
    switch (what.kind) {
      case 'ready':
        return this.setReady(what.service, what.node, what.ready);
      case 'node':
        fabric.cluster.apply('Node', objects.node(what.node, nodes.indexOf(what.node) + 1, what.ready));
        return;
      case 'cut':
        fabric.cutStream(what.node, what.comesBack);
        return;
      case 'restart':
        await fabric.stopOperator();
        fabric.startOperator();
        return;
      case 'reset':
        fabric.network.reset(what.router);
        return;
      case 'unreachable':
        fabric.leader.watches.setReachable(what.reachable);
        return;
    }
  }

  /** Faults end, and all holds run out. */
  async heal(): Promise<void> {
    const { fabric } = this;
    fabric.leader.watches.setReachable(true);
    for (const [index, name] of nodes.entries()) {
      fabric.cluster.apply('Node', objects.node(name, index + 1));
      fabric.reconnect(name);
    }
    await fabric.run(1_300_000);
  }

  /** What every router should have. */
  intent(): string[] {
    return Object.entries(this.ready)
      .flatMap(([key, byNode]) =>
        nodes.filter((name) => byNode[name] === true).map((name) => `${services[key as ServiceKey]}/32 from ${name}`),
      )
      .sort();
  }
}

describe('whatever happened', { timeout: 60_000 }, () => {
  it('routers come to have what is true, and another operator that decides everything anew changes nothing', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (happenings) => {
        const story = await Story.begin();
        const { fabric } = story;
        for (const [what, ms] of happenings) {
          await story.tell(what);
          await fabric.run(ms);
        }
        await story.heal();
        expect(fabric.routes('a')).toEqual(story.intent());
        expect(fabric.routes('b')).toEqual(story.intent());
        const { updates } = fabric;
        await fabric.stopOperator();
        fabric.startOperator();
        await fabric.run(60_000);
        expect(fabric.updates).toBe(updates);
        expect(fabric.routes('a')).toEqual(story.intent());
      }),
      { numRuns: 20 },
    );
  });

  it('a place whose readiness does not change, on a node that is Ready, hears nothing of the others', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (happenings) => {
        const story = await Story.begin();
        const { fabric } = story;
        fabric.heard.length = 0;
        for (const [what, ms] of happenings) {
          if (what.kind === 'reset' || ('node' in what && what.node === 'n3')) continue;
          await story.tell(what);
          await fabric.run(ms);
        }
        await story.heal();
        expect(fabric.heard.filter((line) => line.endsWith('from n3'))).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });
});
