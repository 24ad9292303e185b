import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { Scope } from '../support/scope.ts';
import type { Reference } from './client.ts';
import { type ControlPlane, startControlPlane } from './control-plane.ts';
import { FakeKubelet } from './fake-kubelet.ts';

type Node = Reference & { readonly status: { readonly conditions: readonly { readonly type: string; readonly status: string }[] } };

const scope = new Scope();
afterAll(() => scope.close());

let plane: ControlPlane;
let kubelet: FakeKubelet;

// A control plane of its own: these tests stop it, and let the node controller lose patience in seconds.
beforeAll(async () => {
  const impatient = ['--node-monitor-grace-period=4s', '--node-monitor-period=500ms'];
  plane = await startControlPlane(scope, { controllerFlags: impatient });
  kubelet = await FakeKubelet.start(scope, plane.client, { name: 'node', addresses: { ipv4: '192.0.2.11' }, heartbeatMs: 500 });
});

const ready = async () => {
  const node = await plane.client.get<Node>({ apiVersion: 'v1', kind: 'Node', metadata: { name: 'node' } });
  return node.status.conditions.find(({ type }) => type === 'Ready')?.status;
};
const becomes = (status: string) => eventually(`Node ready is ${status}`, ready, (seen) => seen === status, { withinMs: 60_000 });

describe('outages that tests can make', () => {
  it('a kubelet that stops reporting leaves its Node Unknown until it reports again', async () => {
    await becomes('True');
    await kubelet.pause();
    await becomes('Unknown');
    kubelet.resume();
    await becomes('True');
  });

  it('an API server that was stopped comes back with its data, and the kubelet reports again by itself', async () => {
    await plane.apiServer().stop(0);
    await eventually('the kubelet notices', () => kubelet.lastFailure?.message);
    await plane.startApiServer();
    await eventually('the kubelet reports again', () => kubelet.lastFailure === undefined);
    await becomes('True');
  });

  it('an API server that is frozen answers nobody until it is thawed', async () => {
    await plane.apiServer().freeze();
    const answer = plane.client.request('GET', '/readyz');
    const early = await Promise.race([answer, new Promise((resolve) => setTimeout(resolve, 500, 'silence'))]);
    plane.apiServer().thaw();
    expect(early).toBe('silence');
    expect(await answer).toBe('ok');
  });
});
