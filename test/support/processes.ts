import { type ChildProcessByStdio, execFile, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { eventually, Hopeless } from './eventually.ts';
import type { Scope } from './scope.ts';

/** How much of a process's output is kept, in characters: enough for a failure message, never enough to hurt. */
const outputLimit = 256 * 1024;

/** What to run. */
export type Command = {
  /** Program and arguments; the program is looked up on PATH. */
  readonly argv: readonly [string, ...string[]];
  /** Variables beside the test's own environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** Working folder. Default: the test's. */
  readonly cwd?: string;
};

/** A program that runs until its scope closes. */
export type RunningProcess = {
  readonly name: string;
  /** The program's own pid: no shell or wrapper stands between. */
  readonly pid: number;
  /** What it wrote to stdout and stderr: the last 256 Ki characters, in order of arrival. */
  output(): string;
  /** What it wrote to stdout alone, bounded the same way. */
  stdout(): string;
  /** Calls with what it writes to stdout from now on, line by line, however much that is. */
  onLine(listen: (line: string) => void): void;
  /** How it ended, or undefined while it runs: an exit code, or the name of a signal. */
  ended(): number | string | undefined;
  /** Throws when it has ended, with its last output; for use inside `eventually`, which then gives up at once. */
  mustRun(): void;
  /** Waits until the output matches. Fails at the deadline, or at once when the program ends, and shows the output. */
  waitForOutput(pattern: RegExp, withinMs?: number): Promise<RegExpMatchArray>;
  /** Waits for the end and returns exit code or signal. Fails at the deadline. */
  waitForEnd(withinMs?: number): Promise<number | string>;
  /** Sends a signal, such as SIGHUP or SIGKILL. Does nothing once it has ended. */
  signal(name: NodeJS.Signals): void;
  /** Stops the program where it stands, its connections open; returns when none of its threads runs any more. */
  freeze(): Promise<void>;
  /** Lets a frozen program go on. */
  thaw(): void;
  /** SIGTERM, after `graceMs` (default 5_000) SIGKILL; returns once it has ended. Also called when the scope closes. */
  stop(graceMs?: number): Promise<void>;
};

/**
 * Starts a program that lives as long as the scope. Should the test runner be killed, the kernel kills the program too
 * (`setpriv --pdeathsig` execs it, so the pid is the program's own).
 */
export function startProcess(scope: Scope, name: string, command: Command): RunningProcess {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...command.argv], {
    cwd: command.cwd,
    env: { ...process.env, ...command.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (child.pid === undefined) throw new Error(`cannot start ${name} (${command.argv[0]}): is setpriv of util-linux installed?`);
  const running = new ChildProgram(name, child.pid, child);
  scope.onClose(`process ${name}`, () => running.stop());
  return running;
}

class ChildProgram implements RunningProcess {
  readonly name: string;
  readonly pid: number;
  readonly #child: ChildProcessByStdio<null, Readable, Readable>;
  readonly #end: Promise<number | string>;
  #ended: number | string | undefined;
  #output = '';
  #stdout = '';

  constructor(name: string, pid: number, child: ChildProcessByStdio<null, Readable, Readable>) {
    this.name = name;
    this.pid = pid;
    this.#child = child;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      this.#stdout = (this.#stdout + text).slice(-outputLimit);
      this.#output = (this.#output + text).slice(-outputLimit);
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#output = (this.#output + text).slice(-outputLimit);
    });
    // `close` comes when the output has been read to its end, `exit` may come before.
    this.#end = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.#ended = code ?? signal ?? 'unknown';
        resolve(this.#ended);
      });
    });
  }

  output(): string {
    return this.#output;
  }

  stdout(): string {
    return this.#stdout;
  }

  onLine(listen: (line: string) => void): void {
    createInterface({ input: this.#child.stdout }).on('line', listen);
  }

  ended(): number | string | undefined {
    return this.#ended;
  }

  mustRun(): void {
    if (this.#ended !== undefined) throw new Hopeless(`${this.name} has ended (${this.#ended}): ${this.#tail()}`);
  }

  async waitForOutput(pattern: RegExp, withinMs = 15_000): Promise<RegExpMatchArray> {
    const deadline = performance.now() + withinMs;
    for (;;) {
      const match = this.#output.match(pattern);
      if (match) return match;
      this.mustRun();
      if (performance.now() > deadline) throw new Error(`${this.name} did not print ${pattern} within ${withinMs} ms: ${this.#tail()}`);
      await Promise.race([this.#end, delay(20)]);
    }
  }

  async waitForEnd(withinMs = 15_000): Promise<number | string> {
    const limit = new AbortController();
    const tooLate = delay(withinMs, undefined, { signal: limit.signal }).catch(() => undefined);
    const end = await Promise.race([this.#end, tooLate]);
    limit.abort();
    if (end === undefined) throw new Error(`${this.name} did not end within ${withinMs} ms: ${this.#tail()}`);
    return end;
  }

  signal(name: NodeJS.Signals): void {
    if (this.#ended === undefined) this.#child.kill(name);
  }

  async freeze(): Promise<void> {
    this.signal('SIGSTOP');
    const threads = `/proc/${this.pid}/task`;
    const states = () =>
      readdirSync(threads).map((thread) => readFileSync(`${threads}/${thread}/status`, 'utf8').match(/State:\t(\w)/)?.[1]);
    await eventually(`${this.name} is frozen`, states, (all) => all.every((state) => state === 'T'), { everyMs: 5 });
  }

  thaw(): void {
    this.signal('SIGCONT');
  }

  async stop(graceMs = 5_000): Promise<void> {
    if (this.#ended !== undefined) return;
    this.signal('SIGTERM');
    // A frozen program takes its SIGTERM only once it is thawed.
    this.thaw();
    const end = await this.waitForEnd(graceMs).catch(() => undefined);
    if (end !== undefined) return;
    this.signal('SIGKILL');
    await this.waitForEnd();
  }

  #tail(): string {
    return this.#output.slice(-4_000) || 'it printed nothing';
  }
}

/** How {@link run} runs a command. */
export type RunOptions = {
  /** Text for its stdin. */
  readonly input?: string;
  /** When it is killed, in milliseconds. Default 30_000. */
  readonly withinMs?: number;
};

/** Runs a command to its end and returns its stdout; an exit code other than 0 is an error that shows stderr. */
export function run(argv: readonly [string, ...string[]], { input, withinMs = 30_000 }: RunOptions = {}): Promise<string> {
  const [program, ...args] = argv;
  return new Promise((resolve, reject) => {
    const child = execFile(
      program,
      args,
      { timeout: withinMs, maxBuffer: 64 * 1024 * 1024, killSignal: 'SIGKILL' },
      (error, stdout, stderr) => {
        if (error?.code === 'ENOENT') reject(new Error(`${program} is not installed: test/support/install-debian-packages installs it`));
        else if (error) reject(new Error(`${argv.join(' ')}: ${stderr.trim() || stdout.trim() || error.message}`, { cause: error }));
        else resolve(stdout);
      },
    );
    // A program that does not read its stdin is no error of ours.
    child.stdin?.on('error', () => undefined).end(input);
  });
}
