import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { type Record, recordingLine } from '#bgp/peer/recording.ts';
import type { Logger } from '#obs/logger.ts';
import { err, ok, type Result } from '#runtime/result.ts';

/** Bytes that wait for the disk; a disk that is slower than the sessions loses lines, not the sessions. */
const waitingBytes = 16 << 20;

/** A file that sessions are recorded in. */
export type RecordingFile = {
  readonly record: Record;
  /** Resolves when all is written. */
  close(): Promise<void>;
};

/**
 * Opens a file for recordings, mode 0600: what routers say may be confidential. Lines are added to what is there. When it can't be
 * written any more that is logged once, and the sessions go on without.
 */
export async function openRecording(path: string, logger: Logger): Promise<Result<RecordingFile, string>> {
  const opened = await open(path, 'a', 0o600).catch((error: Error) => error);
  if (opened instanceof Error) return err(`can not record in ${path}: ${opened.message}`);
  const stream = createWriteStream(path, { fd: opened });
  let isWritable = true;
  const stop = (why: string): void => {
    if (isWritable) logger.error({ event: 'recording-stopped', path }, why);
    isWritable = false;
  };
  stream.on('error', (error) => stop(error.message));
  return ok({
    record: (recorded) => {
      if (stream.writableLength > waitingBytes) stop('the disk is too slow: what follows is not recorded');
      if (isWritable) stream.write(`${recordingLine(recorded)}\n`);
    },
    close: () =>
      new Promise((resolve) => {
        isWritable = false;
        if (stream.closed) resolve();
        else stream.end(() => resolve());
      }),
  });
}
