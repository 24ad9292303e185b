/**
 * cli — arguments, environment, signals, exit codes, help; nothing else. Each subcommand's code is loaded when it is asked for.
 *
 * Exit codes: 0 done; 1 failed; 2 wrong usage or configuration, with one line that says where and what to do.
 */
import { CommanderError } from 'commander';
import { UsageError } from './failure.ts';
import { createProgram } from './program.ts';

// `anycast crds | head` closes the pipe when it has read enough: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

try {
  await createProgram(process.env).parseAsync(process.argv);
} catch (error) {
  process.exitCode = report(error);
}

function report(error: unknown): number {
  // Commander has printed its own line already; help and version are not failures.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const message = error instanceof Error ? error.message : String(error);
  process.stderr.write(`anycast: ${message}\n`);
  if (error instanceof UsageError) return 2;
  if (process.env['ANYCAST_LOG_LEVEL'] === 'debug' && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  return 1;
}
