import type { FsmSettings } from '#bgp/fsm/session.ts';
import { ceaseSubcode } from '#bgp/wire/iana.ts';
import type { OpenMessage } from '#bgp/wire/messages.ts';
import type { Acceptor, ByteStream, Listener, SocketAddress } from '#linux/byte-stream.ts';
import { Tcp } from '#linux/tcp.ts';
import { parseIpAddress } from '#net/ip-address.ts';
import { type Logger, silentLogger } from '#obs/logger.ts';
import { assert } from '#runtime/assert.ts';
import { type Clock, realClock } from '#runtime/clock.ts';
import { type Random, realRandom } from '#runtime/random.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import { limits } from './limits.ts';
import { CollectorSession } from './session.ts';
import { stampNow } from './stamp.ts';
import type { CollectorEvent, RouteView, SessionView, Stamp } from './views.ts';

/** How a collector runs. */
export type CollectorOptions = {
  /** Where to listen for BGP; port 0: any free one. */
  readonly listen: SocketAddress;
  /** Our AS. */
  readonly asn: number;
  /** Our BGP Identifier as IPv4 text. */
  readonly routerId: string;
  /** The AS that peers must have. Default: any. */
  readonly peerAsn?: number;
  /** Default: says nothing. */
  readonly logger?: Logger;
  /** Default: TCP of this machine. */
  readonly acceptor?: Acceptor;
  /** Default: the machine's. */
  readonly clock?: Clock;
  /** Default: the machine's. */
  readonly random?: Random;
  /** When something is received. Default: the machine's clocks. */
  readonly stamp?: () => Stamp;
};

/** Listens for BGP and remembers what it hears. */
export class Collector {
  readonly #options: CollectorOptions;
  readonly #settings: FsmSettings;
  readonly #logger: Logger;
  readonly #sessions = new Set<CollectorSession>();
  readonly #ended: CollectorSession[] = [];
  readonly #readers = new Set<(event: CollectorEvent) => void>();
  #listener: Listener | undefined;

  private constructor(options: CollectorOptions, routerId: number) {
    this.#options = options;
    this.#logger = options.logger ?? silentLogger;
    this.#settings = {
      localAsn: options.asn,
      peerAsn: options.peerAsn,
      routerId,
      holdTimeMs: limits.holdTimeMs,
      connectRetryMs: 0,
      families: ['IPv4', 'IPv6'],
      afterIdle: 'nothing',
    };
  }

  /** Starts listening. The error says what to do. */
  static async start(options: CollectorOptions): Promise<Result<Collector, string>> {
    const routerId = parseRouterId(options.routerId);
    if (!routerId.ok) return routerId;
    const collector = new Collector(options, routerId.value);
    const listener = await (options.acceptor ?? new Tcp()).listen(options.listen, (stream) => collector.#accept(stream));
    if (!listener.ok) return listener;
    collector.#listener = listener.value;
    return ok(collector);
  }

  /** Where it listens for BGP. */
  get local(): SocketAddress {
    assert(this.#listener !== undefined, 'a collector that was started listens');
    return this.#listener.local;
  }

  /** All routes that peers announce now. */
  routes(): RouteView[] {
    return Array.from(this.#sessions).flatMap((session) => [...session.routes()]);
  }

  /** Sessions that are up or coming up, then those that ended, the latest first. */
  sessions(): SessionView[] {
    return [...this.#sessions, ...this.#ended.toReversed()].map((session) => session.view());
  }

  /** Calls `reader` for each change from now on; returns how to stop. */
  subscribe(reader: (event: CollectorEvent) => void): () => void {
    this.#readers.add(reader);
    return () => this.#readers.delete(reader);
  }

  /** Stops listening and ends all sessions with Cease; resolves when they are closed, in bounded time. */
  async stop(text = 'the collector stops'): Promise<void> {
    const closed = this.#listener?.close();
    await Promise.all(Array.from(this.#sessions, (session) => session.stop(ceaseSubcode.administrativeShutdown, text)));
    await closed;
  }

  #accept(stream: ByteStream): void {
    if (this.#sessions.size >= limits.sessions) {
      this.#logger.warn({ event: 'collector-full', address: stream.remote.address, sessions: limits.sessions });
      stream.destroy();
      return;
    }
    const { clock = realClock, random = realRandom, stamp = stampNow } = this.#options;
    const options = { settings: this.#settings, clock, random, stamp };
    this.#sessions.add(
      new CollectorSession(stream, {
        ...options,
        emit: (make) => this.#emit(make),
        changed: (session) => this.#changed(session),
        knows: (open) => this.#knows(open),
      }),
    );
  }

  #changed(session: CollectorSession): void {
    if (session.state !== 'Established' && session.state !== 'Idle') return;
    const { peer, address, lastError } = session.view();
    this.#logger.info({ event: 'session', peer, address, state: session.state, ...(lastError !== '' && { error: lastError }) });
    if (session.state === 'Established') return;
    this.#sessions.delete(session);
    this.#ended.push(session);
    if (this.#ended.length > limits.endedSessions) this.#ended.shift();
  }

  /** Whether there is a session with the speaker that says this OPEN. Speakers open all connections, so the older one stays. */
  #knows({ routerId, asn }: OpenMessage): boolean {
    for (const { speaker } of this.#sessions) if (speaker?.routerId === routerId && speaker.asn === asn) return true;
    return false;
  }

  #emit(make: () => CollectorEvent): void {
    if (this.#readers.size === 0) return;
    const event = make();
    for (const reader of this.#readers) reader(event);
  }
}

function parseRouterId(text: string): Result<number, string> {
  const address = parseIpAddress(text);
  if (!address.ok || address.value.family !== 'IPv4') return err(`router id "${text}" is not an IPv4 address: write it as 192.0.2.1`);
  const id = address.value.octets.reduce((number, octet) => number * 256 + octet, 0);
  return id === 0 ? err('router id 0.0.0.0 is reserved (RFC 6286): choose an address of this machine') : ok(id);
}
