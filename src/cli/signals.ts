import type { LogOutput } from '#obs/logger.ts';
import type { Shutdown } from '#runtime/shutdown.ts';

/** How long stopping may take before the process ends all the same, in milliseconds. Below Kubernetes' default grace period of 30 s. */
const shutdownLimitMs = 25_000;

/**
 * Waits for SIGTERM or SIGINT, then stops everything. A second signal ends the process at once. Resolves when all is stopped.
 * `onHangup` is called for SIGHUP, which otherwise does nothing.
 */
export async function runUntilStopped(shutdown: Shutdown, log: LogOutput, onHangup: () => void = () => undefined): Promise<void> {
  process.on('SIGHUP', onHangup);
  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    process.once('SIGTERM', resolve);
    process.once('SIGINT', resolve);
  });
  log.logger.info({ event: 'stopping', signal });
  const giveUp = setTimeout(() => {
    log.logger.error({ event: 'stopping', error: `not stopped after ${shutdownLimitMs} ms` });
    process.exit(1);
  }, shutdownLimitMs);
  process.once('SIGTERM', () => process.exit(1));
  process.once('SIGINT', () => process.exit(1));
  for (const error of await shutdown.run()) log.logger.error({ event: 'stopping', error });
  clearTimeout(giveUp);
  log.logger.info({ event: 'stopped' });
  log.flush();
}
