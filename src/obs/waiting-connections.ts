import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { limits } from './limits.ts';

/**
 * Connections on which no request has come completely. Somebody who opens very many and says nothing, or speaks very slowly, must
 * not keep a probe from its answer, for whoever does not answer is killed: the oldest goes, a few before the server is full.
 */
export class WaitingConnections {
  /** Oldest first. */
  readonly #sockets = new Set<Socket>();
  #open = 0;

  /** A connection was opened. */
  take(socket: Socket): void {
    this.#open++;
    this.#sockets.add(socket);
    socket.once('close', () => {
      this.#open--;
      this.#sockets.delete(socket);
    });
    if (this.#open <= limits.httpConnections - limits.httpConnectionsSpare) return;
    const [oldest] = this.#sockets;
    if (oldest === undefined) return;
    this.#sockets.delete(oldest);
    oldest.destroy();
  }

  /** A request is there as a whole: the connection is left alone until it is answered. */
  busy(socket: Socket, response: ServerResponse): void {
    if (!this.#sockets.delete(socket)) return;
    response.once('finish', () => {
      if (!socket.destroyed) this.#sockets.add(socket);
    });
  }
}
