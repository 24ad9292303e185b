import type { ByteStream, ByteStreamHandlers } from '#linux/byte-stream.ts';
import type { Clock } from '#runtime/clock.ts';
import type { Random } from '#runtime/random.ts';

/**
 * A stream whose arriving bytes are cut at chance and come late, each piece by another time: in order on one connection, in any
 * order between two.
 */
export function shaky(stream: ByteStream, clock: Clock, random: Random, maxDelayMs: number): ByteStream {
  let lastDueMs = 0;
  const later = (task: () => void): void => {
    lastDueMs = Math.max(lastDueMs, clock.nowMs() + random() * maxDelayMs);
    clock.after(lastDueMs - clock.nowMs(), task);
  };
  const attach = (handlers: ByteStreamHandlers): void =>
    stream.attach({
      data: (bytes) => {
        for (let from = 0, to = 0; from < bytes.length; from = to) {
          to = from + 1 + Math.floor(random() * 40);
          const piece = bytes.slice(from, to);
          later(() => handlers.data(piece));
        }
      },
      drained: () => handlers.drained(),
      closed: (reason) => later(() => handlers.closed(reason)),
    });
  return {
    local: stream.local,
    remote: stream.remote,
    caveats: stream.caveats,
    acknowledgedBy: stream.acknowledgedBy,
    attach,
    write: (bytes) => stream.write(bytes),
    get bytesWritten() {
      return stream.bytesWritten;
    },
    unacknowledgedBytes: () => stream.unacknowledgedBytes(),
    protect: (protection) => stream.protect(protection),
    end: () => stream.end(),
    destroy: () => stream.destroy(),
  };
}
