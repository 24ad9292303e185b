import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { kinds } from '#api/kinds.ts';
import { run } from '../support/processes.ts';
import { chart, helm, helmFolder, root } from './programs.ts';

type Container = { readonly args: readonly string[]; readonly securityContext: object };
type Rendered = {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec?: { readonly template?: { readonly spec: { readonly containers: readonly Container[] } } };
  readonly data?: Readonly<Record<string, string>>;
};

/** What the chart makes with these settings, each as `--set` takes it. */
async function render(...settings: readonly string[]): Promise<Rendered[]> {
  const text = await helm(
    'template',
    'anycast-operator',
    chart,
    '--namespace',
    'anycast-system',
    ...settings.flatMap((each) => ['--set', each]),
  );
  return parseAllDocuments(text).flatMap((document) => (document.toJS() as Rendered | null) ?? []);
}

const names = (objects: readonly Rendered[]): string[] => objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`).sort();
const ofKind = (objects: readonly Rendered[], kind: string): Rendered[] => objects.filter((object) => object.kind === kind);

describe('the chart', () => {
  it('has nothing that Helm warns of', async () => {
    await helm('lint', '--strict', chart);
  });

  it('has the version of the program', () => {
    const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    expect(parse(readFileSync(join(chart, 'Chart.yaml'), 'utf8'))).toMatchObject({ version, appVersion: version });
  });

  it('makes these objects, in one namespace', async () => {
    const objects = await render();
    expect(names(objects.filter(({ kind }) => kind !== 'CustomResourceDefinition'))).toEqual([
      'ClusterRole/anycast-operator',
      'ClusterRole/anycast-operator-approver',
      'ClusterRoleBinding/anycast-operator',
      'DaemonSet/anycast-speaker',
      'Deployment/anycast-operator',
      'PodDisruptionBudget/anycast-operator',
      'Role/anycast-operator',
      'RoleBinding/anycast-operator',
      'Secret/anycast-operator-tls',
      'Service/anycast-operator',
      'ServiceAccount/anycast-operator',
      'ServiceAccount/anycast-speaker',
    ]);
    const namespaced = objects.filter(({ kind }) => !/^(Cluster|CustomResourceDefinition)/.test(kind));
    expect(new Set(namespaced.map(({ metadata }) => metadata.namespace))).toEqual(new Set(['anycast-system']));
  });

  it('brings the definition of each kind, to be kept when it is uninstalled, unless that is not wanted', async () => {
    const kept = ofKind(await render(), 'CustomResourceDefinition');
    expect(kept).toHaveLength(Object.keys(kinds).length);
    for (const { metadata } of kept) expect(metadata.annotations).toEqual({ 'helm.sh/resource-policy': 'keep' });
    const unkept = ofKind(await render('crds.keep=false'), 'CustomResourceDefinition');
    expect(unkept.filter(({ metadata }) => metadata.annotations !== undefined)).toEqual([]);
    expect(unkept.map(({ metadata }) => metadata.name)).toEqual(kept.map(({ metadata }) => metadata.name));
    expect(ofKind(await render('crds.enabled=false'), 'CustomResourceDefinition')).toEqual([]);
  });

  it('starts the program with flags that it has', async () => {
    const workloads = (await render()).flatMap(({ spec }) => spec?.template?.spec.containers ?? []);
    expect(workloads).toHaveLength(2);
    for (const { args } of workloads) {
      const [command = '', ...flags] = args;
      const help = await run([join(root, 'anycast'), command, '--help']);
      for (const flag of flags) expect(help).toContain(`${flag.split('=')[0]} <`);
    }
  });

  it('takes every right from containers that they can do without', async () => {
    const workloads = (await render()).flatMap(({ spec }) => spec?.template?.spec.containers ?? []);
    for (const { securityContext } of workloads) {
      expect(securityContext).toEqual({ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
    }
  });

  it('gives speakers, and only them, raw sockets where routers are known by interface only', async () => {
    const workloads = await render('speaker.unnumberedPeers=true');
    const capabilities = (kind: string) =>
      ofKind(workloads, kind).flatMap(({ spec }) => spec?.template?.spec.containers.map(({ securityContext }) => securityContext) ?? []);
    expect(capabilities('DaemonSet')).toMatchObject([{ capabilities: { drop: ['ALL'], add: ['NET_RAW'] } }]);
    expect(capabilities('Deployment')).toMatchObject([{ capabilities: { drop: ['ALL'] } }]);
    expect(JSON.stringify(capabilities('Deployment'))).not.toContain('NET_RAW');
  });
});

describe('TLS of the chart', () => {
  it('is a certificate for the name that speakers dial, unless one is given', async () => {
    const [secret] = ofKind(await render(), 'Secret');
    const certificate = Buffer.from(secret?.data?.['tls.crt'] ?? '', 'base64').toString();
    const authority = Buffer.from(secret?.data?.['ca.crt'] ?? '', 'base64').toString();
    const { X509Certificate } = await import('node:crypto');
    const shown = new X509Certificate(certificate);
    expect(shown.checkHost('anycast-operator.anycast-system.svc')).toBeDefined();
    expect(shown.verify(new X509Certificate(authority).publicKey)).toBe(true);
    expect(ofKind(await render('tls.secretName=mine'), 'Secret')).toEqual([]);
  });

  it('leaves the certificate to cert-manager where an issuer is named', async () => {
    const objects = await render('tls.issuerRef.name=internal', 'tls.issuerRef.kind=ClusterIssuer');
    expect(ofKind(objects, 'Secret')).toEqual([]);
    expect(ofKind(objects, 'Certificate')).toMatchObject([
      { spec: { secretName: 'anycast-operator-tls', dnsNames: ['anycast-operator.anycast-system.svc'], issuerRef: { name: 'internal' } } },
    ]);
  });
});

describe('values', () => {
  type Schema = { readonly properties?: Readonly<Record<string, Schema>>; readonly additionalProperties?: unknown };
  const keysOf = (value: unknown): string[] => (typeof value === 'object' && value !== null ? Object.keys(value).sort() : []);

  it('are the ones that the schema has', () => {
    const schema = JSON.parse(readFileSync(join(chart, 'values.schema.json'), 'utf8')) as Schema;
    const values = parse(readFileSync(join(chart, 'values.yaml'), 'utf8')) as Record<string, unknown>;
    expect(keysOf(schema.properties).filter((key) => key !== 'global')).toEqual(keysOf(values));
    for (const [key, part] of Object.entries(values)) expect(keysOf(schema.properties?.[key]?.properties)).toEqual(keysOf(part));
  });

  it.each(['operator.replica=3', 'speaker.logLevel=loud', 'operator.replicas=0', 'tls.secret=mine'])('refuse %s', async (setting) => {
    await expect(render(setting)).rejects.toThrow(setting.split(/[.=]/)[1]);
  });

  it.each([
    'image.repository=registry.example.org/anycast',
    'image.tag=v9',
    'image.pullPolicy=Always',
    'image.pullSecrets[0].name=registry',
    'operator.replicas=3',
    'operator.logLevel=debug',
    'operator.resources.limits.memory=1Gi',
    'operator.nodeSelector.pool=system',
    'operator.tolerations[0].key=system',
    'operator.priorityClassName=high',
    'speaker.logLevel=debug',
    'speaker.resources.limits.memory=1Gi',
    'speaker.nodeSelector.pool=edge',
    'speaker.tolerations[0].key=edge',
    'speaker.priorityClassName=high',
  ])('%s changes what is made', async (setting) => {
    const given = ['tls.secretName=mine', 'crds.enabled=false'];
    const [plain, changed] = await Promise.all([render(...given), render(...given, setting)]);
    expect(JSON.stringify(changed)).not.toBe(JSON.stringify(plain));
    expect(JSON.stringify(changed)).toContain(setting.split('=')[1]);
    expect(names(changed)).toEqual(names(plain));
  });
});

describe('deploy/base', () => {
  it('is what the chart makes', async () => {
    const rendered = await run(['env', `HELM=${join(await helmFolder(), 'helm')}`, join(root, 'deploy/render')], { withinMs: 60_000 });
    expect(readFileSync(join(root, 'deploy/base/operator.yaml'), 'utf8')).toBe(rendered);
  });
});

describe('examples for GitOps in the guide', () => {
  type Example = {
    readonly kind: string;
    readonly spec: {
      readonly values?: object;
      readonly source?: { readonly path: string; readonly helm: { readonly valuesObject: object } };
    };
  };
  const guide = readFileSync(join(root, 'docs/guides/install.md'), 'utf8');
  const examples = [...guide.matchAll(/```yaml\n(.*?)```/gs)].map(([, text = '']) => parse(text) as Example);

  it('has one for Argo CD and one for Flux', () => {
    expect(examples.map(({ kind }) => kind)).toEqual(['Application', 'HelmRelease']);
  });

  it.each(examples)('gives values that the chart takes: $kind', async ({ spec }) => {
    const values = spec.values ?? spec.source?.helm.valuesObject ?? {};
    const settings = Object.entries(values).map(([key, value]) => `${key}=${JSON.stringify(value)}`);
    await helm('template', 'anycast-operator', chart, ...settings.flatMap((each) => ['--set-json', each]));
  });
});
