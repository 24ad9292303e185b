import type { ByteStream, ByteStreamHandlers, SocketAddress } from '#linux/byte-stream.ts';
import { ok, type Result } from '#runtime/result.ts';

/** Our end of a connection whose other end is the campaign: it hands in octets and sees what comes back. */
export class MemoryEnd implements ByteStream {
  readonly local: SocketAddress = { address: '192.0.2.254', port: 179 };
  readonly remote: SocketAddress = { address: '192.0.2.1', port: 40_000 };
  readonly caveats = [];
  readonly acknowledgedBy = 'peer';
  bytesWritten = 0;
  /** Set once no more is sent: the session is over. */
  ended = false;
  /** What was written last. */
  lastWritten: Uint8Array = new Uint8Array();
  #handlers: ByteStreamHandlers | undefined;

  attach(handlers: ByteStreamHandlers): void {
    this.#handlers = handlers;
  }

  /** Octets arrive. */
  deliver(bytes: Uint8Array): void {
    this.#handlers?.data(bytes);
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
    const handlers = this.#handlers;
    this.#handlers = undefined;
    handlers?.closed('closed by this end');
  }
}
