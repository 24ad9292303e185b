import { describe, expect, it } from 'vitest';
import type { PrefixHandle } from '#bgp/rib/prefix-table.ts';
import { aPeer, noAttributes } from '../testing/builders.ts';
import { FakeRouters } from '../testing/fake-router.ts';
import { Advertiser } from './advertiser.ts';

const [p1, p2] = ['192.0.2.53/32', '192.0.2.54/32'];

function anAdvertiser(sourceAddresses: readonly string[] = []) {
  const routers = new FakeRouters();
  const gone: string[] = [];
  const listed: PrefixHandle[] = [];
  const advertiser = new Advertiser({
    makePeer: routers.make,
    sourceAddresses,
    listed: () => listed,
    onListed: () => undefined,
    onRoutes: () => undefined,
    onWithdrawalsWritten: () => undefined,
    onSession: () => undefined,
    onGone: (peer) => gone.push(peer),
    whyNoAddress: ({ interface: device }) => `no router on ${device}`,
  });
  return { advertiser, routers, gone, listed };
}

const to = (...peers: string[]) => [{ peers, attributes: noAttributes }];

describe('sessions', () => {
  it('need the router id of the node, and say so', () => {
    const { advertiser, routers } = anAdvertiser();
    advertiser.setPeer(aPeer('a'));
    expect(routers.made).toEqual([]);
    expect(advertiser.session('a')).toMatchObject({ state: 'Idle', lastError: 'this node has no router id yet' });
    expect(advertiser.session('b')).toMatchObject({ state: 'Idle', lastError: 'this peer was removed from the configuration' });
    advertiser.setRouterId('192.0.2.1');
    expect(routers.get('a')).toMatchObject({ told: ['start'], settings: { name: 'a', routerId: '192.0.2.1', localAsn: 64_512 } });
    expect(routers.get('a').settings).not.toHaveProperty('kind');
    expect(advertiser.session('a')).toMatchObject({ state: 'Connect' });
  });

  it('leave from the configured address of their family, where the peer names none', () => {
    const { advertiser, routers } = anAdvertiser(['192.0.2.9', '2001:db8::9']);
    advertiser.setRouterId('192.0.2.1');
    advertiser.setPeer(aPeer('a'));
    advertiser.setPeer(aPeer('b', { address: '2001:db8::fe' }));
    advertiser.setPeer(aPeer('c', { sourceAddress: '192.0.2.7' }));
    expect(['a', 'b', 'c'].map((name) => routers.get(name).settings.sourceAddress)).toEqual(['192.0.2.9', '2001:db8::9', '192.0.2.7']);
  });

  it('are changed while they run', () => {
    const { advertiser, routers } = anAdvertiser();
    advertiser.setRouterId('192.0.2.1');
    advertiser.setPeer(aPeer('a'));
    advertiser.setPeer(aPeer('a', { holdTimeMs: 30_000 }));
    advertiser.setRouterId('192.0.2.2');
    expect(routers.made).toHaveLength(1);
    expect(routers.get('a')).toMatchObject({
      told: ['start', 'reconfigure', 'reconfigure'],
      settings: { holdTimeMs: 30_000, routerId: '192.0.2.2' },
    });
  });

  it('end with their peer, and all of them with the router id', async () => {
    const { advertiser, routers, gone } = anAdvertiser();
    advertiser.setRouterId('192.0.2.1');
    for (const name of ['a', 'b', 'c']) advertiser.setPeer(aPeer(name));
    advertiser.removePeer('a');
    advertiser.removePeer('unknown');
    advertiser.setRouterId(undefined);
    await Promise.resolve();
    expect(gone).toEqual(['a', 'b', 'c']);
    expect(routers.made.map(({ stopped }) => stopped?.how)).toEqual(['withdraw', 'withdraw', 'withdraw']);
    expect(advertiser.peers).toEqual(['b', 'c']);
  });
});

