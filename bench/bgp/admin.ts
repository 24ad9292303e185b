import { connect, type Socket } from 'node:net';
import { realClock } from '#runtime/clock.ts';

/** The admin socket of our speaker, over one connection that stays open, as a tool that withdraws would use it. */
export class Admin {
  readonly #socket: Socket;
  #answered: () => void = () => undefined;
  #text = '';

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('utf8');
    socket.on('data', (text: string) => this.#read(text));
  }

  static connect(path: string): Promise<Admin> {
    return new Promise((resolve, reject) => {
      const socket = connect(path, () => resolve(new Admin(socket)));
      socket.on('error', reject);
    });
  }

  /** Posts a request. `sentMs` is when, on the machine's clock; `done` resolves with the answer. One at a time. */
  post(path: string, body: object): { readonly sentMs: number; readonly done: Promise<void> } {
    const json = JSON.stringify(body);
    const head = `POST ${path} HTTP/1.1\r\nhost: speaker\r\ncontent-type: application/json\r\ncontent-length: ${json.length}\r\n\r\n`;
    const done = new Promise<void>((resolve) => {
      this.#answered = resolve;
    });
    const request = head + json;
    const sentMs = realClock.nowMs();
    this.#socket.write(request);
    return { sentMs, done };
  }

  close(): void {
    this.#socket.destroy();
  }

  #read(text: string): void {
    this.#text += text;
    const headEnd = this.#text.indexOf('\r\n\r\n');
    const length = Number(this.#text.match(/content-length: (\d+)/i)?.[1]);
    if (headEnd < 0 || this.#text.length < headEnd + 4 + length) return;
    this.#text = this.#text.slice(headEnd + 4 + length);
    this.#answered();
  }
}
