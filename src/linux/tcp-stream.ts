import type { Server, Socket } from 'node:net';
import { assert } from '#runtime/assert.ts';
import { err, type Result } from '#runtime/result.ts';
import type { AcknowledgedBy, ByteStream, ByteStreamHandlers, Protection, SocketAddress } from './byte-stream.ts';
import type { SocketOptions } from './socket-options.ts';

/** Bytes of a read that left more in the kernel: Node reads so many at once. */
const fullRead = 65_536;

/** Wraps a connected socket. `options` is absent where the kernel can't be asked for acknowledgements. */
export class TcpStream implements ByteStream {
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  readonly caveats: readonly string[];
  readonly acknowledgedBy: AcknowledgedBy;
  readonly #socket: Socket;
  readonly #options: SocketOptions | undefined;
  readonly #fd: number;
  #bytesWritten = 0;
  #unacknowledged = 0;
  #closeReason = 'closed by this end';
  #handlers: ByteStreamHandlers | undefined;
  #closed = false;

  constructor(socket: Socket, options: SocketOptions | undefined, caveats: readonly string[]) {
    this.#socket = socket;
    this.#fd = descriptorOf(socket);
    this.#options = this.#fd >= 0 ? options : undefined;
    this.acknowledgedBy = this.#options === undefined ? 'kernel' : 'peer';
    this.caveats = caveats;
    this.local = end(socket.localAddress, socket.localPort);
    this.remote = end(socket.remoteAddress, socket.remotePort);
    // Without this the kernel holds a small UPDATE back until the one before is acknowledged: up to 40 ms.
    socket.setNoDelay(true);
    socket.on('error', (error: NodeJS.ErrnoException) => {
      this.#closeReason = describeSocketError(error);
    });
    socket.on('end', () => {
      this.#closeReason = 'closed by the remote end';
      // Routing protocols have no use for a half-open connection: the other end has said its last word.
      socket.destroySoon();
    });
    socket.on('close', () => {
      this.#closed = true;
      this.#handlers?.closed(this.#closeReason);
    });
  }

  attach(handlers: ByteStreamHandlers): void {
    assert(this.#handlers === undefined, 'the handlers of a stream are set once');
    this.#handlers = handlers;
    if (this.#closed) {
      queueMicrotask(() => handlers.closed(this.#closeReason));
      return;
    }
    this.#socket.on('data', (bytes) => {
      handlers.data(bytes as Buffer);
      if (bytes.length >= fullRead) this.#giveTurn();
    });
    this.#socket.on('drain', () => handlers.drained());
    this.#socket.resume();
  }

  /** Node would read on, up to 2 MB, before anybody else is heard: an end that never stops talking waits for all others in between. */
  #giveTurn(): void {
    this.#socket.pause();
    setImmediate(() => this.#socket.resume());
  }

  get bytesWritten(): number {
    return this.#bytesWritten;
  }

  write(bytes: Uint8Array): boolean {
    if (!this.#socket.writable) return false;
    this.#bytesWritten += bytes.length;
    this.#unacknowledged += bytes.length;
    return this.#socket.write(bytes);
  }

  unacknowledgedBytes(): number {
    // The descriptor of a destroyed socket may already be somebody else's: the last answer stays.
    if (this.#socket.destroyed) return this.#unacknowledged;
    // What Node still holds, and what the kernel holds. Bytes on their way between the two may count twice, never not at all.
    const inKernel = this.#options?.unacknowledged(this.#fd) ?? 0;
    this.#unacknowledged = Math.min(this.#bytesWritten, this.#socket.writableLength + inKernel);
    return this.#unacknowledged;
  }

  protect(protection: Protection): Result<void, string> {
    if (this.#options === undefined) return err('the kernel can not be asked: the package koffi is not here');
    return this.#options.protect(this.#fd, this.remote.address, protection);
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** A socket error as a sentence part with its code, e.g. `connection refused (ECONNREFUSED)`. */
export function describeSocketError(error: NodeJS.ErrnoException): string {
  const code = error.code ?? '';
  const says = socketErrors[code];
  return says === undefined ? error.message : `${says} (${code})`;
}

const socketErrors: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'connection refused: nothing listens there, or it does not know us',
  ECONNRESET: 'connection reset by the remote end',
  EPIPE: 'the remote end no longer reads',
  EHOSTUNREACH: 'no route to the host, or it does not answer',
  ENETUNREACH: 'no route to the network',
  ETIMEDOUT: 'the remote end does not answer',
  EADDRNOTAVAIL: 'this machine does not have the source address',
  EACCES: 'permission denied',
};

/** Node shows IPv4 peers of a dual-stack listener as `::ffff:192.0.2.1`, and link-local addresses with their interface. */
function end(text = '', port = 0): SocketAddress {
  const [address = '', scope] = text.replace(/^::ffff:(?=\d+\.)/, '').split('%');
  return { address, port, ...(scope !== undefined && { interface: scope }) };
}

/** The file descriptor of a socket or server, or -1. `_handle.fd` is not documented; where it is missing we only lose the kernel's answer. */
export function descriptorOf(socket: Socket | Server): number {
  const { _handle: handle } = socket as unknown as { _handle?: { fd?: unknown } | null };
  return typeof handle?.fd === 'number' ? handle.fd : -1;
}
