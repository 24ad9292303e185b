import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startBird } from '../support/bird.ts';
import { eventually } from '../support/eventually.ts';
import { createNetwork, type Namespace, type Network, routesTo } from '../support/netns.ts';
import { Scope } from '../support/scope.ts';
import { type KubeObject, TestClient } from './client.ts';
import { FakeKubelet, type FakePod } from './fake-kubelet.ts';
import { startKubeProxy } from './kube-proxy.ts';

const scope = new Scope();
const namespace = 'data-path-test';
const access = inject('controlPlane');
const client = new TestClient(access);
scope.onClose('client', () => client.close());
afterAll(() => scope.close());

const anycast = { ipv4: '192.0.2.53', ipv6: '2001:db8:53::53' };
const podIps = { ipv4: '10.1.1.1', ipv6: 'fd00:10:1::1' };
const pod: FakePod = { name: 'web-0', namespace, labels: { app: 'web' }, podIps: [podIps.ipv4, podIps.ipv6] };

let network: Network;
let node: Namespace;
let router: Namespace;
let outside: Namespace;
let kubelet: FakeKubelet;

beforeAll(async () => {
  network = await createNetwork(scope);
  [node, router] = [await network.add('node'), await network.add('router')];
  outside = await network.addBehind(router, 'client');
  await node.ip([
    ...routesTo(network.outside, router),
    `address add ${podIps.ipv4}/32 dev lo`,
    `address add ${podIps.ipv6}/128 dev lo nodad`,
  ]);
  await startBird(scope, router, staticRoutes());

  const home: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  await client.create(home);
  scope.onClose(`namespace ${namespace}`, () => client.delete(home));
  kubelet = await FakeKubelet.start(scope, client, { name: 'data-path-test-node', addresses: node });
  await client.create(service);
  await client.patch(service, { status: { loadBalancer: { ingress: [{ ip: anycast.ipv4 }, { ip: anycast.ipv6 }] } } }, 'status');
  await startKubeProxy(scope, network, node, access, kubelet.node.name);
  const server = 'require("net").createServer((c) => c.end("hello from the pod")).listen(8080, "::")';
  node.start(scope, 'pod', [process.execPath, '-e', server]);
});

const service: KubeObject = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web', namespace },
  spec: {
    type: 'LoadBalancer',
    loadBalancerClass: 'example.org/none',
    ipFamilyPolicy: 'RequireDualStack',
    externalTrafficPolicy: 'Local',
    selector: { app: 'web' },
    ports: [{ port: 80, targetPort: 8080 }],
  },
};

/** In place of what a speaker would announce. */
const staticRoutes = () => `
router id ${router.ipv4};
protocol device {}
protocol direct { ipv4; ipv6; }
protocol static { ipv4; route ${anycast.ipv4}/32 via ${node.ipv4}; }
protocol static { ipv6; route ${anycast.ipv6}/128 via ${node.ipv6}; }
protocol kernel { ipv4 { export where source = RTS_STATIC; }; }
protocol kernel { ipv6 { export where source = RTS_STATIC; }; }
`;

const ask = (address: string) => outside.run(['timeout', '2', 'bash', '-c', `exec 3<>/dev/tcp/${address}/80; cat <&3`]);

describe('the path from a client behind a router to a pod', () => {
  it('leads through the router and kube-proxy once the pod is ready, and ends when it is not', async () => {
    for (const address of Object.values(anycast)) await expect(ask(address)).rejects.toThrow();

    await kubelet.run(pod);
    for (const address of Object.values(anycast)) {
      expect(await eventually(`${address} answers`, () => ask(address))).toBe('hello from the pod');
    }

    await kubelet.setReady(pod, false);
    for (const address of Object.values(anycast)) {
      await eventually(
        `${address} refuses`,
        () =>
          ask(address).then(
            () => 'answered',
            () => 'refused',
          ),
        (outcome) => outcome === 'refused',
      );
    }
  });
});
