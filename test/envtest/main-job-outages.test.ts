import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { Scope } from '../support/scope.ts';
import type { Reference } from './client.ts';
import { audience, logLines, startSpeaker, system } from './support/anycast-processes.ts';
import { home, nodeNames, Site, type SiteService } from './support/main-job.ts';

const scope = new Scope();
afterAll(() => scope.close());

let site: Site;
let dns: SiteService;
/** Its pods come and go, to show that the operator still decides. */
let witness: SiteService;

beforeAll(async () => {
  site = await Site.start(scope);
  [dns, witness] = [await site.createService('dns'), await site.createService('witness')];
  await site.runPods(dns);
  await site.runPods(witness, ['n1']);
  await site.untilRouted(dns, nodeNames);
  await site.untilRouted(witness, ['n1']);
});

describe('the operator', () => {
  it('can be stopped and started: routers hear of nothing, and then of what changes', async () => {
    const before = site.routers.updates();
    await site.operator.stop();
    await site.startOperator();
    await site.untilConnected();

    // What it decides now comes after whatever it decided on its return: two UPDATEs, one per family, are all there was.
    await site.setReady(witness, 'n1', false);
    await site.untilRouted(witness, []);
    await site.untilUpdates(before, 2);
    await site.untilRouted(dns, nodeNames);
  });

  it('can be away while readiness changes: routers hear of it when it is back', async () => {
    const before = site.routers.updates();
    await site.operator.stop();
    await site.setReady(dns, 'n3', false);
    await site.startOperator();
    await site.untilRouted(dns, ['n1', 'n2']);
    await site.untilUpdates(before, 2);
    await site.setReady(dns, 'n3', true);
    await site.untilRouted(dns, nodeNames);
  });
});

describe('a speaker', () => {
  it('is taken with the token of its own pod on its own node, and with no other', async () => {
    const account = { name: 'curious', namespace: home };
    await site.client.create({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: account });
    const pod = { name: 'curious', namespace: home };
    await site.kubelet('n1').run({ ...pod, labels: { app: 'curious' }, podIps: ['10.1.1.250'], serviceAccountName: account.name });
    const refused = () => logLines(site.operator, 'speaker-refused').map(({ reason }) => String(reason));

    // Any pod can have a token made for our audience.
    const token = await site.client.podToken(pod, account.name, audience);
    const intruder = startSpeaker(scope, site.namespace('n1'), site.place, { node: 'n1', token });
    const user = `system:serviceaccount:${home}:curious`;
    await eventually('the operator refuses another account', refused, (all) => all.some((reason) => reason.includes(user)));
    await intruder.stop();

    const speaker = { name: 'speaker-n1', namespace: system.namespace };
    const borrowed = await site.client.podToken(speaker, system.account, audience);
    const elsewhere = startSpeaker(scope, site.namespace('n2'), site.place, { node: 'n2', token: borrowed });
    await eventually('the operator refuses a token of another node', refused, (all) => all.some((reason) => /n1.*n2|n2.*n1/.test(reason)));
    await elsewhere.stop();

    await site.untilRouted(dns, nodeNames);
    for (const running of site.speakers.values()) running.mustRun();
  });
});

describe('kubelets', () => {
  type Node = Reference & { readonly status: { readonly conditions: readonly { readonly type: string; readonly status: string }[] } };
  type Slice = Reference & { readonly endpoints: readonly { readonly conditions: { readonly ready: boolean } }[] };

  const nodesAre = (status: string) =>
    eventually(
      `all Nodes are Ready=${status}`,
      async () => {
        const nodes = await site.client.list<Node>('v1', 'Node');
        return nodes.map((node) => node.status.conditions.find(({ type }) => type === 'Ready')?.status);
      },
      (all) => all.every((each) => each === status),
      { withinMs: 80_000, everyMs: 500 },
    );
  const endpointsAre = (ready: boolean) =>
    eventually(
      `all endpoints are ready=${ready}`,
      async () => {
        const slices = await site.client.list<Slice>(
          'discovery.k8s.io/v1',
          'EndpointSlice',
          home,
          `kubernetes.io/service-name=${dns.name}`,
        );
        return slices.flatMap(({ endpoints }) => endpoints.map(({ conditions }) => conditions.ready));
      },
      (all) => all.length > 0 && all.every((each) => each === ready),
      { withinMs: 20_000, everyMs: 200 },
    );

  it('can all be silent for 90 s while their pods serve: every endpoint is written not ready, and routers hear of nothing, not even from an operator that starts meanwhile', async () => {
    const before = site.routers.updates();
    const silence = delay(90_000);
    for (const node of nodeNames) await site.kubelet(node).pause();
    await nodesAre('Unknown');
    await endpointsAre(false);
    // An operator that starts now has seen no better times, and knows what is announced from the speakers alone.
    await site.operator.stop();
    await site.startOperator();
    await site.untilConnected();
    await silence;
    expect(site.updatesSince(before)).toEqual({ frr: 0, bird: 0 });

    for (const node of nodeNames) site.kubelet(node).resume();
    await nodesAre('True');
    await endpointsAre(true);
    await site.untilRouted(dns, nodeNames);
    expect(site.updatesSince(before)).toEqual({ frr: 0, bird: 0 });
  }, 200_000);
});
