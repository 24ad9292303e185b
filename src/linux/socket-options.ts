import { createRequire } from 'node:module';
import { isIPv6 } from 'node:net';
import type { AddressFamily } from '#net/ip-address.ts';
import { assert } from '#runtime/assert.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import type { Protection } from './byte-stream.ts';
import { allRouters, membership, routerFilter, socketAddress } from './icmp-structures.ts';
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

/** Raw sockets for what routers on a link say to each other. */
export type IcmpSockets = {
  /** A raw socket for ICMPv6 that hears what routers say on one device. The caller owns it. */
  icmpSocket(device: string, index: number): Result<number, string>;
  /** Sends an ICMPv6 message to an address on the link of this index. The error says what the kernel said. */
  sendIcmp(fd: number, message: Uint8Array, to: Uint8Array, index: number): Result<void, string>;
  /** The next ICMPv6 message and the 16 octets of the address it is from; undefined: none is there. */
  receiveIcmp(fd: number): { readonly message: Uint8Array; readonly from: Uint8Array } | undefined;
  /** Ends a socket that nobody else owns. */
  close(fd: number): void;
};

/** The part of koffi that is used here. */
type Koffi = {
  load(path: null): {
    func(declaration: string): (...args: readonly unknown[]) => number;
    func(name: string, result: string, parameters: readonly unknown[]): (...args: readonly unknown[]) => number;
  };
  struct(members: Readonly<Record<string, string>>): unknown;
  pointer(type: unknown): unknown;
  sizeof(type: unknown): number;
  errno(): number;
};

// Linux, the same on x86-64 and arm64: <sys/socket.h>, <netinet/in.h>, <netinet/tcp.h>, <asm-generic/ioctls.h>, <sys/file.h>.
const sockStream = 1;
const sockRaw = 3;
const sockNonblock = 0o4000;
const sockCloexec = 0o2000000;
const solSocket = 1;
const soBindToDevice = 25;
const soAttachFilter = 26;
const ipprotoIcmpv6 = 58;
const siocOutq = 0x5411;
const lockExNb = 2 | 4;
const intBytes = 4;
const tcp = { level: 6, md5Signature: 14, userTimeout: 18, authenticationOption: 38 } as const;
/** Names of the same options in both families. */
const ip = {
  IPv4: { level: 0, hopLimit: 2, minHopLimit: 21, trafficClass: 1 },
  IPv6: { level: 41, hopLimit: 16, minHopLimit: 73, trafficClass: 67 },
} as const;
/** Beside those of {@link ip}: hop limit of what goes to a group, whether it comes back to this host, and membership. */
const group = { hopLimit: 18, loop: 19, join: 20 } as const;
const enoprotoopt = 92;
const eperm = 1;
/** Longest ICMPv6 message that is read: what fits into a packet of Ethernet. The rest of a longer one is cut off. */
const icmpBytes = 1_500;
const socketAddressBytes = 28; // struct sockaddr_in6
const programBytes = 16; // struct sock_fprog

let loaded: Result<SocketOptions & IcmpSockets, string> | undefined;

/** Loads the calls at first need. The error says why they can't be had here. */
export function socketOptions(): Result<SocketOptions & IcmpSockets, string> {
  loaded ??= load(() => createRequire(import.meta.url)('koffi') as Koffi);
  return loaded;
}

/** Loads with the given way to get koffi; `socketOptions` is the one for use. */
export function load(requireKoffi: () => Koffi): Result<SocketOptions & IcmpSockets, string> {
  if (process.platform !== 'linux') return err(`socket options need Linux, this is ${process.platform}`);
  try {
    return ok(bind(requireKoffi()));
  } catch (error) {
    return err(`the package koffi could not be loaded (${error instanceof Error ? error.message.split('\n')[0] : String(error)})`);
  }
}

function bind(koffi: Koffi): SocketOptions & IcmpSockets {
  assert(koffi.sizeof('int') === intBytes && koffi.sizeof('unsigned long') === 8, 'C types have the sizes of 64-bit Linux');
  const libc = koffi.load(null);
  const socket = libc.func('int socket(int domain, int type, int protocol)');
  const setsockopt = libc.func('int setsockopt(int fd, int level, int name, const void *value, unsigned int length)');
  const ioctl = libc.func('int ioctl(int fd, unsigned long request, void *value)');
  const close = libc.func('int close(int fd)');
  const flock = libc.func('int flock(int fd, int operation)');
  const sendto = libc.func(
    'long sendto(int fd, const void *bytes, unsigned long length, int flags, const void *to, unsigned int toLength)',
  );
  const recvfrom = libc.func(
    'long recvfrom(int fd, _Out_ void *bytes, unsigned long length, int flags, _Out_ void *from, _Inout_ void *fromLength)',
  );
  const program = koffi.struct({ instructions: 'uint16', filter: 'const void *' }); // struct sock_fprog
  assert(koffi.sizeof(program) === programBytes, 'a pointer follows at its alignment');
  const attachFilter = libc.func('setsockopt', 'int', ['int', 'int', 'int', koffi.pointer(program), 'unsigned int']);
  const queued = Buffer.alloc(intBytes);
  const received = Buffer.alloc(icmpBytes);
  const receivedFrom = Buffer.alloc(socketAddressBytes);
  const receivedFromLength = Buffer.alloc(intBytes);

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

  /** What an ICMPv6 socket is set to before anything is heard, by what it is called. */
  const icmpSettings = (fd: number, device: string, index: number): readonly (readonly [string, () => number | undefined])[] => {
    const { level, hopLimit } = ip.IPv6;
    const filter = { instructions: routerFilter.length / 8, filter: routerFilter };
    const errno = (result: number): number | undefined => (result === 0 ? undefined : koffi.errno());
    return [
      ['a filter', () => errno(attachFilter(fd, solSocket, soAttachFilter, filter, programBytes))],
      [`the device ${device}`, () => set(fd, solSocket, soBindToDevice, Buffer.from(`${device}\0`))],
      ['the hop limit', () => setNumber(fd, level, hopLimit, 255) ?? setNumber(fd, level, group.hopLimit, 255)],
      ['to keep what is ours to itself', () => setNumber(fd, level, group.loop, 0)],
      ['the group of all routers', () => set(fd, level, group.join, membership(allRouters, index))],
    ];
  };

  return {
    icmpSocket(device, index) {
      const fd = socket(families.IPv6, sockRaw | sockNonblock | sockCloexec, ipprotoIcmpv6);
      if (fd < 0) {
        const errno = koffi.errno();
        return err(errno === eperm ? 'it needs the capability NET_RAW' : `the kernel refused a raw socket (errno ${errno})`);
      }
      for (const [what, apply] of icmpSettings(fd, device, index)) {
        const errno = apply();
        if (errno === undefined) continue;
        close(fd);
        return err(`the kernel refused ${what} (errno ${errno})`);
      }
      return ok(fd);
    },
    sendIcmp(fd, message, to, index) {
      const address = socketAddress(to, index);
      const sent = sendto(fd, message, message.length, 0, address, address.length);
      return sent < 0 ? err(`the kernel did not send (errno ${koffi.errno()})`) : ok(undefined);
    },
    receiveIcmp(fd) {
      receivedFromLength.writeInt32LE(socketAddressBytes);
      const length = recvfrom(fd, received, icmpBytes, 0, receivedFrom, receivedFromLength);
      if (length < 0) return undefined;
      return { message: Uint8Array.from(received.subarray(0, length)), from: Uint8Array.from(receivedFrom.subarray(8, 24)) };
    },
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
