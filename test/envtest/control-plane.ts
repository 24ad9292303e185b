/**
 * test/envtest — tests against a real Kubernetes control plane: etcd, kube-apiserver and kube-controller-manager as processes
 * of the test run, a {@link FakeKubelet} per Node in place of the kubelet, and kube-proxy in a node's network namespace.
 *
 * One control plane serves the lane (`setup.ts`, `inject('controlPlane')`); a file that stops, freezes or rewinds the API
 * server starts its own. Files share it one after another: each works in namespaces and with Nodes of its own names and
 * deletes what it made outside its namespace.
 */
import { execFile } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { eventually } from '../support/eventually.ts';
import { freePorts } from '../support/ports.ts';
import { type RunningProcess, run, startProcess } from '../support/processes.ts';
import { Scope } from '../support/scope.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { TestClient } from './client.ts';

/** How to reach the API server as its administrator; plain data, so that vitest can hand it to the test files. */
export type ControlPlaneAccess = {
  /** `https://127.0.0.1:PORT`. The server listens on every IPv4 address; {@link writeKubeconfig} serves namespaces. */
  readonly url: string;
  readonly port: number;
  /** A bearer token of group system:masters. */
  readonly token: string;
  /** File with the certificate that the server shows and clients trust; it is made out to `localhost` and 127.0.0.1. */
  readonly caFile: string;
  /** A kubeconfig with all of this. */
  readonly kubeconfig: string;
  /** Folder with the servers' programs. */
  readonly servers: string;
};

/** A running control plane. */
export type ControlPlane = {
  readonly access: ControlPlaneAccess;
  readonly client: TestClient;
  /** The etcd that runs now. */
  etcd(): RunningProcess;
  /** The API server that runs now: `freeze()`, `thaw()`, `stop(0)`. */
  apiServer(): RunningProcess;
  /** The controller manager, unless it was left out. */
  readonly controllerManager: RunningProcess | undefined;
  /** Starts the API server again on the same port and data, after `apiServer().stop(0)`; returns when it is ready. */
  startApiServer(): Promise<void>;
  /** Copies etcd's data as they are; the result is for {@link ControlPlane.restore}. */
  backUp(): Promise<string>;
  /** Does what an administrator does after a disaster: stops API server and etcd, and starts both on the data of a backup. */
  restore(backup: string): Promise<void>;
};

/** What differs between control planes. */
export type ControlPlaneOptions = {
  /** Whether kube-controller-manager runs: endpoint slices, node life cycle, namespaces, garbage. Default true. */
  readonly controllers?: boolean;
  /** More flags for kube-controller-manager, such as `--node-monitor-grace-period=10s`. Default none: real timing. */
  readonly controllerFlags?: readonly string[];
  /** More flags for kube-apiserver. Default none. */
  readonly apiServerFlags?: readonly string[];
};

/** The controllers that tests need; none of them schedules pods: a pod names its node. */
const controllers = [
  ...['endpointslice-controller', 'node-lifecycle-controller', 'namespace-controller', 'serviceaccount-controller'],
  ...['garbage-collector-controller', 'pod-garbage-collector-controller', 'root-ca-certificate-publisher-controller'],
  ...['taint-eviction-controller', 'service-lb-controller', 'deployment-controller', 'replicaset-controller', 'daemonset-controller'],
];

/** Starts etcd, kube-apiserver and kube-controller-manager, and returns when the API server is ready; all ends with the scope. */
export async function startControlPlane(scope: Scope, options: ControlPlaneOptions = {}): Promise<ControlPlane> {
  const servers = await serversFolder();
  const folder = tempFolder(scope, 'control-plane');
  const [etcdPort = 0, peerPort = 0, port = 0] = await freePorts(3);
  const access = await writeAccess(folder, servers, port);
  const client = new TestClient(access);
  scope.onClose('test client', () => client.close());

  // What a test makes later goes before the servers, also before an API server that was started again after it.
  const processes = new Scope();
  scope.onClose('control plane', () => processes.close());
  let etcd = startEtcd(processes, servers, folder, etcdPort, peerPort);
  let apiServer: RunningProcess;
  const startApiServer = async () => {
    const flags = [...apiServerFlags(folder, port, etcdPort), ...(options.apiServerFlags ?? [])];
    const started = startProcess(processes, 'kube-apiserver', { argv: [join(servers, 'kube-apiserver'), ...flags] });
    // Told to stop, it waits for its clients' watches; at the end nobody needs that.
    processes.onClose('kube-apiserver', () => started.stop(500));
    apiServer = started;
    await eventually('the API server is ready', () => isReady(client, [etcd, apiServer]), Boolean, { withinMs: 90_000, everyMs: 100 });
  };
  const data = dataOf(folder);
  const backUp = async (): Promise<string> => {
    const backup = join(folder, `backup-${Date.now()}`);
    await etcd.freeze();
    cpSync(data, backup, { recursive: true });
    etcd.thaw();
    return backup;
  };
  const restore = async (backup: string): Promise<void> => {
    await apiServer.stop(0);
    await etcd.stop();
    rmSync(data, { recursive: true });
    cpSync(backup, data, { recursive: true });
    etcd = startEtcd(processes, servers, folder, etcdPort, peerPort);
    await startApiServer();
  };
  await startApiServer();
  const controllerManager =
    options.controllers === false ? undefined : startControllers(processes, access, folder, options.controllerFlags);
  await controllerManager?.waitForOutput(/Started controller|"Starting controller"/, 60_000);
  return { access, client, etcd: () => etcd, apiServer: () => apiServer, controllerManager, startApiServer, backUp, restore };
}

