import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Reference } from '../envtest/client.ts';
import { type ControlPlane, writeKubeconfig } from '../envtest/control-plane.ts';
import { system } from '../envtest/support/anycast-processes.ts';
import { refinementOf, Site } from '../envtest/support/main-job.ts';
import { eventually } from '../support/eventually.ts';
import { run } from '../support/processes.ts';
import { Scope } from '../support/scope.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { root } from './programs.ts';

const scope = new Scope();
afterAll(() => scope.close());

const account = 'anycast-operator';
const user = `system:serviceaccount:${system.namespace}:${account}`;
const folder = tempFolder(scope, 'rights');
const auditLog = join(folder, 'audit.log');
let site: Site;

/** Installs as the guide says, and makes a kubeconfig for the operator's service account. */
async function installed(plane: ControlPlane): Promise<string> {
  const { access, client } = plane;
  const kubectl = ['kubectl', '--kubeconfig', access.kubeconfig] as const;
  await run([...kubectl, 'apply', '--server-side', '--force-conflicts', '-k', join(root, 'deploy/base')], { withinMs: 60_000 });
  const path = `/api/v1/namespaces/${system.namespace}/serviceaccounts/${account}/token`;
  const request = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec: { expirationSeconds: 7_200 } };
  const { status } = await client.request<{ status: { token: string } }>('POST', path, request);
  return writeKubeconfig(join(folder, 'kubeconfig'), { ...access, token: status.token });
}

beforeAll(async () => {
  const policy = join(folder, 'policy.yaml');
  const rules = [{ level: 'Metadata', users: [user], omitStages: ['RequestReceived'] }, { level: 'None' }];
  writeFileSync(policy, JSON.stringify({ apiVersion: 'audit.k8s.io/v1', kind: 'Policy', rules }));
  const apiServerFlags = [`--audit-policy-file=${policy}`, `--audit-log-path=${auditLog}`, '--audit-log-mode=blocking'];
  site = await Site.start(scope, { apiServerFlags, operatorKubeconfig: installed, config: { removalGuard: { graceSeconds: 0 } } });
});

type Asked = {
  readonly verb: string;
  readonly requestURI: string;
  readonly objectRef?: { readonly apiGroup?: string; readonly resource: string; readonly subresource?: string };
  readonly responseStatus?: { readonly code: number };
};

/** What the operator has asked the API server for so far. */
const asked = (): Asked[] =>
  readFileSync(auditLog, 'utf8')
    .split('\n')
    .filter((line) => line.endsWith('}'))
    .map((line) => JSON.parse(line) as Asked);

type Rules = Reference & {
  readonly rules: readonly {
    readonly apiGroups: readonly string[];
    readonly resources: readonly string[];
    readonly verbs: readonly string[];
  }[];
};

/** Does what the guide says after a place in it, as an administrator would, in a shell. */
async function followGuide(place: string): Promise<void> {
  const guide = readFileSync(join(root, 'docs/guides/removal.md'), 'utf8');
  const [, commands] = guide.slice(guide.indexOf(place)).match(/^```sh\n(.*?)^```$/ms) ?? [];
  if (commands === undefined) throw new Error(`the guide has no commands after "${place}"`);
  await run(['env', `KUBECONFIG=${site.plane.access.kubeconfig}`, 'bash', '-euo', 'pipefail', '-c', commands], { withinMs: 30_000 });
}

/** Whether somebody of a group may patch AnycastHolds. */
async function mayApprove(group: string): Promise<boolean> {
  const resourceAttributes = { group: 'anycast-operator.io', resource: 'anycastholds', verb: 'patch' };
  const review = {
    apiVersion: 'authorization.k8s.io/v1',
    kind: 'SubjectAccessReview',
    spec: { user: 'eve', groups: [group], resourceAttributes },
  };
  const path = '/apis/authorization.k8s.io/v1/subjectaccessreviews';
  return (await site.client.request<{ readonly status: { readonly allowed: boolean } }>('POST', path, review)).status.allowed;
}

