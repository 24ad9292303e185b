import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type RunningProcess, startProcess } from '../../test/support/processes.ts';
import type { Scope } from '../../test/support/scope.ts';

const root = join(import.meta.dirname, '../..');

/** Flags of Node's that the image starts the program with: what is measured is what is installed. */
const imageFlags = (): readonly string[] => {
  const entryPoint = /^ENTRYPOINT (\[.*\])$/m.exec(readFileSync(join(root, 'Dockerfile'), 'utf8'))?.[1] ?? '[]';
  return (JSON.parse(entryPoint) as string[]).filter((word) => word.startsWith('--'));
};

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
    const program = [process.execPath, ...imageFlags(), join(root, 'dist/anycast.mjs'), ...this.#args];
    const argv = ['sh', '-c', 'exec "$@" >>"$LOG" 2>&1', 'sh', ...program] as const;
    return startProcess(this.#scope, this.#name, { argv, env: { LOG: this.#log } });
  }
}
