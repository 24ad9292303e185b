import { describeNotification } from '#bgp/fsm/notifications.ts';
import type { FsmSettings, Session } from '#bgp/fsm/session.ts';
import { Connection } from '#bgp/peer/connection.ts';
import { AdjRibIn } from '#bgp/rib/adj-rib-in.ts';
import type { Message, OpenMessage, UpdateMessage } from '#bgp/wire/messages.ts';
import type { ByteStream, SocketAddress } from '#linux/byte-stream.ts';
import { type AddressFamily, formatIpAddress } from '#net/ip-address.ts';
import { formatPrefix } from '#net/prefix.ts';
import type { Clock } from '#runtime/clock.ts';
import type { Random } from '#runtime/random.ts';
import { limits } from './limits.ts';
import { type KeptRoute, keepRoute, routeView } from './route-view.ts';
import type { CollectorEvent, MessageCounts, RouteView, SessionView, Stamp } from './views.ts';

/** What a session of the collector needs. */
export type SessionOptions = {
  readonly settings: FsmSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly stamp: () => Stamp;
  /** Told of each change, as it is received; the event is made only if somebody reads it. */
  readonly emit: (make: () => CollectorEvent) => void;
  /** The state changed. */
  readonly changed: (session: CollectorSession) => void;
  /** Whether there is another session with who says this OPEN. */
  readonly knows: (open: OpenMessage) => boolean;
};

type Counts = { -readonly [Type in keyof MessageCounts]: number };

const noMessages = (): Counts => ({ open: 0, update: 0, notification: 0, keepalive: 0, routeRefresh: 0 });

/** One connection that a peer opened to the collector, what it announced, and the counts about it. */
export class CollectorSession {
  readonly #options: SessionOptions;
  readonly #connection: Connection;
  readonly #remote: SocketAddress;
  readonly #local: SocketAddress;
  readonly #counts = { sent: noMessages(), received: noMessages() };
  readonly #lastNotification = { sent: '', received: '' };
  readonly #endOfRib = new Set<AddressFamily>();
  #routes = new AdjRibIn<KeptRoute>(limits.prefixesPerSession);
  /** The session as it was when both OPENs were agreed on: what is shown of it stays when it has ended. */
  #agreed: Session | undefined;
  #sinceMs: number;
  #refused = 0;
  #malformed = 0;

  constructor(stream: ByteStream, options: SessionOptions) {
    this.#options = options;
    this.#remote = stream.remote;
    this.#local = stream.local;
    this.#sinceMs = options.clock.nowMs();
    this.#connection = new Connection(options.settings, options, {
      changed: (session) => this.#changed(session),
      update: (update) => this.#update(update),
      refresh: () => undefined, // nothing is announced, so nothing is sent again
      drained: () => undefined,
      message: (direction, message) => this.#count(direction, message),
      collides: (open) => (options.knows(open) ? 'dump' : 'answer'),
    });
    this.#connection.dispatch({ kind: 'ManualStartWithPassiveTcpEstablishment' });
    this.#connection.accept(stream);
  }

  /** `<BGP Identifier>/AS<number>` once the OPEN was heard, before that address and port. */
  get name(): string {
    const negotiated = this.#agreed?.negotiated;
    if (negotiated === undefined) return `${this.#remote.address} port ${this.#remote.port}`;
    return `${formatRouterId(negotiated.peerRouterId)}/AS${negotiated.peerAsn}`;
  }

  get state(): Session['state'] {
    return this.#connection.session.state;
  }

  /** Identity for the collision rule; undefined until the OPEN was heard. */
  get speaker(): { routerId: number; asn: number } | undefined {
    const negotiated = this.#connection.session.negotiated;
    return negotiated && { routerId: negotiated.peerRouterId, asn: negotiated.peerAsn };
  }

  /** Ends the session with Cease and the text; resolves when the connection is closed, in bounded time. */
  stop(subcode: number, text: string): Promise<void> {
    this.#connection.dispatch({ kind: 'ManualStop', cease: { subcode, text } });
    return this.#connection.closed();
  }

  *routes(): Generator<RouteView> {
    const peer = this.name;
    for (const [prefix, route] of this.#routes.entries()) yield routeView(peer, prefix, route);
  }

  view(): SessionView {
    const { state, lastError } = this.#connection.session;
    const negotiated = this.#agreed?.negotiated;
    return {
      peer: this.name,
      address: formatSocketAddress(this.#remote),
      localAddress: formatSocketAddress(this.#local),
      asn: negotiated?.peerAsn ?? 0,
      routerId: negotiated === undefined ? '' : formatRouterId(negotiated.peerRouterId),
      state,
      ageMs: this.#options.clock.nowMs() - this.#sinceMs,
      families: negotiated?.context.families ?? [],
      holdTimeMs: negotiated?.holdTimeMs ?? 0,
      endOfRib: [...this.#endOfRib],
      prefixes: this.#routes.size,
      refusedPrefixes: this.#refused,
      messagesReceived: { ...this.#counts.received },
      messagesSent: { ...this.#counts.sent },
      malformedUpdates: this.#malformed,
      lastNotificationSent: this.#lastNotification.sent,
      lastNotificationReceived: this.#lastNotification.received,
      lastError,
    };
  }

  #changed(session: Session): void {
    const { clock, stamp, emit, changed } = this.#options;
    this.#sinceMs = clock.nowMs();
    if (session.negotiated !== undefined) this.#agreed = session;
    if (session.state === 'Idle') this.#routes = new AdjRibIn(limits.prefixesPerSession);
    emit(() => ({ kind: 'session', peer: this.name, state: session.state, error: session.lastError, ...stamp() }));
    changed(this);
  }

  #update(update: UpdateMessage): void {
    const stamp = this.#options.stamp();
    const { emit } = this.#options;
    const peer = this.name;
    if (update.faults.length > 0) this.#malformed++;
    const { withdrawn, announced, refused } = this.#routes.apply(update, (group) => keepRoute(group, stamp));
    this.#refused += refused;
    for (const prefix of withdrawn) emit(() => ({ kind: 'withdraw', peer, prefix: formatPrefix(prefix), ...stamp }));
    for (const prefix of announced) {
      const route = this.#routes.get(prefix);
      if (route !== undefined) emit(() => ({ kind: 'announce', ...routeView(peer, prefix, route) }));
    }
    const { endOfRib } = update;
    if (endOfRib !== undefined) {
      this.#endOfRib.add(endOfRib);
      emit(() => ({ kind: 'endOfRib', peer, family: endOfRib, ...stamp }));
    }
  }

  #count(direction: 'sent' | 'received', message: Message): void {
    this.#counts[direction][message.kind]++;
    if (message.kind === 'notification') this.#lastNotification[direction] = describeNotification(message);
  }
}

const formatRouterId = (id: number): string =>
  formatIpAddress({ family: 'IPv4', octets: Uint8Array.of(id >>> 24, (id >>> 16) & 0xff, (id >>> 8) & 0xff, id & 0xff) });

const formatSocketAddress = ({ address, port }: SocketAddress): string =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
