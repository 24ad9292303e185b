import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { type RunningProcess, startProcess } from '../../test/support/processes.ts';
import type { Scope } from '../../test/support/scope.ts';

const root = join(import.meta.dirname, '../..');

/** What the chart's values say, of that what is read here. */
type ChartValues = Readonly<Record<string, { readonly resources?: { readonly limits: { readonly memory: string } } } | undefined>>;

/**
 * Flags of Node's that the image starts a subcommand with: what is measured is what is installed. There the heap is a share of
 * the container's memory; here is no container, and it is the same share of the chart's limit.
 */
function imageFlags(subcommand: string): readonly string[] {
  const entryPoint = /^ENTRYPOINT (\[.*\])$/m.exec(readFileSync(join(root, 'Dockerfile'), 'utf8'))?.[1] ?? '[]';
  const values = parse(readFileSync(join(root, 'charts/anycast-operator/values.yaml'), 'utf8')) as ChartValues;
  const limitMi = Number.parseInt(values[subcommand]?.resources?.limits.memory ?? '', 10);
  return (JSON.parse(entryPoint) as string[]).flatMap((word) => {
    const share = /^--max-old-space-size-percentage=(\d+)$/.exec(word)?.[1];
    if (share === undefined) return word.startsWith('--') ? [word] : [];
    return Number.isNaN(limitMi) ? [] : [`--max-old-space-size=${Math.floor((limitMi * Number(share)) / 100)}`];
  });
}

/** Environment that a subcommand has when it is installed: what the image sets, and what the chart puts into NODE_OPTIONS. */
export function installedEnvironment(subcommand: string): Readonly<Record<string, string>> {
  const lines = readFileSync(join(root, 'Dockerfile'), 'utf8').matchAll(/^ENV (\w+)=(\S+)$/gm);
  const ofImage = Object.fromEntries([...lines].map(([, name = '', value = '']) => [name, value]));
  return { ...ofImage, NODE_OPTIONS: chartNodeOptions(subcommand) };
}

/** What the chart puts into NODE_OPTIONS of a subcommand's container; empty for what the chart does not run. */
function chartNodeOptions(subcommand: string): string {
  const template = join(root, `charts/anycast-operator/templates/${subcommand}.yaml`);
  if (!existsSync(template)) return '';
  return /- name: NODE_OPTIONS\n\s+value: (\S.*)$/m.exec(readFileSync(template, 'utf8'))?.[1] ?? '';
}

/** Bundles the sources as they are now, as the image does; to be called before the first {@link Program}. */
export async function bundle(scope: Scope): Promise<void> {
  const making = startProcess(scope, 'bundle', { argv: [process.execPath, join(root, 'tools/bundle.ts')], cwd: root });
  const code = await making.waitForEnd(120_000);
  if (code !== 0) throw new Error(`tools/bundle.ts ended with ${code}: ${making.output()}`);
}

/** One of our programs, bundled, which can be started again as it was. Its log goes to a file, so that no reader holds it up. */
export class Program {
  readonly #scope: Scope;
  readonly #name: string;
  readonly #log: string;
  readonly #args: readonly string[];
  process: RunningProcess;

  constructor(scope: Scope, name: string, log: string, args: readonly string[]) {
    this.#scope = scope;
    this.#name = name;
    this.#log = log;
    this.#args = args;
    this.process = this.#start();
  }

  /** Starts it again, after it ended. */
  restart(): void {
    this.process = this.#start();
  }

  #start(): RunningProcess {
    const subcommand = this.#args[0] ?? '';
    const program = [process.execPath, ...imageFlags(subcommand), join(root, 'dist/anycast.mjs'), ...this.#args];
    const argv = ['sh', '-c', 'exec "$@" >>"$LOG" 2>&1', 'sh', ...program] as const;
    const env = { ...installedEnvironment(subcommand), LOG: this.#log };
    return startProcess(this.#scope, this.#name, { argv, env });
  }
}
