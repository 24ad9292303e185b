import type { State } from '#bgp/fsm/events.ts';
import type { FsmSettings } from '#bgp/fsm/session.ts';
import { encodeMessage } from '#bgp/wire/encode.ts';
import type { Message, UpdateMessage } from '#bgp/wire/messages.ts';
import type { MemoryNetwork } from '#linux/memory-network.ts';
import { formatPrefix } from '#net/prefix.ts';
import { seededRandom } from '#runtime/random.ts';
import { unwrap } from '#runtime/result.ts';
import type { VirtualClock } from '#runtime/virtual-clock.ts';
import { Connection, type ConnectionHandlers } from '../connection.ts';

/** A router in memory: accepts sessions at its address, and remembers what it heard in its latest one. */
export class TestRouter {
  readonly address: string;
  readonly settings: FsmSettings;
  /** All sessions that were accepted, oldest first. */
  readonly sessions: Connection[] = [];
  /** Messages received in all sessions. */
  readonly received: Message[] = [];
  /** Prefixes that the latest session announces now, with the attributes of the announcement. */
  readonly routes = new Map<string, UpdateMessage['reachable'][number]>();
  /** `+192.0.2.1/32`, `-192.0.2.1/32`, `end IPv4`, in the order of arrival. */
  readonly heard: string[] = [];
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock, address: string, settings: FsmSettings) {
    this.#clock = clock;
    this.address = address;
    this.settings = { ...settings, afterIdle: 'nothing' };
  }

  /** Listens on port 179. */
  async listen(network: MemoryNetwork): Promise<this> {
    unwrap(await network.listen({ address: this.address, port: 179 }, (stream) => this.#session().accept(stream)));
    return this;
  }

  get state(): State | undefined {
    return this.sessions.at(-1)?.session.state;
  }

  /** Sends a message on the latest session, whatever its state. */
  send(message: Message): void {
    const session = this.sessions.at(-1);
    session?.write(encodeMessage(message, { fourOctetAsn: true, maxMessageLength: 4_096 }));
  }

  #session(): Connection {
    const handlers: ConnectionHandlers = {
      changed: (session, previous) => {
        if (previous.state === 'Established' && session.state !== 'Established') this.routes.clear();
      },
      update: (update) => this.#hear(update),
      refresh: () => undefined,
      drained: () => undefined,
      message: (direction, message) => {
        if (direction === 'received') this.received.push(message);
      },
    };
    const connection = new Connection(this.settings, { clock: this.#clock, random: seededRandom(2) }, handlers);
    connection.dispatch({ kind: 'ManualStartWithPassiveTcpEstablishment' });
    this.sessions.push(connection);
    return connection;
  }

  #hear(update: UpdateMessage): void {
    for (const { prefixes } of update.unreachable) {
      for (const prefix of prefixes) {
        this.routes.delete(formatPrefix(prefix));
        this.heard.push(`-${formatPrefix(prefix)}`);
      }
    }
    for (const group of update.reachable) {
      for (const prefix of group.prefixes) {
        this.routes.set(formatPrefix(prefix), group);
        this.heard.push(`+${formatPrefix(prefix)}`);
      }
    }
    if (update.endOfRib !== undefined) this.heard.push(`end ${update.endOfRib}`);
  }
}
