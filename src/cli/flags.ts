import { isIP } from 'node:net';
import { InvalidArgumentError, Option } from 'commander';
import type { LogLevel } from '#obs/logger.ts';

/** `address:port`, an IPv6 address in brackets. */
export type Endpoint = { readonly address: string; readonly port: number };

/** Parses `127.0.0.1:9440` or `[::]:9440`. The address must be an address: names would hide where we listen. */
export function parseEndpoint(text: string): Endpoint {
  const { host: address, port } = splitHostPort(text);
  if (isIP(address) === 0)
    throw new InvalidArgumentError(`"${text}": "${address}" is not an IP address; write 127.0.0.1:9440 or [::1]:9440`);
  return { address, port };
}

/** A host, by name or address, and its port. */
export type HostPort = { readonly host: string; readonly port: number };

/** Parses `anycast-operator.anycast-system.svc:9441`, `192.0.2.1:9441` or `[2001:db8::1]:9441`. */
export function splitHostPort(text: string): HostPort {
  const match = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (port > 65_535) throw new InvalidArgumentError(`"${text}": port ${port} is not from 0 to 65535`);
  if (host === undefined) throw new InvalidArgumentError(`"${text}" is not HOST:PORT; write 127.0.0.1:9441 or [::1]:9441`);
  return { host, port };
}

/** Parses several values, in one flag separated by commas or in several flags. */
export const listOf =
  <T>(parse: (text: string) => T) =>
  (text: string, previous: readonly T[] | undefined): readonly T[] => [
    ...(previous ?? []),
    ...text.split(',').map((item) => parse(item.trim())),
  ];

/** Parses an IP address and keeps it as text. */
export function parseAddress(text: string): string {
  if (isIP(text) === 0) throw new InvalidArgumentError(`"${text}" is not an IP address`);
  return text;
}

/** Parses `unix:/path`. */
export function parseUnixPath(text: string): string {
  if (!text.startsWith('unix:/'))
    throw new InvalidArgumentError(`"${text}" is not unix:PATH with an absolute path; write unix:/run/anycast/admin.sock`);
  return text.slice('unix:'.length);
}

/** Parses a whole number within bounds. */
export const wholeNumber =
  (min: number, max: number) =>
  (text: string): number => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max)) throw new InvalidArgumentError(`"${text}" is not a whole number from ${min} to ${max}`);
    return value;
  };

/** A flag with its twin in the environment: `--state-dir` is ANYCAST_STATE_DIR. */
export function flag(flags: string, description: string): Option {
  const option = new Option(flags, description);
  return option.env(`ANYCAST_${option.name().replaceAll('-', '_').toUpperCase()}`);
}

export const logLevels: readonly LogLevel[] = ['debug', 'info', 'warn', 'error'];

/** `--log-level`, which every long-running command has. */
export const logLevelFlag = (): Option => flag('--log-level <level>', 'what is logged').choices(logLevels).default('info');
