import { createRequire } from 'node:module';
import type { AddressFamily } from '#net/ip-address.ts';
import { assert } from '#runtime/assert.ts';
import { err, ok, type Result } from '#runtime/result.ts';

/**
 * The kernel calls that Node's sockets lack. This is the only file with foreign functions: a wrong size here corrupts memory,
 * so each buffer is made beside the call that fills it, and the sizes of C types are checked before the first call.
 */
export type SocketOptions = {
  /** A TCP socket, not connected, that does not block; with the TTL (IPv4) or hop limit (IPv6) given. The caller owns it. */
  tcpSocket(family: AddressFamily, hopLimit: number): Result<number, string>;
  /** Bytes in the send queue that the other end has not acknowledged, SIOCOUTQ (tcp(7)); undefined when `fd` is no TCP socket any more. */
  unacknowledged(fd: number): number | undefined;
  /** Takes the lock on an open file for this process, flock(2); false: another process has it. The kernel ends it with the process. */
  lock(fd: number): boolean;
};

/** The part of koffi that is used here. */
type Koffi = {
  load(path: null): { func(declaration: string): (...args: readonly unknown[]) => number };
  sizeof(type: string): number;
  errno(): number;
};

// Linux, the same on x86-64 and arm64: <sys/socket.h>, <netinet/in.h>, <asm-generic/ioctls.h>.
const afInet = 2;
const afInet6 = 10;
const sockStream = 1;
const sockNonblock = 0o4000;
const sockCloexec = 0o2000000;
const ipprotoIp = 0;
const ipTtl = 2;
const ipprotoIpv6 = 41;
const ipv6UnicastHops = 16;
const siocOutq = 0x5411;
const intBytes = 4;
// <sys/file.h>: exclusive, and no waiting.
const lockExNb = 2 | 4;

let loaded: Result<SocketOptions, string> | undefined;

/** Loads the calls at first need. The error says why they can't be had here. */
export function socketOptions(): Result<SocketOptions, string> {
  loaded ??= load(() => createRequire(import.meta.url)('koffi') as Koffi);
  return loaded;
}

/** Loads with the given way to get koffi; `socketOptions` is the one for use. */
export function load(requireKoffi: () => Koffi): Result<SocketOptions, string> {
  if (process.platform !== 'linux') return err(`socket options need Linux, this is ${process.platform}`);
  try {
    return ok(bind(requireKoffi()));
  } catch (error) {
    return err(`the package koffi could not be loaded (${error instanceof Error ? error.message.split('\n')[0] : String(error)})`);
  }
}

function bind(koffi: Koffi): SocketOptions {
  assert(koffi.sizeof('int') === intBytes && koffi.sizeof('unsigned long') === 8, 'C types have the sizes of 64-bit Linux');
  const libc = koffi.load(null);
  const socket = libc.func('int socket(int domain, int type, int protocol)');
  const setsockopt = libc.func('int setsockopt(int fd, int level, int name, const void *value, unsigned int length)');
  const ioctl = libc.func('int ioctl(int fd, unsigned long request, void *value)');
  const close = libc.func('int close(int fd)');
  const flock = libc.func('int flock(int fd, int operation)');
  const queued = Buffer.alloc(intBytes);
  return {
    tcpSocket(family, hopLimit) {
      const fd = socket(family === 'IPv4' ? afInet : afInet6, sockStream | sockNonblock | sockCloexec, 0);
      if (fd < 0) return err(`the kernel refused a socket (errno ${koffi.errno()})`);
      const value = Buffer.alloc(intBytes);
      value.writeInt32LE(hopLimit);
      const [level, name] = family === 'IPv4' ? [ipprotoIp, ipTtl] : [ipprotoIpv6, ipv6UnicastHops];
      if (setsockopt(fd, level, name, value, intBytes) === 0) return ok(fd);
      const message = `the kernel refused the hop limit ${hopLimit} (errno ${koffi.errno()})`;
      close(fd);
      return err(message);
    },
    lock: (fd) => flock(fd, lockExNb) === 0,
    unacknowledged: (fd) => (ioctl(fd, siocOutq, queued) === 0 ? queued.readInt32LE(0) : undefined),
  };
}
