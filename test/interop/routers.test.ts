import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Bird, startBird } from '../support/bird.ts';
import { type Capture, type CapturedMessage, startCapture } from '../support/capture.ts';
import { eventually } from '../support/eventually.ts';
import { type Frr, startFrr } from '../support/frr.ts';
import { createNetwork, type Namespace, type Network, routesTo } from '../support/netns.ts';
import { Scope } from '../support/scope.ts';

const scope = new Scope();
afterAll(() => scope.close());

let network: Network;
let frrNode: Namespace;
let birdNode: Namespace;
let frr: Frr;
let bird: Bird;
let capture: Capture;

beforeAll(async () => {
  network = await createNetwork(scope);
  [frrNode, birdNode] = [await network.add('frr'), await network.add('bird')];
  capture = await startCapture(scope, birdNode);
  frr = await startFrr(scope, frrNode, frrConfig());
  bird = await startBird(scope, birdNode, birdConfig());
});

const frrConfig = () => `
router bgp 65001
 bgp router-id ${frrNode.ipv4}
 no bgp ebgp-requires-policy
 no bgp default ipv4-unicast
 no bgp network import-check
 neighbor ${birdNode.ipv4} remote-as 65002
 neighbor ${birdNode.ipv4} timers 3 9
 neighbor ${birdNode.ipv6} remote-as 65002
 address-family ipv4 unicast
  neighbor ${birdNode.ipv4} activate
  network 192.0.2.1/32
 exit-address-family
 address-family ipv6 unicast
  neighbor ${birdNode.ipv6} activate
  network 2001:db8::1/128
 exit-address-family
`;

const birdConfig = () => `
router id ${birdNode.ipv4};
protocol device {}
protocol static { ipv4; route 192.0.2.2/32 blackhole; }
protocol static { ipv6; route 2001:db8::2/128 blackhole; }
template bgp tor { local as 65002; neighbor as 65001; connect retry time 1; connect delay time 1; error wait time 1, 1; }
protocol bgp frr4 from tor { neighbor ${frrNode.ipv4}; ipv4 { import all; export all; }; }
protocol bgp frr6 from tor { neighbor ${frrNode.ipv6}; ipv6 { import all; export all; }; }
`;

describe('FRR and BIRD in namespaces of their own', () => {
  it('exchange an IPv4 and an IPv6 prefix', async () => {
    for (const [family, prefix, neighbor] of [
      ['ipv4', '192.0.2.2/32', birdNode.ipv4],
      ['ipv6', '2001:db8::2/128', birdNode.ipv6],
    ] as const) {
      const routes = await eventually(
        `FRR has ${prefix}`,
        () => frr.routes(family),
        (all) => prefix in all,
      );
      expect(routes[prefix]).toMatchObject([{ valid: true, aspath: { string: '65002' } }]);
      expect(routes[prefix]?.[0]?.nexthops.map((hop) => hop.ip)).toContain(neighbor);
      expect(await frr.neighbor(neighbor)).toMatchObject({ bgpState: 'Established' });
    }
    for (const [protocol, prefix] of [
      ['frr4', '192.0.2.1/32'],
      ['frr6', '2001:db8::1/128'],
    ] as const) {
      const routes = await eventually(
        `BIRD has ${prefix}`,
        () => bird.routes(`protocol ${protocol}`),
        (all) => all.length > 0,
      );
      expect(routes).toMatchObject([{ prefix, protocol, primary: true, attributes: { 'BGP.as_path': '65001' } }]);
    }
  });

  it('can be listened to: OPEN, UPDATE and End-of-RIB from either side of each session', async () => {
    const count = (type: CapturedMessage['type']) => capture.messages().filter((message) => message.type === type).length;
    await eventually(
      'both sides of both sessions have said End-of-RIB',
      () => count('END-OF-RIB'),
      (seen) => seen >= 4,
    );
    expect(count('OPEN')).toBeGreaterThanOrEqual(4);
    expect(count('UPDATE')).toBeGreaterThanOrEqual(4);
    expect(count('UNKNOWN')).toBe(0);
  });

  it('count the updates that they receive', async () => {
    const [frrBefore, birdBefore] = [await frr.neighbor(birdNode.ipv4), await bird.session('frr4')];
    await frr.vtysh('configure terminal', 'router bgp 65001', 'address-family ipv4 unicast', 'no network 192.0.2.1/32');
    await eventually(
      'BIRD has lost the prefix',
      () => bird.routes('protocol frr4'),
      (all) => all.length === 0,
    );
    const birdAfter = await bird.session('frr4');
    expect(birdAfter).toMatchObject({ state: 'Established', updatesReceived: birdBefore.updatesReceived });
    expect(birdAfter.withdrawsReceived).toBe(birdBefore.withdrawsReceived + 1);

    await bird.configure(birdConfig().replace('192.0.2.2/32', '192.0.2.3/32'));
    await eventually(
      'FRR has the other prefix',
      () => frr.routes('ipv4'),
      (all) => '192.0.2.3/32' in all && !('192.0.2.2/32' in all),
    );
    expect((await frr.neighbor(birdNode.ipv4)).messageStats.updatesRecv).toBeGreaterThan(frrBefore.messageStats.updatesRecv);
  });
});

describe('the network between them', () => {
  it('lets a client behind a router reach a node in both families', async () => {
    const client = await network.addBehind(birdNode, 'client');
    await frrNode.ip(routesTo(network.outside, birdNode));
    for (const address of [frrNode.ipv4, frrNode.ipv6]) {
      await client.run(['bash', '-c', `exec 3<>/dev/tcp/${address}/179`]);
    }
  });
});
