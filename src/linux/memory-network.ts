import type { Clock } from '#runtime/clock.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import type { Acceptor, ByteStream, Connecting, Connector, ConnectTarget, Listener, SocketAddress } from './byte-stream.ts';
import { MemoryStream, type PathConditions } from './memory-stream.ts';

/**
 * A network in memory: what connects and listens on it runs on the clock that is handed in, without a kernel. Conditions hold
 * per address of a listener and can be changed while streams run, so that a test breaks one router and no other.
 */
export class MemoryNetwork implements Connector, Acceptor {
  readonly #clock: Clock;
  readonly #listeners = new Map<string, (stream: ByteStream) => void>();
  readonly #conditions = new Map<string, PathConditions>();
  readonly #streams = new Map<string, Set<MemoryStream>>();
  #nextPort = 49_152;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The conditions on the way to and from listeners at this address now; `change` changes them. */
  #conditionsOf(address: string): PathConditions {
    let conditions = this.#conditions.get(address);
    if (conditions === undefined) {
      conditions = { delayMs: 0, chunkBytes: Number.POSITIVE_INFINITY, stalledReader: false, blackHole: false, refusesConnections: false };
      this.#conditions.set(address, conditions);
    }
    return conditions;
  }

  /** Changes conditions and lets streams go on that they held up. */
  change(address: string, conditions: Partial<PathConditions>): void {
    Object.assign(this.#conditionsOf(address), conditions);
    for (const stream of this.#streams.get(address) ?? []) stream.resume();
  }

  /** Resets every connection with listeners at this address, as a rebooting router does. */
  reset(address: string): void {
    for (const stream of [...(this.#streams.get(address) ?? [])]) stream.fail('connection reset by the remote end (ECONNRESET)');
  }

  connect(target: ConnectTarget, done: (result: Result<ByteStream, string>) => void): Connecting {
    const conditions = this.#conditionsOf(target.address);
    const timer = this.#clock.after(conditions.delayMs, () => {
      const accept = this.#listeners.get(keyOf(target));
      // A black hole answers nothing: the attempt stays open until it is cancelled.
      if (conditions.blackHole) return;
      if (accept === undefined || conditions.refusesConnections) {
        done(err('connection refused: nothing listens there, or it does not know us (ECONNREFUSED)'));
        return;
      }
      const [near, far] = this.#pair(target);
      done(ok(near));
      accept(far);
    });
    return { cancel: () => timer.cancel() };
  }

  listen(at: SocketAddress, accept: (stream: ByteStream) => void): Promise<Result<Listener, string>> {
    const local = { address: at.address, port: at.port === 0 ? this.#nextPort++ : at.port };
    const key = keyOf(local);
    if (this.#listeners.has(key)) {
      return Promise.resolve(err(`cannot listen on ${key}: it is in use; stop what listens there, or choose another port`));
    }
    this.#listeners.set(key, accept);
    const close = (): Promise<void> => {
      this.#listeners.delete(key);
      return Promise.resolve();
    };
    return Promise.resolve(ok({ local, close }));
  }

  #pair(target: ConnectTarget): readonly [MemoryStream, MemoryStream] {
    const near: SocketAddress = {
      address: target.sourceAddress ?? (target.address.includes(':') ? '2001:db8::1' : '192.0.2.1'),
      port: this.#nextPort++,
    };
    const far: SocketAddress = { address: target.address, port: target.port };
    const streams = this.#streams.get(target.address) ?? new Set();
    this.#streams.set(target.address, streams);
    const conditions = this.#conditionsOf(target.address);
    const pair = MemoryStream.pair(this.#clock, conditions, near, far, (stream) => streams.delete(stream));
    for (const stream of pair) streams.add(stream);
    return pair;
  }
}

const keyOf = (at: SocketAddress): string => `${at.address.includes(':') ? `[${at.address}]` : at.address}:${at.port}`;
