import { closeSync, constants, fstatSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { err, ok, type Result } from '#runtime/result.ts';
import { type SocketOptions, socketOptions } from './socket-options.ts';

/** A lock that this process has; it ends with {@link FolderLock.release}, or with the process, however that ends. */
export type FolderLock = { release(): void };

/**
 * Takes a lock by name in a folder, which is made where it is not there. The lock is the kernel's, on the file `<name>.lock`: no
 * file that a crash left behind can hold it. The error says who may have it and what to do.
 *
 * Where the kernel can't be asked (no koffi) or the folder can't be written, there is no lock, and nothing is said about others.
 */
export function lockInFolder(
  folder: string,
  name: string,
  options: () => Result<SocketOptions, string> = socketOptions,
): Result<FolderLock, string> {
  const kernel = options();
  const none: FolderLock = { release: () => undefined };
  if (!kernel.ok) return ok(none);
  const path = join(folder, `${name}.lock`);
  let fd: number;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Opening a FIFO otherwise waits for its other end, and with it all of the process.
    fd = openSync(path, constants.O_RDWR | constants.O_CREAT | constants.O_NONBLOCK, 0o600);
  } catch {
    return ok(none);
  }
  if (!fstatSync(fd).isFile()) {
    closeSync(fd);
    return err(`${path} is no ordinary file: remove it`);
  }
  if (kernel.value.lock(fd)) return ok({ release: () => closeSync(fd) });
  closeSync(fd);
  return err(`another process has ${path}: it runs with the same folder and name; stop it, or give this one another of either`);
}
