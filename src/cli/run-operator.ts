import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { createLog, type LogLevel } from '#obs/logger.ts';
import { Metrics, processMetrics } from '#obs/metrics.ts';
import { startReplica } from '#operator/replica.ts';
import { Shutdown } from '#runtime/shutdown.ts';
import { orUsageError, UsageError } from './failure.ts';
import type { Endpoint } from './flags.ts';
import { runUntilStopped } from './signals.ts';

/** Flags of `anycast operator`. */
export type OperatorFlags = {
  readonly kubeconfig?: string;
  readonly namespace: string;
  readonly identity?: string;
  readonly listenHttp: Endpoint;
  readonly listenGrpc: Endpoint;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly insecure: boolean;
  readonly speakerAccount?: string;
  readonly logLevel: LogLevel;
};

/** Runs until a signal. */
export async function runOperator(flags: OperatorFlags): Promise<void> {
  const tls = tlsOf(flags);
  const log = createLog({ level: flags.logLevel });
  const metrics = new Metrics();
  processMetrics(metrics, { droppedLogLines: log.dropped });
  const shutdown = new Shutdown();
  const started = await startReplica(
    {
      ...(flags.kubeconfig !== undefined && { kubeconfig: flags.kubeconfig }),
      namespace: flags.namespace,
      identity: flags.identity ?? `${hostname()}-${randomBytes(4).toString('hex')}`,
      http: flags.listenHttp,
      grpc: flags.listenGrpc,
      ...(tls !== undefined && { tls }),
      speakerAccount: flags.speakerAccount ?? `system:serviceaccount:${flags.namespace}:anycast-speaker`,
      logger: log.logger,
      metrics,
    },
    shutdown,
  );
  if (!started.ok) await shutdown.run();
  orUsageError(started);
  await runUntilStopped(shutdown, log);
}

function tlsOf({ tlsCert, tlsKey, insecure }: OperatorFlags): { certificateFile: string; keyFile: string } | undefined {
  if (insecure) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new UsageError('speakers are spoken to over TLS: give --tls-cert and --tls-key, or --insecure with a loopback --listen-grpc');
  }
  return { certificateFile: tlsCert, keyFile: tlsKey };
}
