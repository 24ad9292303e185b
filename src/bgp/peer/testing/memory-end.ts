import type { ByteStream, ByteStreamHandlers, SocketAddress } from '#linux/byte-stream.ts';
import { ok, type Result } from '#runtime/result.ts';

/** Our end of a connection whose other end is a test: it hands in octets, and sees what comes back. */
export class MemoryEnd implements ByteStream {
  readonly local: SocketAddress;
  readonly remote: SocketAddress;
  readonly caveats = [];
  readonly acknowledgedBy = 'peer';
  bytesWritten = 0;
  /** Set once no more is sent: the session is over. */
  ended = false;
  /** What was written last. */
  lastWritten: Uint8Array = new Uint8Array();
  #handlers: ByteStreamHandlers | undefined;

  constructor({ local, remote }: { readonly local: SocketAddress; readonly remote: SocketAddress }) {
    this.local = local;
    this.remote = remote;
  }

  attach(handlers: ByteStreamHandlers): void {
    this.#handlers = handlers;
  }

  /** Octets arrive. */
  deliver(bytes: Uint8Array): void {
    this.#handlers?.data(bytes);
  }

  /** The connection is gone; this is told once. */
  close(reason: string): void {
    const handlers = this.#handlers;
    this.#handlers = undefined;
    handlers?.closed(reason);
  }

  write(bytes: Uint8Array): boolean {
    if (!this.ended) this.lastWritten = bytes;
    this.bytesWritten += bytes.length;
    return true;
  }

  unacknowledgedBytes(): number {
    return 0;
  }

  protect(): Result<void, string> {
    return ok(undefined);
  }

  end(): void {
    this.ended = true;
  }

  destroy(): void {
    this.ended = true;
    this.close('closed by this end');
  }
}
