/**
 * linux — all that talks to the kernel: byte streams over TCP, their socket options, the addresses of interfaces, routers on links.
 *
 * Above this room a connection is a {@link ByteStream} that a {@link Connector} or {@link Acceptor} hands out; what runs on one
 * runs in tests on the in-memory network as well, and both pass the same contract tests. The only foreign-function calls of the
 * product are in `socket-options.ts`. Nothing here knows what the bytes mean.
 */
import type { Result } from '#runtime/result.ts';

/** One end of a connection. */
export type SocketAddress = {
  /** IP address as canonical text; an IPv4-mapped IPv6 address is shown as IPv4. */
  readonly address: string;
  /** TCP port, 1–65535. */
  readonly port: number;
  /** The interface that a link-local address is on; absent for others. */
  readonly interface?: string;
};

/** What both ends sign their segments with. `secret` is 1–80 octets of UTF-8, and in no log, error or status. */
export type TcpKey =
  /** TCP MD5 (RFC 2385). */
  | { readonly kind: 'MD5'; readonly secret: string }
  /** TCP-AO (RFC 5925), where the kernel has it. */
  | {
      readonly kind: 'AO';
      readonly secret: string;
      /** KeyIDs that we send and expect, 0–255. */
      readonly keyId: number;
      readonly receiveKeyId: number;
      readonly algorithm: 'HMAC-SHA-1-96' | 'AES-128-CMAC-96';
    };

/** What a connection asks of the kernel beside carrying bytes. What is absent is as the kernel has it. */
export type Protection = {
  /** TTL or hop limit of our packets, 1–255. */
  readonly hopLimit?: number;
  /** Packets that arrive with less are dropped, 1–255 (RFC 5082). */
  readonly minHopLimit?: number;
  readonly key?: TcpKey;
  /** Differentiated services code point of our packets, 0–63: routing protocols have CS6, 48. */
  readonly dscp?: number;
  /** The kernel ends the connection when what was sent is not acknowledged for so long, in milliseconds (TCP_USER_TIMEOUT). */
  readonly userTimeoutMs?: number;
};

/** What a stream tells its owner. Nothing is called after `closed`. */
export type ByteStreamHandlers = {
  /** Bytes arrived, in order. The array belongs to the handler. */
  readonly data: (bytes: Uint8Array) => void;
  /** After `write` answered false: there is room again. */
  readonly drained: () => void;
  /** The connection is over, called once. `reason` is a sentence part: `closed by the remote end`, `connection reset (ECONNRESET)`. */
  readonly closed: (reason: string) => void;
};

/** Who vouches for written bytes: the other end's TCP, or (where the kernel can't be asked) only that the kernel took them. */
export type AcknowledgedBy = 'peer' | 'kernel';

/** A connected, reliable stream of bytes. */
export type ByteStream = {
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  /** What was asked for and could not be had, a sentence each; empty when all was. */
  readonly caveats: readonly string[];
  /** What {@link ByteStream.unacknowledgedBytes} rests on. */
  readonly acknowledgedBy: AcknowledgedBy;
  /** Sets the handlers; until then arriving bytes wait in the kernel. Call it once. */
  attach(handlers: ByteStreamHandlers): void;
  /** Takes the bytes in any case, unless the stream is closed or ended. False: wait for `drained` before writing more. */
  write(bytes: Uint8Array): boolean;
  /** Bytes that `write` took since the connection began. */
  readonly bytesWritten: number;
  /** How many of `bytesWritten` are not acknowledged yet, see `acknowledgedBy`. Costs one system call. */
  unacknowledgedBytes(): number;
  /** For a stream that was accepted, before {@link attach}: what it asks of the kernel from now on. The error says what is missing. */
  protect(protection: Protection): Result<void, string>;
  /** Sends what was written, then says that no more comes (half-close). Reading goes on. */
  end(): void;
  /** Ends both directions at once and gives up what was not sent. `closed` is called. */
  destroy(): void;
};

/** Where to connect to, and how. */
export type ConnectTarget = Protection & {
  /** IP address of the other end. */
  readonly address: string;
  readonly port: number;
  /** Local address to connect from. Default: the kernel chooses. */
  readonly sourceAddress?: string;
  /** The interface that a link-local `address` is on. */
  readonly interface?: string;
  /** The VRF device whose routes are taken. Default: the main table. */
  readonly vrf?: string;
  /** True: without `hopLimit` the connection is refused. False: it is made with a caveat. Default true. */
  readonly hopLimitRequired?: boolean;
};

/** A connection attempt under way. */
export type Connecting = {
  /** Gives up; the callback is not called any more. Does nothing after it was. */
  cancel(): void;
};

/** Makes connections. */
export type Connector = {
  /** Calls `done` once, never before `connect` returned. The error says what failed and, where it can, what to do. */
  connect(target: ConnectTarget, done: (result: Result<ByteStream, string>) => void): Connecting;
};

/** How to listen. */
export type ListenOptions = {
  /** Who may connect: all others are gone before a byte of theirs is read. Default: everybody. */
  readonly admits?: (remote: SocketAddress) => boolean;
  /** Take no IPv4 on `::`. Default: it takes both. */
  readonly v6only?: boolean;
  /** The VRF device in which to listen. Default: outside of all. */
  readonly vrf?: string;
  /** What all connections begin with, the answer to the first packet included. */
  readonly protection?: Pick<Protection, 'hopLimit' | 'dscp'>;
};

/** Something that listens. */
export type Listener = {
  readonly local: SocketAddress;
  /**
   * Connections from this address have to be signed with the key; undefined: signed ones are not taken any more. Connections that
   * are there keep theirs. The error says what is missing, and never the key.
   */
  setKey(remote: string, key: TcpKey | undefined): Result<void, string>;
  /** Stops accepting; accepted streams live on. */
  close(): Promise<void>;
};

/** Accepts connections. */
export type Acceptor = {
  /** Listens on the address; `::` takes IPv4 as well; port 0: any free one. The error names the endpoint and what to do. */
  listen(at: SocketAddress, accept: (stream: ByteStream) => void, options?: ListenOptions): Promise<Result<Listener, string>>;
};
