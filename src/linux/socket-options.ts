import { createRequire } from 'node:module';
import { isIPv6 } from 'node:net';
import type { AddressFamily } from '#net/ip-address.ts';
import { assert } from '#runtime/assert.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import type { Protection } from './byte-stream.ts';
import { authenticationOption, families, md5Signature } from './tcp-keys.ts';

/**
 * The kernel calls that Node's sockets lack. This is the only file with foreign functions: a wrong size here corrupts memory,
 * so each buffer is made beside the call that fills it, and the sizes of C types are checked before the first call.
 */
export type SocketOptions = {
  /** A TCP socket, not connected, that does not block. The caller owns it. */
  tcpSocket(family: AddressFamily): Result<number, string>;
  /** Sets what a connection with `remote` asks for. The error names what was refused, and never a key. */
  protect(fd: number, remote: string, protection: Protection): Result<void, string>;
  /** Ends the key for a remote address, if there is one. */
  removeKey(fd: number, remote: string): void;
  /** Binds to a device: only its routes and packets count. */
  bindToDevice(fd: number, device: string): Result<void, string>;
  /** Ends a socket that nobody else owns. */
  close(fd: number): void;
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

// Linux, the same on x86-64 and arm64: <sys/socket.h>, <netinet/in.h>, <netinet/tcp.h>, <asm-generic/ioctls.h>, <sys/file.h>.
const sockStream = 1;
const sockNonblock = 0o4000;
const sockCloexec = 0o2000000;
const solSocket = 1;
const soBindToDevice = 25;
const siocOutq = 0x5411;
const lockExNb = 2 | 4;
const intBytes = 4;
const tcp = { level: 6, md5Signature: 14, userTimeout: 18, authenticationOption: 38 } as const;
/** Names of the same options in both families. */
const ip = {
  IPv4: { level: 0, hopLimit: 2, minHopLimit: 21, trafficClass: 1 },
  IPv6: { level: 41, hopLimit: 16, minHopLimit: 73, trafficClass: 67 },
} as const;
const enoprotoopt = 92;

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

  /** The error of the kernel; undefined where it took the value. */
  const set = (fd: number, level: number, name: number, value: Buffer): number | undefined =>
    setsockopt(fd, level, name, value, value.length) === 0 ? undefined : koffi.errno();
  const setNumber = (fd: number, level: number, name: number, number: number): number | undefined => {
    const value = Buffer.alloc(intBytes);
    value.writeInt32LE(number);
    return set(fd, level, name, value);
  };
  /** What to set, by what it is called, in the order in which it is set. */
  const settings = (fd: number, remote: string, protection: Protection): readonly (readonly [string, () => number | undefined])[] => {
    const names = ip[isIPv6(remote) ? 'IPv6' : 'IPv4'];
    const { hopLimit, minHopLimit, dscp, userTimeoutMs, key } = protection;
    const all: (readonly [string, () => number | undefined])[] = [];
    if (hopLimit !== undefined) all.push([`the hop limit ${hopLimit}`, () => setNumber(fd, names.level, names.hopLimit, hopLimit)]);
    if (minHopLimit !== undefined)
      all.push([`the least hop limit ${minHopLimit}`, () => setNumber(fd, names.level, names.minHopLimit, minHopLimit)]);
    // The code point is the upper six bits of the octet.
    if (dscp !== undefined) all.push([`the code point ${dscp}`, () => setNumber(fd, names.level, names.trafficClass, dscp << 2)]);
    if (userTimeoutMs !== undefined) all.push(['the user timeout', () => setNumber(fd, tcp.level, tcp.userTimeout, userTimeoutMs)]);
    if (key?.kind === 'MD5') all.push(['the TCP MD5 key', () => set(fd, tcp.level, tcp.md5Signature, md5Signature(remote, key.secret))]);
    if (key?.kind === 'AO')
      all.push(['the TCP-AO key', () => set(fd, tcp.level, tcp.authenticationOption, authenticationOption(remote, key))]);
    return all;
  };

  return {
    tcpSocket(family) {
      const fd = socket(families[family], sockStream | sockNonblock | sockCloexec, 0);
      return fd < 0 ? err(`the kernel refused a socket (errno ${koffi.errno()})`) : ok(fd);
    },
    protect(fd, remote, protection) {
      for (const [what, apply] of settings(fd, remote, protection)) {
        const errno = apply();
        if (errno === enoprotoopt) return err(`${what} can not be set: this kernel does not have it`);
        if (errno !== undefined) return err(`the kernel refused ${what} (errno ${errno})`);
      }
      return ok(undefined);
    },
    removeKey(fd, remote) {
      set(fd, tcp.level, tcp.md5Signature, md5Signature(remote, undefined));
    },
    bindToDevice(fd, device) {
      const errno = set(fd, solSocket, soBindToDevice, Buffer.from(`${device}\0`));
      return errno === undefined ? ok(undefined) : err(`the kernel refused to bind to the device ${device} (errno ${errno})`);
    },
    close: (fd) => void close(fd),
    lock: (fd) => flock(fd, lockExNb) === 0,
    unacknowledged: (fd) => (ioctl(fd, siocOutq, queued) === 0 ? queued.readInt32LE(0) : undefined),
  };
}
