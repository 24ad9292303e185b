import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '#runtime/clock.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import type {
  Acceptor,
  ByteStream,
  Connecting,
  Connector,
  ConnectTarget,
  Listener,
  ListenOptions,
  SocketAddress,
  TcpKey,
} from './byte-stream.ts';
import { MemoryStream, type PathConditions } from './memory-stream.ts';

type Listening = {
  readonly accept: (stream: ByteStream) => void;
  readonly admits: (remote: SocketAddress) => boolean;
  /** By the address that connects. */
  readonly keys: Map<string, TcpKey>;
};

/**
 * A network in memory: what connects and listens on it runs on the clock that is handed in, without a kernel. Conditions hold
 * per address of a listener and can be changed while streams run, so that a test breaks one router and no other.
 */
export class MemoryNetwork implements Connector, Acceptor {
  readonly #clock: Clock;
  readonly #listeners = new Map<string, Listening>();
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
      const listening = this.#listeners.get(keyOf(target));
      const from = sourceOf(target);
      // A black hole answers nothing, nor does a kernel to what is signed otherwise: the attempt stays open until it is cancelled.
      if (conditions.blackHole || (listening !== undefined && !isDeepStrictEqual(listening.keys.get(from), target.key))) return;
      if (listening === undefined || conditions.refusesConnections) {
        done(err('connection refused: nothing listens there, or it does not know us (ECONNREFUSED)'));
        return;
      }
      const [near, far] = this.#pair(target);
      done(ok(near));
      if (listening.admits(far.remote)) listening.accept(far);
      else far.destroy();
    });
    return { cancel: () => timer.cancel() };
  }

  listen(at: SocketAddress, accept: (stream: ByteStream) => void, options: ListenOptions = {}): Promise<Result<Listener, string>> {
    const local = { address: at.address, port: at.port === 0 ? this.#nextPort++ : at.port };
    const key = keyOf(local);
    if (this.#listeners.has(key)) {
      return Promise.resolve(err(`cannot listen on ${key}: it is in use; stop what listens there, or choose another port`));
    }
    const { admits = () => true } = options;
    const keys = new Map<string, TcpKey>();
    this.#listeners.set(key, { accept, admits, keys });
    const setKey = (remote: string, signed: TcpKey | undefined): Result<void, string> => {
      if (signed === undefined) keys.delete(remote);
      else keys.set(remote, signed);
      return ok(undefined);
    };
    const close = (): Promise<void> => {
      this.#listeners.delete(key);
      return Promise.resolve();
    };
    return Promise.resolve(ok({ local, setKey, close }));
  }

  #pair(target: ConnectTarget): readonly [MemoryStream, MemoryStream] {
    const near: SocketAddress = { address: sourceOf(target), port: this.#nextPort++ };
    const far: SocketAddress = { address: target.address, port: target.port };
    const streams = this.#streams.get(target.address) ?? new Set();
    this.#streams.set(target.address, streams);
    const conditions = this.#conditionsOf(target.address);
    const pair = MemoryStream.pair(this.#clock, conditions, near, far, (stream) => streams.delete(stream));
    for (const stream of pair) streams.add(stream);
    return pair;
  }
}

const sourceOf = (target: ConnectTarget): string => target.sourceAddress ?? (target.address.includes(':') ? '2001:db8::1' : '192.0.2.1');

const keyOf = (at: SocketAddress): string => `${at.address.includes(':') ? `[${at.address}]` : at.address}:${at.port}`;
