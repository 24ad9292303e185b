import { describe, expect, it } from 'vitest';
import type { RawObject } from '#kube/resource.ts';
import * as objects from './objects.ts';
import { VirtualFabric } from './virtual-fabric.ts';

const addressOf = (number: number): string => `192.0.2.${number}`;
const keyOf = (number: number): string => `dns/s${number}`;
const count = 8;
/** What the removal guard lets go of eight prefixes in an hour. */
const least = 6;

/** Services on two nodes, labelled rack=1 and rack=2, under the removal guard as it is by default. */
async function aFabric(routers: readonly string[], peerSpec = {}): Promise<VirtualFabric> {
  const fabric = await VirtualFabric.start({ nodes: ['n1', 'n2'], routers, removalGuard: {}, peerSpec });
  label(fabric, 'n1', 1, '1');
  label(fabric, 'n2', 2, '2');
  for (let number = 1; number <= count; number++) {
    fabric.cluster.apply('Service', objects.service(keyOf(number), [addressOf(number)]));
    fabric.cluster.apply('EndpointSlice', objects.slice(keyOf(number), { n1: true, n2: true }));
  }
  await fabric.run(15_000);
  fabric.heard.length = 0;
  return fabric;
}

function label(fabric: VirtualFabric, name: string, number: number, rack: string): void {
  const node = objects.node(name, number);
  fabric.cluster.apply('Node', { ...node, metadata: { ...node.metadata, labels: { rack } } });
}

type PeerStatus = { readonly conditions?: readonly { readonly type: string; readonly reason: string; readonly message: string }[] };

const prefixesAt = (fabric: VirtualFabric, ...routers: readonly string[]): number =>
  new Set(routers.flatMap((router) => fabric.routes(router)).map((route) => route.split(' ')[0])).size;

describe('a mistake in the configuration', () => {
  it('that moves everything to a node which reaches no router leaves it where it is', async () => {
    const fabric = await aFabric(['a']);
    // Only n1 announces, and n2 has no router.
    fabric.cluster.apply('AnycastPeer', objects.peer('a', '198.51.100.1', { nodeSelector: { matchLabels: { rack: '1' } } }));
    fabric.cluster.apply('AnycastPeer', objects.peer('b', '198.51.100.99', { nodeSelector: { matchLabels: { rack: '2' } } }));
    await fabric.run(30_000);
    expect(prefixesAt(fabric, 'a')).toBe(count);
    fabric.cluster.apply('AnycastAdvertisement', objects.advertisement('all', { nodeSelector: { matchLabels: { rack: '2' } } }));
    await fabric.run(60_000);
    expect(prefixesAt(fabric, 'a')).toBeGreaterThanOrEqual(least);
  });

  it('that takes a node out while the only other one is dead leaves it where it is', async () => {
    const fabric = await aFabric(['a', 'b']);
    fabric.cluster.apply('AnycastPeer', objects.peer('a', '198.51.100.1', { nodeSelector: { matchLabels: { rack: '1' } } }));
    fabric.cluster.apply('AnycastPeer', objects.peer('b', '198.51.100.2', { nodeSelector: { matchLabels: { rack: '2' } } }));
    await fabric.run(30_000);
    fabric.cutStream('n2', false);
    fabric.network.change('198.51.100.2', { blackHole: true });
    fabric.cluster.apply('Node', { ...objects.node('n2', 2, 'Unknown') });
    await fabric.run(60_000);
    fabric.cluster.apply('AnycastAdvertisement', objects.advertisement('all', { nodeSelector: { matchLabels: { rack: '2' } } }));
    await fabric.run(60_000);
    expect(prefixesAt(fabric, 'a')).toBeGreaterThanOrEqual(least);
  });

  it('that deletes the one router which works, of two, is held', async () => {
    const fabric = await aFabric(['a', 'b']);
    fabric.network.change('198.51.100.2', { blackHole: true });
    await fabric.run(30_000);
    expect(prefixesAt(fabric, 'a')).toBe(count);
    fabric.cluster.delete('AnycastPeer', 'a');
    await fabric.run(60_000);
    expect(prefixesAt(fabric, 'a')).toBeGreaterThanOrEqual(least);
  });

  it('that renames a router and mistypes its AS is held', async () => {
    const fabric = await aFabric(['a']);
    fabric.cluster.delete('AnycastPeer', 'a');
    fabric.cluster.apply('AnycastPeer', objects.peer('tor-a', '198.51.100.1', { peerASN: 64_999 }));
    await fabric.run(60_000);
    expect(prefixesAt(fabric, 'a')).toBeGreaterThanOrEqual(least);
  });

  it.each([
    ['mistypes its AS', { peerASN: 64_999 }],
    ['mistypes its address', { address: '198.51.100.77' }],
  ])('that %s of the only router ends one session, and says why no other', async (_, spec) => {
    const fabric = await aFabric(['a']);
    fabric.cluster.apply('AnycastPeer', objects.peer('a', '198.51.100.1', spec));
    await fabric.run(60_000);
    expect(prefixesAt(fabric, 'a')).toBe(count);
    expect(fabric.routes('a')).toHaveLength(count);
    const { conditions = [] } = (fabric.cluster.get('AnycastPeer', 'a')?.['status'] ?? {}) as PeerStatus;
    const ready = conditions.find(({ type }) => type === 'Ready');
    expect([ready?.reason, ready?.message]).toEqual(['SessionDown', expect.stringContaining('n1')]);
    fabric.cluster.apply('AnycastPeer', objects.peer('a', '198.51.100.1'));
    await fabric.run(60_000);
    expect(fabric.routes('a')).toHaveLength(2 * count);
  });

  it('that sends a family away from the peers that carry it is held', async () => {
    const fabric = await aFabric(['a']);
    fabric.cluster.apply('AnycastPeer', objects.peer('a', '198.51.100.1', { families: ['IPv6'] }));
    await fabric.run(60_000);
    expect(prefixesAt(fabric, 'a')).toBeGreaterThanOrEqual(least);
  });

  it('that gives all nodes to a router which is not there leaves them at the one that is', async () => {
    const fabric = await aFabric(['a']);
    fabric.cluster.apply('AnycastPeer', objects.peer('new', '198.51.100.77'));
    await fabric.run(10_000);
    const peer = objects.peer('a', '198.51.100.1', { nodeSelector: { matchLabels: { rack: 'typo' } } });
    fabric.cluster.apply('AnycastPeer', peer);
    await fabric.run(60_000);
    expect(prefixesAt(fabric, 'a')).toBeGreaterThanOrEqual(least);
  });
});

