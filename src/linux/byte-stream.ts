/**
 * linux — all that talks to the kernel: byte streams over TCP, their socket options, the addresses of interfaces.
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
  /** Sends what was written, then says that no more comes (half-close). Reading goes on. */
  end(): void;
  /** Ends both directions at once and gives up what was not sent. `closed` is called. */
  destroy(): void;
};

/** Where to connect to, and how. */
export type ConnectTarget = {
  /** IP address of the other end. */
  readonly address: string;
  readonly port: number;
  /** Local address to connect from. Default: the kernel chooses. */
  readonly sourceAddress?: string;
  /** TTL or hop limit of our packets, 1–255. Default: the kernel's. */
  readonly hopLimit?: number;
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

/** Something that listens. */
export type Listener = {
  readonly local: SocketAddress;
  /** Stops accepting; accepted streams live on. */
  close(): Promise<void>;
};

/** Accepts connections. */
export type Acceptor = {
  /** Listens on the address; `::` takes IPv4 as well; port 0: any free one. The error names the endpoint and what to do. */
  listen(at: SocketAddress, accept: (stream: ByteStream) => void): Promise<Result<Listener, string>>;
};
