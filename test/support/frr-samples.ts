import { connect, type Socket } from 'node:net';
import type { Scope } from './scope.ts';

/** How often a router is asked, in milliseconds. */
const everyMs = 10;

/** Asks a router's bgpd for one prefix every 10 ms, over one connection to its vty, and keeps the fewest and the most paths it had. */
export class FrrSamples {
  readonly #socket: Socket;
  readonly #command: string;
  #text = '';
  #seen: number[] = [];

  private constructor(socket: Socket, command: string) {
    this.#socket = socket;
    this.#command = command;
  }

  /** `vtySocket`: the daemon's own socket, which vtysh uses too. Ends with the scope. */
  static async start(scope: Scope, vtySocket: string, prefix: string): Promise<FrrSamples> {
    const socket = connect(vtySocket);
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    const samples = new FrrSamples(socket, `show bgp ipv4 unicast ${prefix} json`);
    socket.setEncoding('utf8').on('data', (text: string) => samples.#read(text));
    socket.on('error', () => undefined);
    socket.write('enable\0');
    scope.onClose('samples of FRR', () => {
      socket.destroy();
    });
    return samples;
  }

  /** What was seen since the last call. */
  take(): { readonly samples: number; readonly fewest: number; readonly most: number } {
    const seen = this.#seen;
    this.#seen = [];
    return { samples: seen.length, fewest: Math.min(...seen), most: Math.max(...seen) };
  }

  /** An answer ends with three zero octets and its status, which is zero too where the command went well. */
  #read(text: string): void {
    this.#text += text;
    const end = this.#text.indexOf('\0\0\0');
    if (end < 0 || this.#text.length < end + 4) return;
    const answer = this.#text.slice(0, end).trim();
    this.#text = '';
    if (answer.startsWith('{')) this.#seen.push((JSON.parse(answer) as { paths?: unknown[] }).paths?.length ?? 0);
    setTimeout(() => this.#socket.write(`${this.#command}\0`), everyMs);
  }
}
