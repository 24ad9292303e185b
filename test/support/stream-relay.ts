import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import type { Scope } from './scope.ts';

type Pair = { readonly near: Socket; readonly far: Socket };

/** A TCP relay in front of one operator that delays, cuts, and lets an old stream's bytes arrive after a new stream's. */
export class StreamRelay {
  /** How late bytes arrive, in either direction, in milliseconds. */
  delayMs = 0;
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  #accepting = true;

  private constructor(target: { readonly host: string; readonly port: number }) {
    this.#server = createServer((near) => {
      if (!this.#accepting) {
        near.resetAndDestroy();
        return;
      }
      const far = connect(target.port, target.host);
      const pair = { near, far };
      this.#pairs.add(pair);
      near.on('close', () => this.#pairs.delete(pair));
      this.#join(near, far);
      this.#join(far, near);
    });
  }

  /** Listens on `host`; ends with the scope. */
  static async start(scope: Scope, host: string, target: { readonly host: string; readonly port: number }): Promise<StreamRelay> {
    const relay = new StreamRelay(target);
    await new Promise<void>((listening) => relay.#server.listen(0, host, listening));
    scope.onClose('stream relay', async () => {
      relay.cut();
      await new Promise((closed) => relay.#server.close(closed));
    });
    return relay;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Resets every connection, and with `refuse` those to come too, until {@link mend}. */
  cut(refuse = false): void {
    this.#accepting = !refuse;
    for (const { near, far } of this.#pairs) {
      near.resetAndDestroy();
      far.resetAndDestroy();
    }
  }

  /** Ends the speakers' side of every connection, while the operator still holds its own, and what is on its way to it arrives later. */
  cutNear(): void {
    for (const { near } of this.#pairs) near.resetAndDestroy();
  }

  mend(): void {
    this.#accepting = true;
    this.delayMs = 0;
  }

  #join(from: Socket, to: Socket): void {
    // A chain of timers: bytes never overtake each other, also where the delay changes.
    let last = Promise.resolve();
    const later = (act: () => void): void => {
      const waitMs = this.delayMs;
      const due = waitMs === 0 ? undefined : new Promise<void>((resolve) => setTimeout(resolve, waitMs));
      last = Promise.all([last, due]).then(act);
    };
    from.on('data', (bytes) => later(() => to.write(bytes)));
    from.on('error', () => undefined);
    from.on('close', () => later(() => to.destroy()));
  }
}