describe('a change that makes sessions anew', () => {
  it.each([[['a']], [['a', 'b']]])('takes one after the other, and no prefix from any router of %j', async (routers) => {
    const fabric = await aFabric(routers);
    for (const [index, name] of routers.entries())
      fabric.cluster.apply('AnycastPeer', objects.peer(name, `198.51.100.${index + 1}`, { holdTimeSeconds: 30 }));
    let fewest = count;
    for (let step = 0; step < 1_200; step++) {
      await fabric.run(25);
      for (const router of routers) fewest = Math.min(fewest, prefixesAt(fabric, router));
    }
    expect(fewest).toBe(count);
    expect(fabric.heard.length).toBeGreaterThanOrEqual(2 * count * routers.length);
    for (const router of routers) expect(fabric.routes(router)).toHaveLength(2 * count);
  });

  it('goes on where the node that it waits for is gone', async () => {
    const fabric = await aFabric(['a']);
    fabric.cluster.apply('AnycastPeer', objects.peer('a', '198.51.100.1', { holdTimeSeconds: 30 }));
    fabric.cutStream('n1', false);
    await fabric.run(10_000);
    fabric.cluster.delete('Node', 'n1');
    for (const key of fabric.cluster.keys('AnycastSpeaker')) if (key === 'n1') fabric.cluster.delete('AnycastSpeaker', key);
    await fabric.run(60_000);
    expect(fabric.routes('a').filter((route) => route.endsWith('n2'))).toHaveLength(count);
  });
});

describe('what no router has', () => {
  it('is moved at once, and asks nobody: nothing is taken away', async () => {
    const fabric = await aFabric(['a']);
    fabric.network.change('198.51.100.1', { blackHole: true });
    await fabric.run(60_000);
    fabric.cluster.apply('AnycastAdvertisement', objects.advertisement('all', { nodeSelector: { matchLabels: { rack: '2' } } }));
    await fabric.run(8_000);
    expect(fabric.cluster.keys('AnycastHold')).toEqual([]);
    fabric.network.change('198.51.100.1', { blackHole: false });
    await fabric.run(60_000);
    expect([fabric.routes('a').length, fabric.routes('a').filter((route) => route.endsWith('n1'))]).toEqual([count, []]);
  });
});

describe('a move', () => {
  it.each(['nodes', 'routers'])(
    'of everything between two %s that work leaves no prefix without a place, asks nobody, and ends',
    async (what) => {
      const fabric = await aFabric(['a', 'b']);
      const rack = (number: number) => ({ nodeSelector: { matchLabels: { rack: String(number) } } });
      const only = (number: number) => ({ peerSelector: { matchLabels: { tor: String(number) } } });
      const labelled = (name: string, number: number): RawObject => {
        const peer = objects.peer(name, `198.51.100.${number}`);
        return { ...peer, metadata: { ...peer.metadata, labels: { tor: String(number) } } };
      };
      fabric.cluster.apply('AnycastPeer', labelled('a', 1));
      fabric.cluster.apply('AnycastPeer', labelled('b', 2));
      const of = what === 'nodes' ? rack : only;
      fabric.cluster.apply('AnycastConfig', objects.config([], { removalGuard: { maxPercent: 100, lastOfPool: 'Allow' } }));
      fabric.cluster.apply('AnycastAdvertisement', objects.advertisement('all', of(1)));
      await fabric.run(30_000);
      fabric.cluster.apply('AnycastConfig', objects.config([], { removalGuard: {} }));
      await fabric.run(30_000);
      expect(fabric.routes('a').length + fabric.routes('b').length).toBe(2 * count);
      fabric.cluster.apply('AnycastAdvertisement', objects.advertisement('all', of(2)));
      let fewest = count;
      const seen = new Set<string>();
      for (let step = 0; step < 600; step++) {
        await fabric.run(25);
        fewest = Math.min(fewest, prefixesAt(fabric, 'a', 'b'));
        for (const key of fabric.cluster.keys('AnycastHold')) seen.add(key);
      }
      expect([fewest, [...seen]]).toEqual([count, []]);
      expect(fabric.routes(what === 'nodes' ? 'a' : 'b')).toHaveLength(what === 'nodes' ? count : 2 * count);
      expect(fabric.routes('a').filter((route) => route.endsWith('n1'))).toEqual([]);
    },
  );
});
