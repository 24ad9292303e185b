import { parseIpAddress } from '#net/ip-address.ts';

/** Whether an address never leaves the machine: 127.0.0.0/8 or ::1. A name is not one: it may resolve to anything. */
export function isLoopback(host: string): boolean {
  const address = parseIpAddress(host);
  if (!address.ok) return false;
  const { family, octets } = address.value;
  return family === 'IPv4' ? octets[0] === 127 : octets.every((octet, index) => octet === (index === 15 ? 1 : 0));
}

/** `host:port`, with brackets around an IPv6 address. */
export const hostPort = (host: string, port: number): string => (host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`);

/** The parts of `host:port` or `[address]:port`; undefined when it is neither. */
export function splitHostPort(text: string): { readonly host: string; readonly port: number } | undefined {
  const match = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host !== undefined && port >= 1 && port <= 65_535 ? { host, port } : undefined;
}
