import { arbitrate, type Contender, newGuest } from '#bgp/fsm/arbiter.ts';
import { type CeaseNotice, type Event, states } from '#bgp/fsm/events.ts';
import { negotiate } from '#bgp/fsm/open.ts';
import { type FsmSettings, newSession, type Session } from '#bgp/fsm/session.ts';
import type { OpenMessage } from '#bgp/wire/messages.ts';
import type { ByteStream } from '#linux/byte-stream.ts';
import type { Timer } from '#runtime/clock.ts';
import { Connection, type ConnectionHandlers, type ConnectionSurroundings, type OpenVerdict } from './connection.ts';
import { limits } from './limits.ts';
import type { Recorded } from './recording.ts';

/** What the connections with a router tell their owner. */
export type ConnectionsHandlers = Omit<ConnectionHandlers, 'changed' | 'collides'> & {
  /** One of them changed state; at most one is Established at a time. */
  readonly changed: (connection: Connection, session: Session, previous: Session) => void;
};

/** What they run on. */
export type ConnectionsSurroundings = Omit<ConnectionSurroundings, 'hasRival' | 'record'> & {
  /** Takes what happens on the connection of this number. Default: nobody does. */
  readonly record?: (connection: number, recorded: Recorded) => void;
};

/**
 * The connections with one router: the home machine, which connects or waits for the router, and beside it at most one guest, whose
 * connection the router opened. `bgp/fsm` decides which one stays; a guest that does becomes the home machine.
 */
export class Connections {
  #settings: FsmSettings;
  readonly #surroundings: ConnectionsSurroundings;
  readonly #handlers: ConnectionsHandlers;
  #home: Connection;
  #guest: Connection | undefined;
  /** The last guest that ended as one. */
  #formerGuest: Session | undefined;
  /** Those that were given up and may still send their last words. */
  readonly #leaving = new Set<Connection>();
  /** One whose OPEN is not answered, because the other is to win. */
  #waiting: { readonly opened: Connection; readonly timer: Timer } | undefined;
  #made = 0;
  /** What went wrong in BGP since the session was up: it says more than that the router hangs up since then. */
  #refusal = '';
  #lastError = '';

  constructor(settings: FsmSettings, surroundings: ConnectionsSurroundings, handlers: ConnectionsHandlers) {
    this.#settings = settings;
    this.#surroundings = surroundings;
    this.#handlers = handlers;
    this.#home = this.#make(settings, newSession);
  }

  /** The connection that is furthest. */
  get foremost(): Connection {
    const rank = ({ session }: Connection): number => states.indexOf(session.state);
    return this.#guest !== undefined && rank(this.#guest) > rank(this.#home) ? this.#guest : this.#home;
  }

