import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { Scope } from '../support/scope.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { type KubeObject, type Reference, TestClient } from './client.ts';
import { FakeKubelet, type FakePod } from './fake-kubelet.ts';

type Slice = Reference & {
  readonly addressType: string;
  readonly endpoints: readonly {
    readonly addresses: readonly string[];
    readonly nodeName: string;
    readonly conditions: { readonly ready: boolean; readonly serving: boolean; readonly terminating: boolean };
  }[];
};

const scope = new Scope();
const namespace = 'control-plane-test';
const client = new TestClient(inject('controlPlane'));
scope.onClose('client', () => client.close());
afterAll(() => scope.close());

let kubelet: FakeKubelet;
const pod: FakePod = { name: 'web-0', namespace, labels: { app: 'web' }, podIps: ['10.1.1.1', 'fd00:1::1'], ready: false };

beforeAll(async () => {
  const home: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } };
  await client.create(home);
  scope.onClose(`namespace ${namespace}`, () => client.delete(home));
  kubelet = await FakeKubelet.start(scope, client, {
    name: 'control-plane-test-node',
    addresses: { ipv4: '192.0.2.11', ipv6: '2001:db8::11' },
    labels: { 'topology.kubernetes.io/zone': 'a' },
  });
  const ports = [{ port: 53, protocol: 'UDP' }];
  await client.create({
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web', namespace },
    spec: {
      type: 'LoadBalancer',
      loadBalancerClass: 'example.org/none',
      ipFamilyPolicy: 'RequireDualStack',
      selector: { app: 'web' },
      ports,
    },
  });
});

/** The conditions of the pod's endpoints, `IPv4` and `IPv6`, once the slices have one each that is as expected. */
function endpoints(what: string, conditions: Partial<Slice['endpoints'][number]['conditions']> | undefined): Promise<unknown> {
  return eventually(
    what,
    async () => {
      const slices = await client.list<Slice>('discovery.k8s.io/v1', 'EndpointSlice', namespace, 'kubernetes.io/service-name=web');
      return slices.map(({ addressType, endpoints }) => ({ addressType, endpoints: endpoints ?? [] }));
    },
    (slices) =>
      slices.length === 2 &&
      slices.every((slice) =>
        conditions
          ? slice.endpoints.length === 1 && slice.endpoints.every((endpoint) => isDeepSubset(conditions, endpoint.conditions))
          : slice.endpoints.length === 0,
      ),
  );
}

function isDeepSubset(expected: object, actual: object): boolean {
  return Object.entries(expected).every(([key, value]) => (actual as Record<string, unknown>)[key] === value);
}

const widgetDefinition = { apiVersion: 'apiextensions.k8s.io/v1', kind: 'CustomResourceDefinition' };

const widgets = `
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: widgets.test.example.org }
spec:
  group: test.example.org
  names: { kind: Widget, plural: widgets, singular: widget, listKind: WidgetList }
  scope: Cluster
  versions:
    - name: v1
      served: true
      storage: true
      schema:
        openAPIV3Schema:
          type: object
          properties: { spec: { type: object, properties: { size: { type: integer } } } }
---
apiVersion: test.example.org/v1
kind: Widget
metadata: { name: first }
spec: { size: 3 }
`;

describe('the control plane of the tests', () => {
  it('answers as the pinned version, ready', async () => {
    expect(await client.request('GET', '/readyz')).toBe('ok');
    expect(await client.request('GET', '/version')).toMatchObject({ major: '1', minor: '36' });
  });

  it('has the node, Ready, with its addresses', async () => {
    const node = await client.get({ apiVersion: 'v1', kind: 'Node', metadata: { name: kubelet.node.name } });
    expect(node).toMatchObject({
      metadata: { labels: { 'topology.kubernetes.io/zone': 'a' } },
      status: { addresses: [{ address: '192.0.2.11' }, { address: '2001:db8::11' }, { type: 'Hostname' }] },
    });
  });

  it('writes a slice per family for a pod, and follows its readiness and its end', async () => {
    await kubelet.run(pod);
    await endpoints('both slices have the pod, not ready', { ready: false, serving: false, terminating: false });

    await kubelet.setReady(pod, true);
    await endpoints('both slices have the pod, ready', { ready: true, serving: true, terminating: false });

    await kubelet.setReady(pod, false);
    await endpoints('both slices have the pod, not ready again', { ready: false });

    await kubelet.setReady(pod, true);
    await client.delete({ apiVersion: 'v1', kind: 'Pod', metadata: pod });
    await endpoints('both slices have the pod, leaving but serving', { ready: false, serving: true, terminating: true });

    await kubelet.finish(pod);
    await endpoints('the pod is in no slice', undefined);
  });

  it('runs the pods of a Deployment once a kubelet takes them', async () => {
    const labels = { app: 'deployed' };
    const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'example.org/fake' }] } };
    const deployment: KubeObject = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'deployed', namespace },
      spec: { replicas: 1, selector: { matchLabels: labels }, template },
    };
    await client.create(deployment);
    const [waiting] = await eventually(
      'the Deployment has made its pod',
      () => client.list('v1', 'Pod', namespace, 'app=deployed'),
      (pods) => pods.length === 1,
    );
    await kubelet.adopt({ name: waiting?.metadata.name ?? '', namespace, labels, podIps: ['10.1.1.2'] });
    await eventually('the Deployment is available', async () => {
      const { status } = await client.get<Reference & { readonly status: { readonly availableReplicas?: number } }>(deployment);
      return status.availableReplicas === 1;
    });
  });

  it('serves a custom resource as soon as its definition is applied', async () => {
    const file = join(tempFolder(scope, 'crd'), 'widgets.yaml');
    writeFileSync(file, widgets);
    const applied = await client.applyFiles(file);
    scope.onClose('definition of widgets', () => client.delete({ ...widgetDefinition, metadata: { name: 'widgets.test.example.org' } }));
    expect(applied.map(({ kind }) => kind)).toEqual(['CustomResourceDefinition', 'Widget']);
    expect(await client.get(applied[1] as Reference)).toMatchObject({ spec: { size: 3 } });
    await expect(client.patch(applied[1] as Reference, { spec: { size: 'big' } })).rejects.toMatchObject({
      status: 422,
      reason: 'Invalid',
    });
  });

  it('issues tokens that are bound to a pod and says in a review whose they are', async () => {
    await client.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'speaker', namespace } });
    await kubelet.run({ ...pod, name: 'speaker-0', labels: { app: 'speaker' }, serviceAccountName: 'speaker' });
    const token = await client.podToken({ namespace, name: 'speaker-0' }, 'speaker', 'anycast-operator');

    const spec = { token, audiences: ['anycast-operator'] };
    const review = await client.request('POST', '/apis/authentication.k8s.io/v1/tokenreviews', {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenReview',
      spec,
    });
    expect(review).toMatchObject({
      status: {
        authenticated: true,
        audiences: ['anycast-operator'],
        user: {
          username: `system:serviceaccount:${namespace}:speaker`,
          extra: { 'authentication.kubernetes.io/node-name': [kubelet.node.name] },
        },
      },
    });
  });
});
