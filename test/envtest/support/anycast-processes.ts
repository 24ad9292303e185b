import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../support/eventually.ts';
import type { Namespace, Network } from '../../support/netns.ts';
import { freePorts } from '../../support/ports.ts';
import { type RunningProcess, run, startProcess } from '../../support/processes.ts';
import type { Scope } from '../../support/scope.ts';
import { tempFolder } from '../../support/temp-folder.ts';

/** The launcher, as users start it. It execs Node, so that the pid is that of the program. */
export const anycast = join(import.meta.dirname, '../../../anycast');

/** The audience that speakers' tokens are for. */
export const audience = 'anycast-operator.io';

/** Where the operator's parts run, and their one account. */
export const system = { namespace: 'anycast-system', account: 'anycast-speaker' } as const;

/** A line of a program's log. */
export type LogLine = { readonly event?: string; readonly [field: string]: unknown };

/** The lines of a program's log, of one event or all. */
export function logLines(process: RunningProcess, event?: string): LogLine[] {
  const lines = process
    .stdout()
    .split('\n')
    .filter((line) => line.startsWith('{"level"') && line.endsWith('}'))
    .map((line) => JSON.parse(line) as LogLine);
  return event === undefined ? lines : lines.filter((line) => line.event === event);
}

/** Where an operator listens, and what it shows. Kept over its restarts, as a Service and a Secret keep it. */
export type OperatorPlace = {
  /** `address:port` that speakers dial, reachable from the nodes. */
  readonly grpc: string;
  /** `address:port` of health and metrics. */
  readonly http: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  /** The name in the certificate. */
  readonly serverName: string;
};

/** Makes a place for an operator in the machine's own namespace, with a certificate that openssl signs. */
export async function prepareOperator(scope: Scope, network: Network): Promise<OperatorPlace> {
  const folder = tempFolder(scope, 'operator');
  const [certificateFile, keyFile] = [join(folder, 'tls.crt'), join(folder, 'tls.key')];
  const serverName = 'anycast-operator.anycast-system.svc';
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', keyFile];
  const names = ['-subj', `/CN=${serverName}`, '-addext', `subjectAltName=DNS:${serverName}`];
  await run(['openssl', 'req', '-x509', ...key, '-out', certificateFile, '-days', '2', ...names]);
  const [grpc = 0, http = 0] = await freePorts(2);
  return { grpc: `${network.host.ipv4}:${grpc}`, http: `127.0.0.1:${http}`, certificateFile, keyFile, serverName };
}

/** Another place with the same certificate: replicas share the Secret. */
export async function besides(place: OperatorPlace): Promise<OperatorPlace> {
  const [grpc = 0, http = 0] = await freePorts(2);
  return { ...place, grpc: place.grpc.replace(/\d+$/, String(grpc)), http: `127.0.0.1:${http}` };
}

/** Starts the operator; it may not be ready when this returns: {@link untilReady}. */
export function startOperator(
  scope: Scope,
  place: OperatorPlace,
  kubeconfig: string,
  env: Readonly<Record<string, string>> = {},
): RunningProcess {
  const tls = ['--tls-cert', place.certificateFile, '--tls-key', place.keyFile];
  const where = ['--listen-grpc', place.grpc, '--listen-http', place.http, '--namespace', system.namespace];
  return startProcess(scope, 'anycast operator', { argv: [anycast, 'operator', '--kubeconfig', kubeconfig, ...where, ...tls], env });
}

/** What the operator says of its readiness: `ok`, or what keeps it from its job. */
export async function readiness(place: OperatorPlace): Promise<{ readonly status: number; readonly text: string }> {
  const answer = await fetch(`http://${place.http}/readyz`, { signal: AbortSignal.timeout(5_000) });
  return { status: answer.status, text: await answer.text() };
}

/** Waits until the operator has listed everything. */
export async function untilReady(operator: RunningProcess, place: OperatorPlace): Promise<void> {
  await eventually(
    'the operator is ready',
    () => {
      operator.mustRun();
      return readiness(place);
    },
    ({ status }) => status === 200,
    { withinMs: 30_000 },
  );
}

/** How a speaker is started; what is left out is as in {@link startSpeaker}. */
export type SpeakerOptions = {
  readonly node: string;
  readonly token: string;
  /** Where it keeps its state, `<folder>/state`, and its token. Default: a folder of its own. */
  readonly folder?: string;
  /** The operators that it dials, `address:port` each. Default: the one of the place. */
  readonly operators?: readonly string[];
  /** Variables of its environment, beside ours. */
  readonly env?: Readonly<Record<string, string>>;
};

/** Starts a speaker in its node's namespace. */
export function startSpeaker(scope: Scope, namespace: Namespace, place: OperatorPlace, options: SpeakerOptions): RunningProcess {
  const { node, token, folder = tempFolder(scope, `speaker-${node}`), operators = [place.grpc], env } = options;
  const tokenFile = join(folder, 'token');
  writeFileSync(tokenFile, token, { mode: 0o600 });
  const operator = ['--operator', operators.join(','), '--tls-ca', place.certificateFile, '--tls-server-name', place.serverName];
  const own = ['--node', node, '--token-file', tokenFile, '--state-dir', join(folder, 'state')];
  const local = ['--listen-http', '127.0.0.1:0', '--admin', `unix:${join(folder, 'admin.sock')}`];
  return namespace.start(scope, `anycast speaker of ${node}`, [anycast, 'speaker', ...operator, ...own, ...local], env);
}