/** Waits until the removal of everything is held, and says so. */
const untilHeld = () =>
  eventually(
    'the removal is held',
    async () => {
      const path = '/apis/anycast-operator.io/v1alpha1/anycastholds';
      return (await site.client.request<{ readonly items: readonly { readonly status?: { readonly hash?: string } }[] }>('GET', path))
        .items;
    },
    (holds) => holds[0]?.status?.hash !== undefined,
  );

/** What a role allows, one line for each verb and resource. */
async function granted(kind: 'ClusterRole' | 'Role'): Promise<string[]> {
  const metadata = { name: account, namespace: system.namespace };
  const { rules } = await site.client.get<Rules>({ apiVersion: 'rbac.authorization.k8s.io/v1', kind, metadata });
  return rules.flatMap(({ apiGroups, resources, verbs }) =>
    apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource} of "${group}"`))),
  );
}

it('gives the operator every right that the main job needs, and none that it does not use', async () => {
  const service = await site.createService('dns');
  const refinement = refinementOf(service, {});
  await site.client.create(refinement);
  await site.runPods(service);
  await site.untilRouted(service, ['n1', 'n2', 'n3']);
  await site.untilCondition(refinement, 'Ready', { status: 'True' });

  await site.setReady(service, 'n2', false);
  await site.untilRouted(service, ['n1', 'n3']);

  await site.client.delete(refinement);
  // The last prefixes of the pool wait for a person, who first lets the Service go, and then its routes.
  await site.client.delete(service.reference);
  await untilHeld();
  expect(await mayApprove('network-on-call')).toBe(false);
  await followGuide('## Who may approve');
  expect(await mayApprove('network-on-call')).toBe(true);
  await followGuide('**It was a mistake.**');
  await site.untilGone(service.reference);
  await site.untilRouted(service, ['n1', 'n3']);
  await followGuide('**It was meant.**');
  await site.untilRouted(service, []);
  await site.untilGone(refinement);
  await site.untilGone(service.reference);

  // A node that leaves for good takes what is said of its speaker with it.
  const speaker = { apiVersion: 'anycast-operator.io/v1alpha1', kind: 'AnycastSpeaker', metadata: { name: 'n3' } };
  await site.untilCondition(speaker, 'Ready', { status: 'True' });
  await site.speakers.get('n3')?.stop();
  await site.kubelet('n3').remove();
  await site.untilGone(speaker);

  const rights = [...(await granted('ClusterRole')), ...(await granted('Role'))].sort();
  expect(rights).toEqual(expect.arrayContaining(onlyAfterFaults));
  const wanted = rights.filter((right) => !onlyAfterFaults.includes(right));
  const used = await eventually(
    'all rights were used',
    () => [...new Set(asked().map(whatFor))].sort(),
    (uses) => wanted.every((right) => uses.includes(right)),
    { withinMs: 20_000, everyMs: 500 },
  );
  expect(asked().filter(({ responseStatus }) => responseStatus?.code === 403)).toEqual([]);
  expect(used).toEqual(wanted);
  expect(site.operator.output()).not.toMatch(/forbidden/i);
  // Rules can't tell types of Secrets: that no others are read is kept by asking for none.
  for (const { requestURI } of asked().filter(({ objectRef }) => objectRef?.resource === 'secrets')) {
    const { pathname, searchParams } = new URL(requestURI, 'https://api');
    expect([pathname, searchParams.get('fieldSelector')]).toEqual([
      `/api/v1/namespaces/${system.namespace}/secrets`,
      'type=kubernetes.io/basic-auth',
    ]);
  }
});

/** Asked for only when an object vanished from a list without a word: a fault that the main job does not have. */
const onlyAfterFaults = ['get endpointslices of "discovery.k8s.io"', 'get namespaces of ""', 'get nodes of ""'];

/** A request as {@link granted} says it. */
function whatFor({ verb, requestURI, objectRef }: Asked): string {
  if (objectRef === undefined) return `${verb} ${requestURI}`;
  const { apiGroup = '', resource, subresource } = objectRef;
  return `${verb} ${resource}${subresource === undefined ? '' : `/${subresource}`} of "${apiGroup}"`;
}
