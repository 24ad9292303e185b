import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { PrefixColumn } from '#bgp/rib/prefix-column.ts';
import type { PrefixHandles, PrefixTable } from '#bgp/rib/prefix-table.ts';
import { formatPrefix, parsePrefix, readIpv4Prefix } from '#net/prefix.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import { limits } from '../limits.ts';
import { unreadable } from './unreadable.ts';

const lineFeed = 0x0a;
/** `::/0` and its line feed. */
const shortestLine = 5;

/**
 * The prefixes of a file of routes, in its order. A reference to each is held, which `release` gives back. Lines are read where they
 * stand: an object for each of a million would leave more garbage than the process has memory.
 */
export class RoutesFile {
  readonly #prefixes: PrefixTable;
  readonly #listed: PrefixColumn;
  readonly #handles: Uint32Array<ArrayBuffer>;
  readonly #octets = new Uint8Array(4);
  #count = 0;
  #lines = 0;

  /** `bytes` is the size of the file. */
  constructor(prefixes: PrefixTable, bytes: number) {
    this.#prefixes = prefixes;
    this.#listed = new PrefixColumn(prefixes);
    // Pages that are not written take no memory.
    this.#handles = new Uint32Array(Math.min(limits.configRoutes, Math.ceil(bytes / shortestLine)));
  }

  get handles(): PrefixHandles {
    return this.#handles.subarray(0, this.#count);
  }

  /** Whether the file lists this prefix, a canonical text. */
  has(text: string): boolean {
    const parsed = parsePrefix(text);
    const handle = parsed.ok ? this.#prefixes.find(parsed.value) : undefined;
    return handle !== undefined && this.#listed.get(handle) === 1;
  }

  /** Takes the lines of a piece, of which the last may be cut: answers where that begins, or what is wrong with a line. */
  takeLines(bytes: Buffer): Result<number, string> {
    let start = 0;
    for (let end = bytes.indexOf(lineFeed); end >= 0; end = bytes.indexOf(lineFeed, start)) {
      const taken = this.takeLine(bytes, start, end);
      if (!taken.ok) return taken;
      start = end + 1;
    }
    return bytes.length - start > limits.configLineBytes
      ? err(`line ${this.#lines + 1}: longer than ${limits.configLineBytes} bytes`)
      : ok(start);
  }

  takeLine(bytes: Buffer, start: number, end: number): Result<void, string> {
    this.#lines += 1;
    const length = readIpv4Prefix(bytes, start, end, this.#octets);
    if (length >= 0) return this.#add(this.#prefixes.acquire({ family: 'IPv4', octets: this.#octets, length }));
    const written = bytes.toString('utf8', start, end).replace(/#.*/, '').trim();
    if (written === '') return ok(undefined);
    const prefix = parsePrefix(written);
    return prefix.ok ? this.#add(this.#prefixes.acquire(prefix.value)) : err(`line ${this.#lines}: ${prefix.error}`);
  }

  release(): void {
    for (const handle of this.handles) this.#prefixes.release(handle);
  }

  #add(handle: number): Result<void, string> {
    const wrong = this.#whatIsWrongWith(handle);
    if (wrong !== undefined) {
      this.#prefixes.release(handle);
      return err(`line ${this.#lines}: ${wrong}`);
    }
    this.#handles[this.#count] = handle;
    this.#count += 1;
    this.#listed.set(handle, 1);
    return ok(undefined);
  }

  #whatIsWrongWith(handle: number): string | undefined {
    if (this.#listed.get(handle) === 1) return `route ${formatPrefix(this.#prefixes.prefixOf(handle))} is there twice: remove one of them`;
    if (this.#count === limits.configRoutes) return `more than ${limits.configRoutes} prefixes`;
    return this.#count === this.#handles.length
      ? 'the file grew while it was read: write it anew under another name, then rename it'
      : undefined;
  }
}

/** Reads a file with one prefix per line; `#` begins a comment. The error says file and line, and what to do. */
export async function readRoutesFile(path: string, prefixes: PrefixTable): Promise<Result<RoutesFile, string>> {
  try {
    const found = await stat(path);
    if (!found.isFile()) return err(`${path} is no ordinary file: name one`);
    const { size } = found;
    if (size > limits.configFileBytes) return err(`${path}: ${size} bytes are more than the ${limits.configFileBytes} that are read`);
    const file = new RoutesFile(prefixes, size);
    const taken = await takeAll(path, file);
    if (taken.ok) return ok(file);
    file.release();
    return err(`${path}: ${taken.error}`);
  } catch (error) {
    return err(unreadable(path, error as NodeJS.ErrnoException));
  }
}

async function takeAll(path: string, file: RoutesFile): Promise<Result<void, string>> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const piece of createReadStream(path) as AsyncIterable<Buffer>) {
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const taken = file.takeLines(bytes);
    if (!taken.ok) return taken;
    rest = bytes.subarray(taken.value);
  }
  return file.takeLine(rest, 0, rest.length);
}
