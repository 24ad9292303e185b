import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PathConditions } from '#linux/memory-stream.ts';
import { plain, World } from './testing/world.ts';

const address = '192.0.2.254';
const prefixes = ['192.0.2.1/32', '192.0.2.2/32', '198.51.100.0/24', '2001:db8::1/128', '2001:db8::2/128'];
const communities = [[], [1], [2, 3]];

/** Something that happens to a peer, its router, or the way between them. */
type Step =
  | { readonly kind: 'set'; readonly prefix: string; readonly communities: readonly number[] }
  | { readonly kind: 'remove'; readonly prefix: string }
  | { readonly kind: 'network'; readonly conditions: Partial<PathConditions> }
  | { readonly kind: 'reset' }
  | { readonly kind: 'refresh' }
  | { readonly kind: 'nextHop'; readonly last: number }
  | { readonly kind: 'bounce'; readonly holdTimeMs: number }
  | { readonly kind: 'wait'; readonly ms: number };

const condition: fc.Arbitrary<Partial<PathConditions>> = fc.record(
  {
    delayMs: fc.integer({ min: 0, max: 200 }),
    chunkBytes: fc.constantFrom(1, 7, 1_000, Number.POSITIVE_INFINITY),
    stalledReader: fc.boolean(),
    blackHole: fc.boolean(),
    refusesConnections: fc.boolean(),
  },
  { requiredKeys: [] },
);

const someStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('set' as const),
      prefix: fc.constantFrom(...prefixes),
      communities: fc.constantFrom(...communities),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('remove' as const), prefix: fc.constantFrom(...prefixes) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('network' as const), conditions: condition }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'reset' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'refresh' as const }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('nextHop' as const), last: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('bounce' as const), holdTimeMs: fc.constantFrom(9_000, 30_000) }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.constantFrom(0, 1, 40, 1_000, 20_000) }) },
);

async function run(steps: readonly Step[]) {
  const world = new World();
  const { peer, router, settings } = await world.pair();
  const wanted = new Map<string, readonly number[]>();
  let current = settings;
  peer.start();
  for (const step of steps) {
    switch (step.kind) {
      case 'set':
        wanted.set(step.prefix, step.communities);
        peer.change([], [{ prefix: step.prefix, attributes: { ...plain, communities: step.communities } }]);
        break;
      case 'remove':
        wanted.delete(step.prefix);
        peer.change([step.prefix], []);
        break;
      case 'network':
        world.network.change(address, step.conditions);
        break;
      case 'reset':
        world.network.reset(address);
        break;
      case 'refresh':
        if (router.state === 'Established') router.send({ kind: 'routeRefresh', afi: 1, safi: 1, subtype: 0 });
        break;
      case 'nextHop':
        current = { ...current, nextHopIpv4: `192.0.2.${step.last}` };
        peer.reconfigure(current);
        break;
      case 'bounce':
        current = { ...current, holdTimeMs: step.holdTimeMs };
        peer.reconfigure(current);
        break;
      case 'wait':
        world.clock.advance(step.ms);
        break;
    }
    // What is said to be announced was heard: acknowledged means that the router's side has the bytes.
    if (peer.session().state !== 'Established') for (const prefix of prefixes) expect(peer.route(prefix)?.announced ?? false).toBe(false);
  }
  return { world, peer, router, wanted };
}

describe('whatever happens to a peer, its router and the way between them', () => {
  it('the router ends up with what is wanted, and the peer knows it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(someStep, { maxLength: 40 }), async (steps) => {
        const { world, peer, router, wanted } = await run(steps);
        world.network.change(address, { delayMs: 0, stalledReader: false, blackHole: false, refusesConnections: false });
        world.clock.advance(300_000);
        expect(peer.session().state).toBe('Established');
        const heard = new Map(Array.from(router.routes, ([prefix, group]) => [prefix, group.attributes.communities ?? []]));
        expect(heard).toEqual(wanted);
        for (const prefix of prefixes) {
          expect(peer.route(prefix)).toEqual(wanted.has(prefix) ? { announced: true, reason: 'Announced' } : undefined);
        }
        expect(peer.session().announcedPrefixes).toBe(wanted.size);
      }),
      { numRuns: 150 },
    );
  });

  it('a stop ends in bounded time and leaves no prefix and no timer behind', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(someStep, { maxLength: 25 }),
        fc.constantFrom('withdraw' as const, 'quiet' as const),
        async (steps, how) => {
          const { world, peer } = await run(steps);
          let stopped = false;
          void peer.stop(how === 'quiet' ? { how } : { how, text: 'bye' }).then(() => {
            stopped = true;
          });
          await world.clock.advanceAsync(10_000);
          expect(stopped).toBe(true);
          expect(world.prefixes.size).toBe(0);
        },
      ),
      { numRuns: 100 },
    );
  });
});
