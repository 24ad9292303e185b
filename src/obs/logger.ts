/**
 * obs — how the processes show what they do: logs, metrics, and the one small HTTP server (health, metrics, admin, views).
 *
 * Nothing in here may hold up the process that it observes: log output that nobody reads is dropped and counted, metrics
 * are numbers in memory, and HTTP answers are made from what is there. No secret is ever passed into this room.
 */
import { pino } from 'pino';
import { limits } from './limits.ts';

/** The fields of one log line. `event` names what happened in one word that never changes; see docs/reference/logs.md. */
export type LogFields = { readonly event: string; readonly [field: string]: unknown };

/** Writes structured lines. Fields first, then a sentence for a person where the event's name does not say enough. */
export type Logger = {
  debug(fields: LogFields, message?: string): void;
  info(fields: LogFields, message?: string): void;
  warn(fields: LogFields, message?: string): void;
  error(fields: LogFields, message?: string): void;
  /** A logger that adds the fields to each of its lines. */
  child(fields: Readonly<Record<string, unknown>>): Logger;
};

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** A logger, and how to end it. */
export type LogOutput = {
  readonly logger: Logger;
  /** Lines dropped because the reader of the output was too slow. */
  dropped(): number;
  /** Writes out what is buffered; returns at once where the reader stands still. */
  flush(): void;
};

/**
 * Logs JSON lines to a file descriptor, default 1 (stdout). Writing is asynchronous and bounded: a reader that stands still
 * costs lines, never time (pino's synchronous default froze the event loop for as long as the pipe was full).
 */
export function createLog(options: { level: LogLevel; fd?: number }): LogOutput {
  const destination = pino.destination({ fd: options.fd ?? 1, sync: false, maxLength: limits.logBufferBytes });
  let dropped = 0;
  destination.on('drop', () => {
    dropped++;
  });
  // A closed pipe (the reader is gone) must not end the process.
  destination.on('error', () => {
    dropped++;
  });
  const root = pino(
    {
      level: options.level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: describeError },
    },
    destination,
  );
  return { logger: root, dropped: () => dropped, flush: () => destination.flush() };
}

/** A logger that says nothing. */
export const silentLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => silentLogger,
};

/** An error as one sentence with its causes; stacks are for bugs, and assertions have them in the crash output. */
export function describeError(error: unknown): string {
  const parts: string[] = [];
  for (let current = error, depth = 0; current !== undefined && depth < 5; depth++) {
    parts.push(current instanceof Error ? current.message || current.name : String(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.join(': ');
}
