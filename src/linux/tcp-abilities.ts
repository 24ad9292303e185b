import type { Result } from '#runtime/result.ts';
import { type SocketOptions, socketOptions } from './socket-options.ts';

/** What this kernel does for a connection beyond TCP itself, where its calls can be had at all. */
export type TcpAbilities = {
  /** TCP MD5 (RFC 2385). */
  readonly md5: boolean;
  /** TCP-AO (RFC 5925). */
  readonly ao: boolean;
  /** A least hop limit of what arrives (RFC 5082). */
  readonly minHopLimit: boolean;
  /** Binding to a device. */
  readonly device: boolean;
};

/** Tries each on a socket that is never connected. */
export function tcpAbilities(options: () => Result<SocketOptions, string> = socketOptions): TcpAbilities {
  const calls = options();
  const can = (asked: (calls: SocketOptions, fd: number) => Result<void, string>): boolean => calls.ok && tried(calls.value, asked);
  return {
    md5: can(({ protect }, fd) => protect(fd, anybody, { key: { kind: 'MD5', secret } })),
    ao: can(({ protect }, fd) =>
      protect(fd, anybody, { key: { kind: 'AO', secret, keyId: 0, receiveKeyId: 0, algorithm: 'HMAC-SHA-1-96' } }),
    ),
    minHopLimit: can(({ protect }, fd) => protect(fd, anybody, { minHopLimit: 255 })),
    device: can(({ bindToDevice }, fd) => bindToDevice(fd, 'lo')),
  };
}

/** An address for documentation: nothing is sent to it. */
const anybody = '192.0.2.1';
const secret = 'tried';

function tried(calls: SocketOptions, asked: (calls: SocketOptions, fd: number) => Result<void, string>): boolean {
  const created = calls.tcpSocket('IPv4');
  if (!created.ok) return false;
  const result = asked(calls, created.value);
  calls.close(created.value);
  return result.ok;
}
