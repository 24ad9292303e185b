import { join } from 'node:path';
import { type RunningProcess, startProcess } from '../../test/support/processes.ts';
import type { Scope } from '../../test/support/scope.ts';

/** One of our programs, which can be started again as it was. Its log goes to a file, so that no reader holds it up. */
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
    const anycast = join(import.meta.dirname, '../../anycast');
    const argv = ['sh', '-c', 'exec "$0" "$@" >>"$LOG" 2>&1', anycast, ...this.#args] as const;
    return startProcess(this.#scope, this.#name, { argv, env: { LOG: this.#log } });
  }
}
