import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Scope } from '../../test/support/scope.ts';
import type { FromSink, SessionCounts, ToSink } from './sink-messages.ts';

/** The counting receiver, as the benchmark sees it. */
export class Sink {
  readonly #child: ChildProcess;
  readonly #waiting = new Set<(news: FromSink) => void>();

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (news: FromSink) => {
      for (const take of [...this.#waiting]) take(news);
    });
  }

  /** Starts the process; it ends with the scope. */
  static start(scope: Scope): Sink {
    const child = fork(join(import.meta.dirname, 'sink-process.ts'), { stdio: 'inherit', serialization: 'advanced' });
    scope.onClose('the sink', async () => {
      const ended = once(child, 'exit');
      child.disconnect();
      await ended;
    });
    return new Sink(child);
  }

  /** Takes sessions from now on. */
  async listen(port: number, options: { readonly holdTimeSeconds: number; readonly extendedMessages: boolean }): Promise<void> {
    await this.#ask({ kind: 'listen', port, ...options }, ({ kind }) => kind === 'listening');
  }

  /** Resolves when so many prefixes came, over all sessions and from now on. */
  async reached(announced: number, withdrawn: number, withinMs: number): Promise<readonly SessionCounts[]> {
    const news = await this.#ask({ kind: 'expect', announced, withdrawn }, ({ kind }) => kind === 'reached', withinMs);
    return news.kind === 'reached' ? news.sessions : [];
  }

  async counts(): Promise<readonly SessionCounts[]> {
    const news = await this.#ask({ kind: 'count' }, ({ kind }) => kind === 'counts');
    return news.kind === 'counts' ? news.sessions : [];
  }

  refresh(): void {
    this.#tell({ kind: 'refresh' });
  }

  /** When the withdrawal of this prefix alone arrives, in milliseconds of the machine's clock. */
  async withdrawal(prefix: string): Promise<number> {
    const news = await this.#news((found) => found.kind === 'withdrawn' && found.prefix === prefix, 10_000);
    return news.kind === 'withdrawn' ? news.atMs : Number.NaN;
  }

  #ask(order: ToSink, isAnswer: (news: FromSink) => boolean, withinMs = 10_000): Promise<FromSink> {
    const answer = this.#news(isAnswer, withinMs);
    this.#tell(order);
    return answer;
  }

  #tell(order: ToSink): void {
    this.#child.send(order);
  }

  #news(isIt: (news: FromSink) => boolean, withinMs: number): Promise<FromSink> {
    return new Promise((resolve, reject) => {
      const take = (news: FromSink): void => {
        if (!isIt(news)) return;
        clearTimeout(timer);
        this.#waiting.delete(take);
        resolve(news);
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(take);
        reject(new Error(`the sink did not see it within ${withinMs} ms`));
      }, withinMs);
      this.#waiting.add(take);
    });
  }
}