/** Writes a kubeconfig for the control plane; `host` is the address to use, for a namespace that of `network.host`. */
export function writeKubeconfig(file: string, access: Omit<ControlPlaneAccess, 'kubeconfig'>, host = '127.0.0.1'): string {
  const cluster = {
    server: `https://${host}:${access.port}`,
    'certificate-authority': access.caFile,
    // The certificate does not know the addresses of networks that are made later.
    'tls-server-name': 'localhost',
  };
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster }],
    users: [{ name: 'admin', user: { token: access.token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
    'current-context': 'test',
  };
  writeFileSync(file, JSON.stringify(config, undefined, 2), { mode: 0o600 });
  return file;
}

/** The folder with the servers' programs: built, where they are not, by `servers/build`. */
async function serversFolder(): Promise<string> {
  const { stdout } = await promisify(execFile)(join(import.meta.dirname, 'servers/build'), { timeout: 3_600_000 });
  return stdout.trim();
}

/** Makes certificate, token and keys. One self-signed certificate is enough: what the server shows is what clients trust. */
async function writeAccess(folder: string, servers: string, port: number): Promise<ControlPlaneAccess> {
  const [caFile, keyFile] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyFile];
  const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  await run(['openssl', 'req', '-x509', ...key, '-out', caFile, '-days', '2', ...names]);

  const serviceAccounts = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  writeFileSync(join(folder, 'service-accounts.key'), serviceAccounts.privateKey.export({ type: 'sec1', format: 'pem' }), { mode: 0o600 });
  writeFileSync(join(folder, 'service-accounts.pub'), serviceAccounts.publicKey.export({ type: 'spki', format: 'pem' }));

  const token = randomBytes(24).toString('hex');
  writeFileSync(join(folder, 'tokens.csv'), `${token},admin,admin,system:masters\n`, { mode: 0o600 });
  const access = { url: `https://127.0.0.1:${port}`, port, token, caFile, servers };
  return { ...access, kubeconfig: writeKubeconfig(join(folder, 'kubeconfig'), access) };
}

const dataOf = (folder: string): string => join(folder, 'etcd');

function startEtcd(scope: Scope, servers: string, folder: string, port: number, peerPort: number): RunningProcess {
  const [client, peer] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${peerPort}`];
  const clients = [`--listen-client-urls=${client}`, `--advertise-client-urls=${client}`];
  const peers = [`--listen-peer-urls=${peer}`, `--initial-advertise-peer-urls=${peer}`, `--initial-cluster=default=${peer}`];
  // The data outlives no test run, so nothing waits for the disk.
  const data = [`--data-dir=${dataOf(folder)}`, '--unsafe-no-fsync', '--log-level=warn'];
  return startProcess(scope, 'etcd', { argv: [join(servers, 'etcd'), ...clients, ...peers, ...data] });
}

function apiServerFlags(folder: string, port: number, etcdPort: number): string[] {
  return [
    ...[`--etcd-servers=http://127.0.0.1:${etcdPort}`, `--cert-dir=${folder}`],
    ...[`--secure-port=${port}`, '--bind-address=0.0.0.0', '--advertise-address=198.18.0.1', '--endpoint-reconciler-type=none'],
    ...[`--tls-cert-file=${join(folder, 'tls.crt')}`, `--tls-private-key-file=${join(folder, 'tls.key')}`],
    ...['--authorization-mode=RBAC', `--token-auth-file=${join(folder, 'tokens.csv')}`],
    ...['--service-account-issuer=https://kubernetes.default.svc', `--service-account-key-file=${join(folder, 'service-accounts.pub')}`],
    `--service-account-signing-key-file=${join(folder, 'service-accounts.key')}`,
    // Without that plugin a pod needs no service account; one that names its own can still get tokens.
    '--disable-admission-plugins=ServiceAccount',
    ...['--service-cluster-ip-range=10.96.0.0/16,fd00:10:96::/112', '--service-node-port-range=20000-32767'],
    ...['--allow-privileged=true', '--profiling=false'],
  ];
}

function startControllers(scope: Scope, access: ControlPlaneAccess, folder: string, flags: readonly string[] = []): RunningProcess {
  const own = [`--kubeconfig=${access.kubeconfig}`, `--controllers=${controllers.join(',')}`, '--leader-elect=false', '--secure-port=0'];
  const keys = [`--service-account-private-key-file=${join(folder, 'service-accounts.key')}`, `--root-ca-file=${access.caFile}`];
  return startProcess(scope, 'kube-controller-manager', {
    argv: [join(access.servers, 'kube-controller-manager'), ...own, ...keys, ...flags],
  });
}

/** Ready means: it says so, and the namespaces that every cluster has are there. */
async function isReady(client: TestClient, processes: readonly RunningProcess[]): Promise<boolean> {
  for (const process of processes) process.mustRun();
  await client.request('GET', '/readyz');
  await client.request('GET', '/api/v1/namespaces/default');
  await client.request('GET', '/api/v1/namespaces/kube-node-lease');
  return true;
}
