import type { CollectorEvent, RouteView } from '#collector/views.ts';

/** A collector as the demo looks at it: over its HTTP, as anybody would. */
export class Router {
  readonly name: string;
  readonly url: string;
  /** Everything that it heard since the demo began to listen, oldest first. */
  readonly events: CollectorEvent[] = [];
  readonly #abort = new AbortController();

  constructor(name: string, httpPort: number) {
    this.name = name;
    this.url = `http://127.0.0.1:${httpPort}`;
  }

  /** The routes that it has now. */
  async routes(): Promise<RouteView[]> {
    const answer = await fetch(`${this.url}/routes`);
    return (await answer.json()) as RouteView[];
  }

  /** Whether it answers at all. */
  async answers(): Promise<boolean> {
    return fetch(`${this.url}/sessions`).then(
      (answer) => answer.ok,
      () => false,
    );
  }

  /** Begins to listen to what it hears; resolves when the stream is open. */
  async listen(): Promise<void> {
    const answer = await fetch(`${this.url}/events`, { signal: this.#abort.signal });
    void this.#read(answer.body).catch(() => undefined);
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(body: ReadableStream<Uint8Array> | null): Promise<void> {
    let text = '';
    for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const lines = (text + chunk).split('\n\n');
      text = lines.pop() ?? '';
      for (const line of lines) if (line.startsWith('data: ')) this.events.push(JSON.parse(line.slice('data: '.length)) as CollectorEvent);
    }
  }
}