  /** Its session, with what went wrong last on any of them. */
  get session(): Session {
    return { ...this.foremost.session, lastError: this.#lastError };
  }

  /** Begins to connect, or to wait for the router. */
  start(): void {
    this.#home.dispatch({ kind: this.#settings.afterIdle === 'listen' ? 'ManualStartWithPassiveTcpEstablishment' : 'ManualStart' });
  }

  /** Ends all, with Cease where there is a session. */
  stop(cease: CeaseNotice | undefined): void {
    for (const connection of [this.#guest, this.#home]) connection?.dispatch({ kind: 'ManualStop', cease });
  }

  /** Resolves when no stream is open any more: after a stop, in bounded time. */
  async closed(): Promise<void> {
    await Promise.all([this.#home, ...this.#leaving].map((connection) => connection.closed()));
  }

  /** Settings for what comes from now on. */
  configure(settings: FsmSettings): void {
    this.#settings = settings;
    this.#home.configure(settings);
    this.#guest?.configure(asGuest(settings));
  }

  /** A connection that the router opened. It opens one at a time: an earlier one that still waits is one that it gave up. */
  accept(stream: ByteStream): void {
    const session = newGuest(this.#home.session, this.#formerGuest, this.#surroundings.clock.nowMs());
    if (session === undefined) {
      stream.destroy();
      return;
    }
    this.#guest?.dispatch({ kind: 'OpenCollisionDump' });
    this.#guest = this.#make(asGuest(this.#settings), session);
    this.#guest.accept(stream);
  }

  #make(settings: FsmSettings, session: Session): Connection {
    const { record, ...surroundings } = this.#surroundings;
    const number = ++this.#made;
    const connection: Connection = new Connection(
      settings,
      {
        ...surroundings,
        hasRival: () => this.#rivalOf(connection)?.stream !== undefined,
        ...(record !== undefined && { record: (recorded) => record(number, recorded) }),
      },
      {
        ...this.#handlers,
        changed: (now, previous) => this.#changed(connection, now, previous),
        collides: (open) => this.#collides(connection, open),
      },
      session,
    );
    return connection;
  }

  #rivalOf(connection: Connection): Connection | undefined {
    return connection === this.#home ? this.#guest : this.#home;
  }

  /** What to do about a connection on which an OPEN came. One that we can't accept is refused, whatever others there are. */
  #collides(opened: Connection, open: OpenMessage): OpenVerdict {
    const other = this.#rivalOf(opened);
    if (other === undefined || !negotiate(open, this.#settings, opened.session).ok) return 'answer';
    const { routerId, localAsn } = this.#settings;
    const verdict = arbitrate(asContender(opened), asContender(other), { routerId, asn: localAsn }, open);
    if (verdict === 'dumpOther') this.#keepOnly(opened, { kind: 'OpenCollisionDump' });
    if (verdict === 'supersedeOther') this.#keepOnly(opened, { kind: 'Superseded' });
    if (verdict === 'wait') this.#letWait(opened);
    return verdict === 'dumpOpened' ? 'dump' : verdict === 'wait' ? 'wait' : 'answer';
  }

  /** The other connection is to win, but has got no OPEN yet: it must do so soon. */
  #letWait(opened: Connection): void {
    const timer = this.#surroundings.clock.after(limits.collisionWaitMs, () => {
      this.#keepOnly(opened, { kind: 'OpenCollisionDump' });
      this.#goOn();
    });
    // A router that calls itself differently on each connection has both wait: the later one is answered.
    this.#waiting?.timer.cancel();
    this.#waiting = { opened, timer };
  }

  #goOn(): void {
    const { opened, timer } = this.#waiting ?? {};
    this.#waiting = undefined;
    timer?.cancel();
    opened?.resume();
  }

  /** Ends the other connection, if there is one, with the event; the one that stays is at home. */
  #keepOnly(winner: Connection, event: Event): void {
    const loser = this.#rivalOf(winner);
    if (winner === this.#guest) winner.configure(this.#settings);
    this.#home = winner;
    this.#guest = undefined;
    this.#formerGuest = undefined;
    if (loser === undefined) return;
    this.#leave(loser);
    if (loser.stream !== undefined) loser.dispatch(event);
    // Nor does it try again.
    loser.dispatch({ kind: 'ManualStop', cease: undefined });
  }

  #leave(connection: Connection): void {
    this.#leaving.add(connection);
    void connection.closed().then(() => this.#leaving.delete(connection));
  }

  #changed(connection: Connection, session: Session, previous: Session): void {
    if (session.state === 'Established') {
      this.#refusal = '';
      this.#lastError = '';
      this.#keepOnly(connection, { kind: 'OpenCollisionDump' });
    } else this.#noteError(session, previous);
    if (connection === this.#guest && session.state === 'Idle') {
      this.#guest = undefined;
      this.#formerGuest = session;
      this.#leave(connection);
    }
    this.#handlers.changed(connection, session, previous);
    // Either the one that waits ended, and does not go on; or the other did.
    const hasStream = session.state === 'OpenSent' || session.state === 'OpenConfirm' || session.state === 'Established';
    if (this.#waiting !== undefined && !hasStream) this.#goOn();
  }

  #noteError({ state, lastError }: Session, previous: Session): void {
    if (lastError === '' || lastError === previous.lastError) return;
    const isLoss = state === 'Active' || previous.state === 'Active' || previous.state === 'Connect';
    if (!isLoss) this.#refusal = lastError;
    this.#lastError = isLoss && this.#refusal !== '' ? `${this.#refusal}; since then: ${lastError}` : lastError;
  }
}

/** The machine of a connection that the router opened has no life beyond it. */
const asGuest = (settings: FsmSettings): FsmSettings => ({ ...settings, afterIdle: 'nothing' });

const asContender = ({ session, accepted }: Connection): Contender => ({ session, initiatedByUs: !accepted });
