/**
 * `npm run bench -- NAME [--json] [--key value | --key=value …]`: runs bench/NAME.ts and prints what it measured. With --json the last line
 * is one JSON object: {name, params, results, machine}. Times are in …Ms, memory in …MB.
 */
import { existsSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

/** What a benchmark returns: what it was run with, and one row per measurement. */
export type BenchResult = {
  readonly params: Readonly<Record<string, string | number>>;
  readonly results: readonly Readonly<Record<string, string | number>>[];
  /** Promises that the results break, a sentence each: the run fails. Default: it promises nothing. */
  readonly failures?: readonly string[];
};

/** A benchmark: `options` are the `--key value` pairs of the command line. It cleans up after itself, also when it fails. */
export type Bench = (options: Readonly<Record<string, string>>, say: (line: string) => void) => Promise<BenchResult>;

const { positionals, tokens } = parseArgs({ allowPositionals: true, strict: false, tokens: true });
const options: Record<string, string> = {};
for (const [index, token] of tokens.entries()) {
  const next = tokens[index + 1];
  if (token.kind !== 'option' || token.name === 'json') continue;
  if (token.value !== undefined) options[token.name] = token.value;
  else if (next?.kind === 'positional') options[token.name] = next.value;
}
const json = tokens.some((token) => token.kind === 'option' && token.name === 'json');
const name = positionals[0] ?? '';
const file = join(import.meta.dirname, `${name}.ts`);
if (!/^[a-z]+$/.test(name) || name === 'run' || !existsSync(file)) {
  console.error(`no benchmark "${name}": there is a file for each in bench/, e.g. npm run bench -- withdraw --json`);
  process.exit(2);
}

const { bench } = (await import(file)) as { bench: Bench };
const { params, results, failures = [] } = await bench(options, (line) => console.error(line));
if (json) {
  const machine = {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryMB: Math.round(totalmem() / 1e6),
    kernel: release(),
    node: process.version,
  };
  console.log(JSON.stringify({ name, params, results, machine }));
} else {
  console.table(results);
}
for (const failure of failures) console.error(`BROKEN: ${failure}`);
process.exit(failures.length === 0 ? 0 : 1);
