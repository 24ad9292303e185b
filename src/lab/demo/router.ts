import type { CollectorEvent, RouteView, SessionView } from '#collector/views.ts';

/** A collector in a process of its own, looked at over its HTTP, as anybody would. */
export class Router {
  readonly name: string;
  readonly url: string;
  /** Everything that it heard since {@link listen}, oldest first. */
  readonly events: CollectorEvent[] = [];
  #abort = new AbortController();
  #isListening = false;
  readonly #readers = new Set<(event: CollectorEvent) => void>();

  constructor(name: string, httpPort: number) {
    this.name = name;
    this.url = `http://127.0.0.1:${httpPort}`;
  }

  /** The routes that it has now. */
  async routes(): Promise<RouteView[]> {
    const answer = await fetch(`${this.url}/routes`);
    return (await answer.json()) as RouteView[];
  }

  /** The sessions that it has now, and those that ended most recently. */
  async sessions(): Promise<SessionView[]> {
    const answer = await fetch(`${this.url}/sessions`);
    return (await answer.json()) as SessionView[];
  }

  /** Calls `reader` for each event from now on; returns how to stop that. */
  subscribe(reader: (event: CollectorEvent) => void): () => void {
    this.#readers.add(reader);
    return () => this.#readers.delete(reader);
  }

  /** Whether it answers at all. */
  async answers(): Promise<boolean> {
    return fetch(`${this.url}/sessions`).then(
      (answer) => answer.ok,
      () => false,
    );
  }

  /** Begins to listen to what it hears, anew where it listened before; resolves when the stream is open. */
  async listen(): Promise<void> {
    this.close();
    const abort = new AbortController();
    this.#abort = abort;
    const answer = await fetch(`${this.url}/events`, { signal: abort.signal });
    this.#isListening = true;
    const ended = (): void => {
      if (this.#abort === abort) this.#isListening = false;
    };
    void this.#read(answer.body).then(ended, ended);
  }

  /** Whether everything that it hears comes here: it cuts off whoever does not keep up. */
  get isListening(): boolean {
    return this.#isListening;
  }

  close(): void {
    this.#abort.abort();
  }

  async #read(body: ReadableStream<Uint8Array> | null): Promise<void> {
    let text = '';
    for await (const chunk of body?.pipeThrough(new TextDecoderStream()) ?? []) {
      const lines = (text + chunk).split('\n\n');
      text = lines.pop() ?? '';
      for (const line of lines) if (line.startsWith('data: ')) this.#heard(JSON.parse(line.slice('data: '.length)) as CollectorEvent);
    }
  }

  #heard(event: CollectorEvent): void {
    this.events.push(event);
    for (const reader of [...this.#readers]) reader(event);
  }
}
