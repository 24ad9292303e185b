import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { Peer } from '#bgp/peer/peer.ts';
import type { Record } from '#bgp/peer/recording.ts';
import { SharedExports } from '#bgp/peer/shared-exports.ts';
import { Turns } from '#bgp/peer/turns.ts';
import { PrefixTable } from '#bgp/rib/prefix-table.ts';
import { lockInFolder } from '#linux/folder-lock.ts';
import { canHearLinks, openLinkSocket } from '#linux/link-socket.ts';
import { Tcp } from '#linux/tcp.ts';
import { tcpAbilities } from '#linux/tcp-abilities.ts';
import { healthRoutes } from '#obs/health.ts';
import { HttpServer } from '#obs/http-server.ts';
import { createLog, type Logger, type LogLevel, type LogOutput } from '#obs/logger.ts';
import { Metrics, processMetrics } from '#obs/metrics.ts';
import { askHealthCheckPort } from '#probe/ask-port.ts';
import { OperatorDialer } from '#rpc/client.ts';
import { hostPort, isLoopback } from '#rpc/loopback.ts';
import { realClock } from '#runtime/clock.ts';
import { realRandom } from '#runtime/random.ts';
import { Shutdown } from '#runtime/shutdown.ts';
import { adminRoutes } from '#speaker/admin.ts';
import { readNodeName } from '#speaker/config/config-file.ts';
import { featuresWith } from '#speaker/features.ts';
import { FolderDisk } from '#speaker/keep/disk.ts';
import { Speaker } from '#speaker/speaker.ts';
import { orUsageError, UsageError } from './failure.ts';
import type { Endpoint, HostPort } from './flags.ts';
import { openRecording } from './recording-file.ts';
import { runUntilStopped } from './signals.ts';
import { version } from './version.ts';

/** Flags of `anycast speaker`. */
export type SpeakerFlags = {
  readonly operator?: readonly HostPort[];
  readonly config?: string;
  readonly node?: string;
  readonly stateDir: string;
  readonly admin?: string;
  readonly listenHttp: Endpoint;
  readonly sourceAddress?: readonly string[];
  readonly listen?: readonly Endpoint[];
  readonly record?: string;
  readonly tlsCa?: string;
  readonly tlsServerName?: string;
  readonly tokenFile: string;
  readonly insecure: boolean;
  readonly logLevel: LogLevel;
};

/** Runs until a signal. */
export async function runSpeaker(flags: SpeakerFlags): Promise<void> {
  if ((flags.operator === undefined) === (flags.config === undefined)) {
    throw new UsageError(
      'a speaker announces what operators say or what a file says: give --operator HOST:PORT or --config FILE, one of the two',
    );
  }
  const tls = flags.operator === undefined ? {} : tlsOf(flags, flags.operator);
  const log = createLog({ level: flags.logLevel });
  const metrics = new Metrics();
  processMetrics(metrics, { droppedLogLines: log.dropped });
  const shutdown = new Shutdown();
  const node = await nodeNameOf(flags);
  // For the life of the process: two speakers that keep one state would contradict each other.
  orUsageError(lockInFolder(flags.stateDir, node));
  const recording = flags.record === undefined ? undefined : orUsageError(await openRecording(flags.record, log.logger));
  if (recording !== undefined) shutdown.add('the recording', () => recording.close());
  const speaker = makeSpeaker(flags, node, { ...log, ...recording }, metrics);
  await listen(flags, speaker, metrics, shutdown);
  const started = await speaker.start();
  if (!started.ok) await shutdown.run();
  orUsageError(started);
  shutdown.add('the speaker', () => speaker.leave());
  if (flags.operator !== undefined) await dialOperators(flags.operator, { ...tls, tokenFile: flags.tokenFile }, speaker, log, shutdown);
  await runUntilStopped(shutdown, log, () => {
    void speaker.reload().then((result) => {
      if (result.ok) log.logger.info({ event: 'reloaded' });
      else log.logger.error({ event: 'reload-refused' }, result.error);
    });
  });
}

