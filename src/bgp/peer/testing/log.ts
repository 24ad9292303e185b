import type { LogFields, Logger } from '#obs/logger.ts';

/** A logger that keeps its lines: `[level, fields, message]`. */
export function keepingLogger(): { logger: Logger; lines: [string, LogFields, string | undefined][] } {
  const lines: [string, LogFields, string | undefined][] = [];
  const make = (bound: Readonly<Record<string, unknown>>): Logger => {
    const at = (level: string) => (fields: LogFields, message?: string) => {
      lines.push([level, { ...bound, ...fields }, message]);
    };
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (fields) => make({ ...bound, ...fields }),
    };
  };
  return { logger: make({}), lines };
}
