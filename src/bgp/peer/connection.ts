import { type Event, expiryEvents } from '#bgp/fsm/events.ts';
import { type Action, type FsmSettings, newSession, type Session } from '#bgp/fsm/session.ts';
import { step } from '#bgp/fsm/step.ts';
import { decodeMessage } from '#bgp/wire/decode.ts';
import { encodeMessage } from '#bgp/wire/encode.ts';
import type { DecodeError } from '#bgp/wire/errors.ts';
import { Framer } from '#bgp/wire/framer.ts';
import type { Message, OpenMessage, RouteRefreshMessage, UpdateMessage } from '#bgp/wire/messages.ts';
import { type DecodeContext, nothingNegotiated } from '#bgp/wire/negotiated.ts';
import type { ByteStream, Connecting, Connector, ConnectTarget } from '#linux/byte-stream.ts';
import type { AddressFamily } from '#net/ip-address.ts';
import type { Clock } from '#runtime/clock.ts';
import type { Random } from '#runtime/random.ts';
import { limits } from './limits.ts';
import { errorEvent, messageEvent } from './message-events.ts';
import type { Recorded } from './recording.ts';
import { SendHold } from './send-hold.ts';
import { clockTimers, type MakeTimers, type SessionTimers } from './session-timers.ts';

/** What a connection tells its owner. */
export type ConnectionHandlers = {
  /** The session changed state. Its stream is there from OpenSent on, until Idle or Active is reached. */
  readonly changed: (session: Session, previous: Session) => void;
  /** An UPDATE arrived while Established. */
  readonly update: (update: UpdateMessage) => void;
  /** An UPDATE arrived that ends the session. Default: nobody is told. */
  readonly unreadable?: (error: DecodeError) => void;
  /** A ROUTE-REFRESH arrived while Established. */
  readonly refresh: (message: RouteRefreshMessage) => void;
  /** After `write` answered false: there is room again. */
  readonly drained: () => void;
  /** A message was sent or received; UPDATEs that were written as bytes are not told. */
  readonly message?: (direction: 'sent' | 'received', message: Message) => void;
  /** The OPEN would be answered now: whether it is, beside another connection with the router. Default: it is. */
  readonly collides?: (open: OpenMessage) => OpenVerdict;
};

/** What to do about an OPEN: answer it, end the connection, or keep it until `resume`. */
export type OpenVerdict = 'answer' | 'dump' | 'wait';

/** What a connection runs on. */
export type ConnectionSurroundings = {
  readonly clock: Clock;
  readonly random: Random;
  /** How to connect where it is not passive. */
  readonly connector?: Connector;
  readonly target?: ConnectTarget;
  /** Whether another connection with the same router is open. Default: there is none. */
  readonly hasRival?: () => boolean;
  /** Takes what happens. Default: nobody does. */
  readonly record?: (recorded: Recorded) => void;
  /** Default: on the clock. */
  readonly timers?: MakeTimers;
};

/**
 * Runs the state machine on a clock and a byte stream: feeds it events, carries its actions out. Nothing here decides. Actions
 * never recurse: an event that one causes waits until all actions before it are done.
 */
export class Connection {
  #settings: FsmSettings;
  readonly #surroundings: ConnectionSurroundings;
  readonly #handlers: ConnectionHandlers;
  readonly #timers: SessionTimers;
  readonly #events: Event[] = [];
  #running = false;
  #session: Session;
  #attempt: Connecting | undefined;
  #stream: ByteStream | undefined;
  #accepted = false;
  #framer = new Framer();
  /** The OPEN that waits for `resume`; what follows it waits in the framer. */
  #waitingOpen: OpenMessage | undefined;
  #sendHold: SendHold | undefined;
  #blocked = false;
  /** Families that the router can't speak, as its routes could not be read: what follows of them is ignored (RFC 7606 §2). */
  readonly #disabled = new Set<AddressFamily>();
  /** Streams that are open, also those that were given up and still send their last words. */
  readonly #open = new Set<ByteStream>();
  #whenClosed: (() => void)[] = [];

