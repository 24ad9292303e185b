/**
 * keep — what a speaker remembers over restarts: what it was told, what it found out in this boot, what a person said.
 *
 * Disk follows the wire: a full or slow disk delays no route and stops no process, it is said and tried again. A file is replaced
 * as a whole or not at all. What can't be read is set aside under another name, with a message, and the speaker starts without it.
 */
import { mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { limits } from '../limits.ts';

/** A folder that outlives the process. Promises reject with the system's error. */
export type Disk = {
  /** The text of a file; undefined when there is none. */
  read(name: string): Promise<string | undefined>;
  /** Replaces a file: after the promise resolved, and after any crash, the file has the old text or the new one. */
  replace(name: string, text: string): Promise<void>;
  /** Gives a file another name; what had that name is gone. */
  rename(from: string, to: string): Promise<void>;
  /** Removes a file; nothing when there is none. */
  remove(name: string): Promise<void>;
};

/** A folder of the machine, made when it is not there. */
export class FolderDisk implements Disk {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async read(name: string): Promise<string | undefined> {
    const path = join(this.#folder, name);
    try {
      const found = await stat(path);
      // Opening a FIFO waits for who writes to it, for ever where nobody does.
      if (!found.isFile()) throw new Error(`${path} is no ordinary file: remove it`);
      const { size } = found;
      if (size > limits.stateFileBytes) throw new Error(`${path} has ${size} bytes, more than the ${limits.stateFileBytes} that are read`);
      return await readFile(path, 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }

  async replace(name: string, text: string): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const path = join(this.#folder, name);
    const temporary = `${path}.tmp`;
    // Whatever has that name: opening a FIFO would wait for who reads it.
    await rm(temporary, { force: true });
    const file = await open(temporary, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    await this.#syncFolder();
  }

  async rename(from: string, to: string): Promise<void> {
    await rename(join(this.#folder, from), join(this.#folder, to));
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.#folder, name), { force: true });
    await this.#syncFolder();
  }

  /** A rename survives a power cut only once the folder itself is written. */
  async #syncFolder(): Promise<void> {
    const folder = await open(this.#folder, 'r');
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  }
}

/** A folder in memory, for virtual time: `failure` makes writes fail like a full disk. */
export class MemoryDisk implements Disk {
  readonly files = new Map<string, string>();
  failure: string | undefined;
  /** Writes that succeeded. */
  writes = 0;

  read(name: string): Promise<string | undefined> {
    return Promise.resolve(this.files.get(name));
  }

  replace(name: string, text: string): Promise<void> {
    if (this.failure !== undefined) return Promise.reject(new Error(this.failure));
    this.files.set(name, text);
    this.writes++;
    return Promise.resolve();
  }

  rename(from: string, to: string): Promise<void> {
    const text = this.files.get(from);
    if (text === undefined) return Promise.reject(new Error(`ENOENT: no such file, rename '${from}'`));
    this.files.delete(from);
    this.files.set(to, text);
    return Promise.resolve();
  }

  remove(name: string): Promise<void> {
    this.files.delete(name);
    return Promise.resolve();
  }
}
