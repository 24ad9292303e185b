import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import type { z } from 'zod';
import type { PrefixHandles, PrefixTable } from '#bgp/rib/prefix-table.ts';
import { assert } from '#runtime/assert.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import { type Entry, entryKey } from '#state/entry.ts';
import { passwordIn } from '#state/password.ts';
import { limits } from '../limits.ts';
import { configEntries } from './entries.ts';
import { RoutesFile, readRoutesFile } from './routes-file.ts';
import { type Config, configSchema } from './schema.ts';
import { unreadable } from './unreadable.ts';

/** What a configuration file says. */
export type FileConfig = {
  /** Name of the node, where the file gives one. */
  readonly node?: string;
  /** What the node runs: one node entry, peers, routes. */
  readonly entries: readonly Entry[];
  /** Prefixes of its file of routes, which go to every peer of their family. A reference to each is held, which is the caller's. */
  readonly listed: PrefixHandles;
};

/** Reads a file and the file of routes that it names. The error is one line: file, field, what was read, what to do. */
export async function readConfigFile(path: string, prefixes: PrefixTable): Promise<Result<FileConfig, string>> {
  const config = await readYaml(path);
  if (!config.ok) return config;
  const { node, routesFile } = config.value;
  const listed =
    routesFile === undefined ? ok(new RoutesFile(prefixes, 0)) : await readRoutesFile(resolve(dirname(path), routesFile), prefixes);
  if (!listed.ok) return err(`${path}: routesFile ${routesFile}: ${listed.error}`);
  const passwords = await readPasswords(path, config.value);
  if (!passwords.ok) {
    listed.value.release();
    return passwords;
  }
  const entries = configEntries(config.value, passwords.value);
  const twice = firstTwice(entries, listed.value);
  if (twice === undefined) return ok({ entries, listed: listed.value.handles, ...(node !== undefined && { node }) });
  listed.value.release();
  return err(`${path}: ${twice} is there twice: remove one of them`);
}

/** What the password files hold, by what the configuration calls them. No error says any of it. */
async function readPasswords(path: string, { peers }: Config): Promise<Result<ReadonlyMap<string, string>, string>> {
  const passwords = new Map<string, string>();
  for (const file of new Set(peers.flatMap(({ passwordFile }) => passwordFile ?? []))) {
    const text = await readText(resolve(dirname(path), file));
    const field = `peers[${peers.findIndex(({ passwordFile }) => passwordFile === file)}].passwordFile`;
    if (!text.ok) return err(`${path}: ${field}: ${text.error}; the password is the first line of the file that it names`);
    const password = passwordIn(text.value);
    if (!password.ok) return err(`${path}: the first line of ${file} ${password.error}`);
    passwords.set(file, password.value);
  }
  return ok(passwords);
}

/** The name of the node that a file gives. The error is that of {@link readConfigFile}. */
export async function readNodeName(path: string): Promise<Result<string | undefined, string>> {
  const config = await readYaml(path);
  return config.ok ? ok(config.value.node) : config;
}

async function readYaml(path: string): Promise<Result<Config, string>> {
  const text = await readText(path);
  if (!text.ok) return err(`${text.error}; name a readable file with --config`);
  const config = parseConfig(text.value);
  return config.ok ? config : err(`${path}: ${config.error}`);
}

/** Parses the YAML text of a configuration. The error names the field, or line and column where it is no YAML. */
export function parseConfig(text: string): Result<Config, string> {
  const document = parseDocument(text, { prettyErrors: true });
  const problem = document.errors[0];
  if (problem !== undefined) return err(`not YAML: ${problem.message.split('\n')[0]?.replace(/:$/, '')}`);
  const value = toPlainValue(document);
  if (!value.ok) return value;
  const config = configSchema.safeParse(value.value);
  if (config.success) return ok(config.data);
  const [issue, ...others] = config.error.issues;
  assert(issue !== undefined, 'what does not fit the schema has an issue');
  // What is missing is there where it is misspelt.
  const misspelt = others.filter(({ code }) => code === 'unrecognized_keys').slice(0, 1);
  return err([issue, ...misspelt].map((each) => describeIssue(each, value.value)).join('; '));
}

/** Aliases that expand without end are refused by the parser with an exception. */
function toPlainValue(document: ReturnType<typeof parseDocument>): Result<unknown, string> {
  try {
    return ok(document.toJS({ maxAliasCount: 100 }));
  } catch (error) {
    return err(`not YAML that can be used: ${(error as Error).message}`);
  }
}

/** `peers[0].peerASN is "x": …`. */
function describeIssue(issue: z.core.$ZodIssue, value: unknown): string {
  const { path, message } = issue;
  const field = path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`)).join('');
  const where = field === '' ? 'the file' : field.slice(1);
  let read = value;
  for (const part of path) read = (read as Record<PropertyKey, unknown>)[part];
  if (issue.code === 'unrecognized_keys') return `${where} has no field "${issue.keys[0]}": check the spelling, or remove it`;
  if (read === undefined) return `${where} is missing: add it`;
  if (issue.code === 'too_small' && issue.origin === 'array') return `${where} is empty: add at least one`;
  const shown = typeof read === 'object' ? '' : ` is ${JSON.stringify(read)}`;
  return `${where}${shown}: ${message}`;
}

async function readText(path: string): Promise<Result<string, string>> {
  try {
    const { size } = await stat(path);
    if (size > limits.configFileBytes) return err(`${path}: ${size} bytes are more than the ${limits.configFileBytes} that are read`);
    return ok(await readFile(path, 'utf8'));
  } catch (error) {
    return err(unreadable(path, error as NodeJS.ErrnoException));
  }
}

function firstTwice(entries: readonly Entry[], listed: RoutesFile): string | undefined {
  const seen = new Set<string>();
  for (const entry of entries) {
    const key = entryKey(entry);
    if (seen.has(key) || (entry.kind === 'route' && listed.has(entry.prefix))) return key.replace('/', ' ');
    seen.add(key);
  }
  return undefined;
}