/** The name of this node: as the flag says, else the file, else the host. */
async function nodeNameOf({ node, config }: SpeakerFlags): Promise<string> {
  if (node !== undefined || config === undefined) return node ?? hostname();
  return orUsageError(await readNodeName(config)) ?? hostname();
}

type Outputs = { readonly logger: Logger; readonly record?: Record };

function makeSpeaker(flags: SpeakerFlags, node: string, { logger, record }: Outputs, metrics: Metrics): Speaker {
  const prefixes = new PrefixTable();
  const tcp = new Tcp();
  const shared = { prefixes, turns: new Turns(realClock), exports: new SharedExports() };
  const surroundings = { ...shared, connector: tcp, clock: realClock, random: realRandom, logger, ...(record && { record }) };
  return new Speaker({
    node,
    instance: randomUUID(),
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    software: `anycast ${version}`,
    features: featuresWith({ ...tcpAbilities(), links: canHearLinks() }),
    clock: realClock,
    prefixes,
    originMs: performance.timeOrigin + performance.now() - realClock.nowMs(),
    makePeer: (settings, events, restart) => new Peer(settings, { ...surroundings, restart }, events),
    askPort: askHealthCheckPort,
    discovery: { open: openLinkSocket, random: realRandom },
    disk: new FolderDisk(flags.stateDir),
    logger,
    metrics,
    ...(flags.sourceAddress !== undefined && { sourceAddresses: flags.sourceAddress }),
    ...(flags.listen !== undefined && { inbound: { acceptor: tcp, at: flags.listen } }),
    ...(flags.config !== undefined && { configFile: flags.config }),
  });
}

async function listen(flags: SpeakerFlags, speaker: Speaker, metrics: Metrics, shutdown: Shutdown): Promise<void> {
  const http = orUsageError(await HttpServer.listen(flags.listenHttp, healthRoutes({ notReady: () => speaker.notReady(), metrics })));
  shutdown.add('HTTP', () => http.close());
  if (flags.admin === undefined) return;
  const admin = await HttpServer.listen({ socketPath: flags.admin }, adminRoutes(speaker.admin));
  if (!admin.ok) await shutdown.run();
  const server = orUsageError(admin);
  shutdown.add('the admin socket', () => server.close());
}

async function dialOperators(
  operators: readonly HostPort[],
  credentials: OperatorTls & { readonly tokenFile: string },
  speaker: Speaker,
  log: LogOutput,
  shutdown: Shutdown,
): Promise<void> {
  const targets = operators.map(({ host, port }) => hostPort(host, port));
  const created = OperatorDialer.create({
    targets,
    knownAddresses: speaker.operators,
    onAddresses: (addresses) => speaker.keepOperators(addresses),
    ...credentials,
    onOperator: (link) => speaker.attach(link),
    clock: realClock,
    random: realRandom,
    logger: log.logger,
  });
  if (!created.ok) await shutdown.run();
  const dialer = orUsageError(created);
  // Stopped after the speaker: a speaker that leaves asks its operators what to do.
  const stopSpeaker = (): Promise<void> => speaker.leave();
  shutdown.add('streams to operators', async () => {
    await stopSpeaker();
    await dialer.stop('this speaker is leaving');
  });
  dialer.start();
}

/** Absent: no TLS, which is for loopback addresses only. */
type OperatorTls = { readonly tls?: { readonly caFile: string; readonly serverName: string } };

function tlsOf({ tlsCa, tlsServerName, insecure }: SpeakerFlags, operators: readonly HostPort[]): OperatorTls {
  // What a name resolves to is looked at when it is dialled.
  if (insecure && operators.every(({ host }) => isIP(host) === 0 || isLoopback(host))) return {};
  const [first] = operators;
  if (insecure || tlsCa === undefined || first === undefined) {
    throw new UsageError('operators are spoken to over TLS: give --tls-ca, or --insecure with operators on loopback addresses');
  }
  return { tls: { caFile: tlsCa, serverName: tlsServerName ?? first.host } };
}
