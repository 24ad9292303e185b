import { Collector } from '#collector/collector.ts';
import { collectorRoutes } from '#collector/http-routes.ts';
import { parseAsn } from '#net/asn.ts';
import { HttpServer } from '#obs/http-server.ts';
import { createLog, type LogLevel } from '#obs/logger.ts';
import { Shutdown } from '#runtime/shutdown.ts';
import { orUsageError, UsageError } from './failure.ts';
import type { Endpoint } from './flags.ts';
import { runUntilStopped } from './signals.ts';

/** Flags of `anycast collector`. */
export type CollectorFlags = {
  readonly listen: Endpoint;
  readonly asn: number;
  readonly routerId: string;
  readonly peerAsn: string;
  readonly http: Endpoint;
  readonly logLevel: LogLevel;
};

/** Runs until a signal. */
export async function runCollector(flags: CollectorFlags): Promise<void> {
  const peerAsn = peerAsnOf(flags.peerAsn);
  const log = createLog({ level: flags.logLevel });
  const shutdown = new Shutdown();
  const { listen, asn, routerId } = flags;
  const collector = orUsageError(
    await Collector.start({ listen, asn, routerId, ...(peerAsn !== undefined && { peerAsn }), logger: log.logger }),
  );
  shutdown.add('the collector', () => collector.stop());
  const http = await HttpServer.listen(flags.http, collectorRoutes(collector));
  if (!http.ok) await shutdown.run();
  const server = orUsageError(http);
  shutdown.add('HTTP', () => server.close());
  log.logger.info({ event: 'listening', bgp: collector.local, httpPort: server.port });
  await runUntilStopped(shutdown, log);
}

/** Undefined: any. */
function peerAsnOf(text: string): number | undefined {
  if (text === 'any') return undefined;
  const asn = parseAsn(text);
  if (!asn.ok) throw new UsageError(`--peer-asn "${text}" is neither an AS number nor "any"`);
  return asn.value;
}
