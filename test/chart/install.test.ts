import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { kinds } from '#api/kinds.ts';
import { apiVersion, withdrawFinalizer } from '#api/names.ts';
import type { Reference, TestClient } from '../envtest/client.ts';
import { startControlPlane } from '../envtest/control-plane.ts';
import { eventually } from '../support/eventually.ts';
import { run } from '../support/processes.ts';
import { Scope } from '../support/scope.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { helmFolder, root } from './programs.ts';

const guide = readFileSync(join(root, 'docs/guides/install.md'), 'utf8');

/** The commands of each section of the guide, one line each. */
const commands = new Map(
  guide
    .split(/^## /m)
    .slice(1)
    .map((section) => [
      section.split('\n')[0] ?? '',
      [...section.matchAll(/```sh\n(.*?)```/gs)].flatMap(([, block = '']) => block.trim().split('\n')),
    ]),
);

const scope = new Scope();
afterAll(() => scope.close());

let client: TestClient;
/** Variables that make what the guide calls work: programs, the cluster, the checkout, a node. */
let env: string[];
/** What was run of the guide. */
const wasRun = new Set<string>();

beforeAll(async () => {
  const plane = await startControlPlane(scope);
  client = plane.client;
  // A checkout of its own: the guide's commands leave files beside those of the repository.
  const checkout = tempFolder(scope, 'checkout');
  for (const folder of ['charts', 'deploy', 'examples']) cpSync(join(root, folder), join(checkout, folder), { recursive: true });
  writeFileSync(join(checkout, 'leaf-1.password'), 'a password\n');
  const path = [await helmFolder(), process.env['PATH']].join(delimiter);
  const helmHome = ['HELM_CACHE_HOME', 'HELM_CONFIG_HOME', 'HELM_DATA_HOME'].map((name) => `${name}=${join(checkout, name)}`);
  env = ['env', '-C', checkout, `PATH=${path}`, `KUBECONFIG=${plane.access.kubeconfig}`, 'NODE=n1', ...helmHome];
});

/** Runs a line of the guide as a person would, in a shell. Every one ends within a minute, or is taken to hang. */
async function execute(line: string): Promise<string> {
  wasRun.add(line);
  const [program = '', ...args] = [...env, 'bash', '-euo', 'pipefail', '-c', line];
  return run([program, ...args], { withinMs: 60_000 });
}

/** Runs the commands of a section, all or those that match. */
async function follow(section: string, which = /./): Promise<string[]> {
  const lines = (commands.get(section) ?? []).filter((line) => which.test(line));
  if (lines.length === 0) throw new Error(`section "${section}" of the guide has no command that matches ${which}`);
  const outputs: string[] = [];
  for (const line of lines) outputs.push(await execute(line));
  return outputs;
}

const object = (apiVersion: string, kind: string, name: string, namespace = 'anycast-system'): Reference => ({
  apiVersion,
  kind,
  metadata: { name, namespace },
});
const definitions = Object.values(kinds).map(({ plural, group }) =>
  object('apiextensions.k8s.io/v1', 'CustomResourceDefinition', `${plural}.${group}`),
);
const workloads = [object('apps/v1', 'Deployment', 'anycast-operator'), object('apps/v1', 'DaemonSet', 'anycast-speaker')];
const namespace = object('v1', 'Namespace', 'anycast-system');
const tlsSecret = object('v1', 'Secret', 'anycast-operator-tls');
/** What examples/dns.yaml makes of ours, and the Service that it announces. */
const announced = [
  ...['AnycastPool', 'AnycastAdvertisement', 'AnycastService'].map((kind) => object(apiVersion, kind, 'dns', 'dns')),
  object('v1', 'Service', 'dns', 'dns'),
];

const are = async (references: readonly Reference[]): Promise<boolean[]> =>
  Promise.all(references.map(async (reference) => (await client.find(reference)) !== undefined));
const all = (references: readonly Reference[], there: boolean): boolean[] => references.map(() => there);

/** The certificate in the Secret. */
const certificate = async () => (await client.get<Reference & { data: Record<string, string> }>(tlsSecret)).data['tls.crt'];

/** Puts the finalizer on what the example made, as a running operator does, or takes it off. */
async function setFinalizers(finalizers: readonly string[] | null): Promise<void> {
  for (const reference of announced) {
    if ((await client.find(reference)) !== undefined) await client.patch(reference, { metadata: { finalizers } });
  }
}

describe('with Helm', () => {
  it('installs everything, and the upgrade keeps the certificate', async () => {
    await follow('With Helm', /^helm install|^kubectl label/);
    expect(await are([...definitions, ...workloads, tlsSecret])).toEqual(all([...definitions, ...workloads, tlsSecret], true));
    const before = await certificate();
    await follow('With Helm', /^helm upgrade/);
    expect(await certificate()).toBe(before);
  });

  it('takes a configuration that announces nothing, and lets it announce', async () => {
    const [, changed] = await eventually('the new kinds are served', () => follow('Try it beside another speaker'));
    expect(changed).toContain('anycastconfig.anycast-operator.io/default patched');
  });

  it('takes the example, and shows it', async () => {
    const [, shown] = await eventually('the new kinds are served', () => follow('Announcing something'));
    expect(shown).toContain('anycastservice');
    await follow('Passwords of sessions');
    const peer = await client.get<Reference & { spec: object }>(object(apiVersion, 'AnycastPeer', 'leaf-1-ipv6'));
    expect(peer.spec).toMatchObject({ passwordSecret: 'leaf-1' });
    await follow('Updating speakers');
  });

  it('does not hang when it is uninstalled while objects of ours wait for their withdrawal, and keeps them', async () => {
    await setFinalizers([withdrawFinalizer]);
    await follow('Uninstalling', /^helm uninstall/);
    expect(await are([...workloads, tlsSecret])).toEqual(all([...workloads, tlsSecret], false));
    expect(await are([...definitions, ...announced])).toEqual(all([...definitions, ...announced], true));
  });

  it('leaves a way to free what waits for an operator that is gone, and takes off no finalizer but ours', async () => {
    await setFinalizers(['example.org/other', withdrawFinalizer]);
    await follow('Uninstalling', /^deploy/);
    for (const reference of announced) expect((await client.get(reference)).metadata.finalizers).toEqual(['example.org/other']);
  });

  it('installs again over what was kept, and goes in order', async () => {
    await setFinalizers(null);
    await follow('With Helm', /^helm install/);
    await follow('Uninstalling', /^kubectl apply|^kubectl delete anycast|^helm uninstall/);
    expect(await are(workloads)).toEqual(all(workloads, false));
    expect(await are(definitions)).toEqual(all(definitions, true));
    expect(await are(announced.slice(0, 3))).toEqual([false, false, false]);
  });
});

describe('with kubectl', () => {
  it('installs everything with the certificate that the guide makes', async () => {
    await follow('With kubectl');
    expect(await are([...definitions, ...workloads, tlsSecret])).toEqual(all([...definitions, ...workloads, tlsSecret], true));
    const { X509Certificate } = await import('node:crypto');
    const shown = new X509Certificate(Buffer.from((await certificate()) ?? '', 'base64'));
    expect(shown.checkHost('anycast-operator.anycast-system.svc')).toBeDefined();
  });

  it('goes in order, definitions and all', async () => {
    await eventually('the new kinds are served', () => follow('Announcing something', /apply/));
    await follow('Uninstalling', /^kubectl (apply|delete)/);
    await eventually(
      'all is gone',
      () => are([...definitions, namespace]),
      (there) => !there.includes(true),
      // The API server comes back to a definition whose objects had finalizers after up to half a minute.
      { withinMs: 90_000 },
    );
  });

  it('goes in the end when the definitions were deleted before the objects', async () => {
    await follow('With kubectl');
    await eventually('the new kinds are served', () => follow('Announcing something', /apply/));
    await setFinalizers([withdrawFinalizer]);
    await execute('kubectl delete -k deploy/base --wait=false --ignore-not-found');
    await eventually(
      'the operator is gone',
      () => are(workloads),
      (there) => !there.includes(true),
    );
    expect(await are(announced)).toEqual(all(announced, true));
    await follow('Uninstalling', /^deploy/);
    await eventually(
      'all is gone',
      () => are([...definitions, namespace]),
      (there) => !there.includes(true),
      // The API server comes back to a definition whose objects had finalizers after up to half a minute.
      { withinMs: 90_000 },
    );
  });
});

describe('the guide', () => {
  it('has no command that was not run', () => {
    expect([...commands.values()].flat().filter((line) => !wasRun.has(line))).toEqual([]);
  });
});