describe('routes', () => {
  it('go to the peers that they name, all changes of a batch at once, removals included', () => {
    const { advertiser, routers } = anAdvertiser();
    advertiser.setRouterId('192.0.2.1');
    for (const name of ['a', 'b']) advertiser.setPeer(aPeer(name));
    advertiser.setRoute(p1, to('a', 'b', 'unknown'));
    advertiser.setRoute(p2, to('a'));
    expect(routers.get('a').told).toEqual(['start']);
    advertiser.flush();
    expect(routers.get('a').told).toEqual(['start', `+${p1}`, `+${p2}`]);
    expect(routers.get('b').told).toEqual(['start', `+${p1}`]);
    advertiser.setRoute(p1, to('b'));
    advertiser.setRoute(p2, []);
    advertiser.flush();
    advertiser.flush();
    expect(routers.get('a').told.slice(3)).toEqual([`-${p1}`, `-${p2}`]);
    expect(routers.get('b').told.slice(2)).toEqual([`+${p1}`]);
  });

  it('take only their last form of a batch', () => {
    const { advertiser, routers } = anAdvertiser();
    advertiser.setRouterId('192.0.2.1');
    advertiser.setPeer(aPeer('a'));
    advertiser.setRoute(p1, to('a'));
    advertiser.setRoute(p1, []);
    advertiser.setRoute(p1, [{ peers: ['a'], attributes: { ...noAttributes, med: 7 } }]);
    advertiser.flush();
    expect(routers.get('a').told).toEqual(['start', `+${p1}`]);
    expect(routers.get('a').routes.get(p1)?.attributes.med).toBe(7);
  });

  it('that were wanted before reach a peer that comes later', () => {
    const { advertiser, routers } = anAdvertiser();
    advertiser.setRouterId('192.0.2.1');
    advertiser.setRoute(p1, to('a'));
    advertiser.setRoute(p2, to('b'));
    advertiser.setPeer(aPeer('a'));
    advertiser.flush();
    expect(routers.get('a').told).toEqual(['start', `+${p1}`]);
  });
});

describe('a peer that is ending', () => {
  it('still tells what its router has, and one that comes back under its name waits for the end', async () => {
    const { advertiser, routers, gone } = anAdvertiser();
    routers.acknowledge = false;
    advertiser.setRouterId('192.0.2.1');
    advertiser.setPeer(aPeer('a'));
    advertiser.setRoute(p1, to('a'));
    advertiser.flush();
    const first = routers.get('a');
    first.up();
    first.acknowledge();
    advertiser.removePeer('a');
    expect(advertiser.peers).toEqual(['a']);
    expect(advertiser.route('a', p1)).toMatchObject({ announced: true });
    expect(advertiser.session('a')).toMatchObject({ state: 'Established' });
    advertiser.setPeer(aPeer('a', { port: 1_790 }));
    expect(routers.made).toHaveLength(1);
    first.end();
    await Promise.resolve();
    expect(gone).toEqual(['a']);
    expect(routers.made).toHaveLength(2);
    expect(routers.get('a')).toMatchObject({ told: ['start', `+${p1}`], settings: { port: 1_790 } });
  });

  it('does not come back when everything stops', async () => {
    const { advertiser, routers } = anAdvertiser();
    routers.acknowledge = false;
    advertiser.setRouterId('192.0.2.1');
    for (const name of ['a', 'b']) advertiser.setPeer(aPeer(name));
    advertiser.removePeer('a');
    advertiser.setPeer(aPeer('a'));
    const stopped = advertiser.stop({ how: 'quiet' });
    advertiser.removePeer('b');
    routers.get('b').end();
    let done = false;
    void stopped.then(() => {
      done = true;
    });
    await Promise.resolve();
    expect(done).toBe(false);
    routers.made[0]?.end();
    await stopped;
    expect(routers.made.map(({ told }) => told)).toEqual([
      ['start', 'stop'],
      ['start', 'stop'],
    ]);
    expect(routers.get('b').stopped).toEqual({ how: 'quiet' });
  });
});