  constructor(settings: FsmSettings, surroundings: ConnectionSurroundings, handlers: ConnectionHandlers, session: Session = newSession) {
    this.#settings = settings;
    this.#surroundings = surroundings;
    this.#handlers = handlers;
    this.#session = session;
    this.#timers = (surroundings.timers ?? clockTimers(surroundings.clock))((timer) => {
      this.#record({ event: 'timer', timer });
      this.#happen(expiryEvents[timer]);
    });
    this.#record({ event: 'begins', session, settings });
  }

  get session(): Session {
    return this.#session;
  }

  /** The connection, while there is one. */
  get stream(): ByteStream | undefined {
    return this.#stream;
  }

  /** Whether the other end opened the connection, or the last one that there was. */
  get accepted(): boolean {
    return this.#accepted;
  }

  /** Whether the stream asked to wait. */
  get blocked(): boolean {
    return this.#blocked;
  }

  /** Settings for what comes from now on; an OPEN that was sent is not taken back. */
  configure(settings: FsmSettings): void {
    this.#settings = settings;
    this.#record({ event: 'settings', settings });
  }

  /** Resolves when no stream is open any more: after a stop, in bounded time. */
  closed(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#open.size === 0) resolve();
      else this.#whenClosed.push(resolve);
    });
  }

  /** A connection that the other end opened becomes this session's, which must be in Active. */
  accept(stream: ByteStream): void {
    this.#accepted = true;
    this.#adopt(stream);
    this.#record({ event: 'accepted', local: stream.local, remote: stream.remote });
    this.#happen({ kind: 'TcpConnectionConfirmed' });
  }

  /** Goes on with an OPEN that had to wait: whether it is answered is asked again. */
  resume(): void {
    const open = this.#waitingOpen;
    if (open === undefined) return;
    this.#record({ event: 'resumed' });
    this.#waitingOpen = undefined;
    this.#receiveOpen(open);
    this.#readMessages();
  }

  /** Lets an event happen. */
  dispatch(event: Event): void {
    this.#record({ event: 'told', what: event, ...(this.#hasRival() && { rival: true }) });
    this.#happen(event);
  }

  /** Writes encoded UPDATEs; only while Established. False: wait for `drained`. */
  write(bytes: Uint8Array): boolean {
    this.#record({ event: 'wrote', bytes });
    return this.#write(bytes);
  }

  #happen(event: Event): void {
    this.#events.push(event);
    if (this.#running) return;
    this.#running = true;
    for (let next = this.#events.shift(); next !== undefined; next = this.#events.shift()) this.#handle(next);
    this.#running = false;
  }

  #handle(event: Event): void {
    const { clock, random } = this.#surroundings;
    const previous = this.#session;
    const { session, actions } = step(previous, event, {
      settings: this.#settings,
      nowMs: clock.nowMs(),
      random,
      hasRival: this.#hasRival(),
    });
    this.#session = session;
    for (const action of actions) this.#perform(action);
    if (session.state === previous.state) return;
    this.#record({ event: 'state', state: session.state, error: session.lastError });
    this.#handlers.changed(session, previous);
  }

  #perform(action: Action): void {
    switch (action.kind) {
      case 'connect':
        this.#connect();
        break;
      case 'disconnect':
        this.#disconnect();
        break;
      case 'send':
        this.#send(action.message);
        break;
      case 'startTimer':
        this.#timers.start(action.timer, action.ms);
        break;
      case 'stopTimers':
        this.#timers.stop();
        break;
    }
  }

  #connect(): void {
    const { connector, target } = this.#surroundings;
    if (connector === undefined || target === undefined) return;
    this.#accepted = false;
    this.#attempt = connector.connect(target, (result) => {
      this.#attempt = undefined;
      if (result.ok) {
        this.#adopt(result.value);
        this.#record({ event: 'connected', local: result.value.local, remote: result.value.remote });
        this.#happen({ kind: 'TcpCrAcked' });
      } else {
        this.#record({ event: 'unreachable', reason: result.error });
        this.#happen({ kind: 'TcpConnectionFails', reason: result.error });
      }
    });
  }

  #adopt(stream: ByteStream): void {
    this.#stream = stream;
    this.#open.add(stream);
    this.#framer = new Framer();
    this.#disabled.clear();
    this.#sendHold = new SendHold(
      this.#surroundings.clock,
      stream,
      () => Math.max(limits.sendHoldMs, 2 * (this.#session.negotiated?.holdTimeMs ?? 0)),
      () => this.dispatch({ kind: 'SendHoldTimerExpires' }),
    );
    // A stream that was given up may still speak: only the current one is listened to.
    const isCurrent = (): boolean => this.#stream === stream;
    stream.attach({
      data: (bytes) => {
        if (isCurrent()) this.#receive(bytes);
      },
      drained: () => {
        if (!isCurrent()) return;
        this.#blocked = false;
        this.#handlers.drained();
      },
      closed: (reason) => {
        this.#forget(stream);
        if (!isCurrent()) return;
        this.#release();
        this.#record({ event: 'closed', reason });
        this.#happen({ kind: 'TcpConnectionFails', reason });
      },
    });
  }

  #receive(bytes: Uint8Array): void {
    this.#record({ event: 'received', bytes, ...(this.#hasRival() && { rival: true }) });
    this.#framer.push(bytes);
    this.#readMessages();
  }

  #readMessages(): void {
    const stream = this.#stream;
    // What one message does may end the connection, or change how the next one is read.
    while (this.#stream !== undefined && this.#stream === stream && this.#waitingOpen === undefined) {
      const context = this.#decodeContext();
      const frame = this.#framer.next(context.maxReceivedLength);
      if (frame === undefined) return;
      const message = frame.ok ? decodeMessage(frame.value, context) : frame;
      if (message.ok) this.#receiveMessage(message.value);
      else this.#receiveError(message.error);
    }
  }

  #decodeContext(): DecodeContext {
    const context = this.#session.negotiated?.context ?? nothingNegotiated;
    return this.#disabled.size === 0 ? context : { ...context, families: context.families.filter((family) => !this.#disabled.has(family)) };
  }

  #receiveError(error: DecodeError): void {
    if (error.bytes !== undefined) this.#handlers.unreadable?.(error);
    this.#happen(errorEvent(error));
  }

  #receiveMessage(message: Message): void {
    this.#handlers.message?.('received', message);
    // The owner sees routes before the hold timer is set anew, and only while Established: elsewhere they are an error.
    const isEstablished = this.#session.state === 'Established';
    if (isEstablished && message.kind === 'update') {
      for (const family of message.disabled ?? []) this.#disabled.add(family);
      this.#handlers.update(message);
    }
    if (isEstablished && message.kind === 'routeRefresh') this.#handlers.refresh(message);
    if (message.kind === 'open') this.#receiveOpen(message);
    else this.#happen(messageEvent(message));
  }

  /** The owner is asked before the OPEN is answered: a KEEPALIVE would let the router believe that this connection stays. */
  #receiveOpen(open: OpenMessage): void {
    const verdict = this.#handlers.collides?.(open) ?? 'answer';
    this.#record({ event: 'collision', verdict });
    if (verdict === 'wait') this.#waitingOpen = open;
    else this.#happen(verdict === 'dump' ? { kind: 'OpenCollisionDump' } : messageEvent(open));
  }

  #send(message: Message): void {
    // Behind what a router does not take, one more keepalive tells it nothing, and would wait in memory with the rest.
    if (this.#stream === undefined || (message.kind === 'keepalive' && this.blocked)) return;
    this.#handlers.message?.('sent', message);
    const bytes = encodeMessage(message, this.#session.negotiated?.context ?? nothingNegotiated);
    this.#record({ event: 'sent', bytes });
    this.#write(bytes);
  }

  #write(bytes: Uint8Array): boolean {
    if (this.#stream === undefined) return false;
    this.#blocked = !this.#stream.write(bytes);
    this.#sendHold?.wrote();
    return !this.#blocked;
  }

  #disconnect(): void {
    this.#attempt?.cancel();
    this.#attempt = undefined;
    const stream = this.#stream;
    if (stream === undefined) return;
    this.#release();
    stream.end();
    // What was sent last, often a NOTIFICATION, gets its time; a router that takes nothing does not keep the socket.
    this.#surroundings.clock.after(limits.lingerMs, () => stream.destroy());
  }

  #release(): void {
    this.#stream = undefined;
    this.#waitingOpen = undefined;
    this.#blocked = false;
    this.#sendHold?.stop();
    this.#sendHold = undefined;
  }

  #forget(stream: ByteStream): void {
    this.#open.delete(stream);
    if (this.#open.size > 0) return;
    for (const resolve of this.#whenClosed.splice(0)) resolve();
  }

  #hasRival(): boolean {
    return this.#surroundings.hasRival?.() ?? false;
  }

  #record(recorded: Recorded): void {
    this.#surroundings.record?.(recorded);
  }
}
