import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { PrefixColumn } from '#bgp/rib/prefix-column.ts';
import type { PrefixHandle, PrefixTable } from '#bgp/rib/prefix-table.ts';
import { formatPrefix, parsePrefix } from '#net/prefix.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import { limits } from '../limits.ts';

/** The prefixes of a file of routes, in its order. A reference to each is held, which `release` gives back. */
export class RoutesFile {
  readonly handles: PrefixHandle[] = [];
  readonly #prefixes: PrefixTable;
  readonly #listed = new PrefixColumn();

  constructor(prefixes: PrefixTable) {
    this.#prefixes = prefixes;
  }

  /** Whether the file lists this prefix, a canonical text. */
  has(text: string): boolean {
    const parsed = parsePrefix(text);
    const handle = parsed.ok ? this.#prefixes.find(parsed.value) : undefined;
    return handle !== undefined && this.#listed.get(handle) === 1;
  }

  /** Takes one line; the error says what is wrong with it. */
  take(line: string): Result<void, string> {
    const written = line.replace(/#.*/, '').trim();
    if (written === '') return ok(undefined);
    const prefix = parsePrefix(written);
    if (!prefix.ok) return prefix;
    if (this.handles.length === limits.configRoutes) return err(`more than ${limits.configRoutes} prefixes`);
    const handle = this.#prefixes.acquire(prefix.value);
    this.handles.push(handle);
    if (this.#listed.get(handle) === 1) return err(`route ${formatPrefix(prefix.value)} is there twice: remove one of them`);
    this.#listed.set(handle, 1);
    return ok(undefined);
  }

  release(): void {
    for (const handle of this.handles) this.#prefixes.release(handle);
  }
}

/** Reads a file with one prefix per line; `#` begins a comment. The error says file and line, and what to do. */
export async function readRoutesFile(path: string, prefixes: PrefixTable): Promise<Result<RoutesFile, string>> {
  const file = new RoutesFile(prefixes);
  const fail = (error: string): Result<never, string> => {
    file.release();
    return err(error);
  };
  try {
    const { size } = await stat(path);
    if (size > limits.configFileBytes) return err(`${path}: ${size} bytes are more than the ${limits.configFileBytes} that are read`);
    let number = 0;
    for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY })) {
      number += 1;
      const taken = file.take(line);
      if (!taken.ok) return fail(`${path}: line ${number}: ${taken.error}`);
    }
    return ok(file);
  } catch (error) {
    return fail(`cannot read ${path}: ${(error as Error).message}`);
  }
}
