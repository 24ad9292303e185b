import type { OperatorLink, SpeakerUpdate } from '#rpc/speaker-link.ts';
import type { Clock, Timer } from '#runtime/clock.ts';
import type { Hello, OperatorMessage } from '#state/messages.ts';
import type { RouteTruth, SessionTruth } from '#state/truth.ts';
import { limits } from './limits.ts';

/** What an uplink needs. */
export type UplinkOptions = {
  readonly clock: Clock;
  /** What Hello says now. */
  readonly hello: () => Hello;
  /** A message of an operator, in the order of its stream. */
  readonly onMessage: (message: OperatorMessage, link: OperatorLink) => void;
  /** How a route stands now. */
  readonly route: (prefix: string) => RouteTruth;
  /** How a session stands now; Idle when its peer is gone. */
  readonly session: (peer: string) => SessionTruth;
  /** Told when the number of links changes. */
  readonly onLinks: (count: number) => void;
};

/** What one operator has not been told yet: names only, so that what it is told is true when it is sent. */
type Untold = { readonly routes: Set<string>; readonly sessions: Set<string> };

/**
 * The streams to all operators. Each one hears Hello and then what changes: transitions in the turn in which they happen, the rest
 * coalesced. A stream that is lost, slow or new changes nothing for the others, and nothing on the wire.
 */
export class Uplink {
  readonly #options: UplinkOptions;
  readonly #links = new Map<OperatorLink, Untold>();
  #slow: Timer | undefined;
  #soon = false;

  constructor(options: UplinkOptions) {
    this.#options = options;
  }

  /** Number of open streams. */
  get count(): number {
    return this.#links.size;
  }

  /** A stream to an operator is open: it hears Hello first. */
  attach(link: OperatorLink): void {
    this.#links.set(link, { routes: new Set(), sessions: new Set() });
    link.onMessage((message) => this.#options.onMessage(message, link));
    link.onClose(() => {
      this.#links.delete(link);
      this.#options.onLinks(this.#links.size);
    });
    link.send(this.#options.hello());
    this.#options.onLinks(this.#links.size);
  }

  /** Sends a message to every operator. */
  broadcast(message: SpeakerUpdate): void {
    for (const link of [...this.#links.keys()]) link.send(message);
  }

  /** Something about these routes and sessions changed. `transition`: whether a router has a route, or a session is up, which is told at once. */
  changed(routes: Iterable<string>, sessions: Iterable<string>, transition: boolean): void {
    if (this.#links.size === 0) return;
    for (const untold of this.#links.values()) {
      for (const prefix of routes) untold.routes.add(prefix);
      for (const peer of sessions) untold.sessions.add(peer);
    }
    if (transition) this.#tellSoon();
    else this.#tellLater();
  }

  /** Tells what is untold now. */
  flush(): void {
    for (const [link, untold] of [...this.#links]) {
      // Whoever does not keep up is told later, and then only the newest.
      if (link.congested) this.#tellLater();
      else this.#tell(link, untold);
    }
  }

  /** Sends nothing more; the streams themselves are ended by whoever opened them. */
  stop(): void {
    this.#slow?.cancel();
    this.#slow = undefined;
    this.#links.clear();
  }

  #tell(link: OperatorLink, untold: Untold): void {
    if (untold.routes.size + untold.sessions.size === 0) return;
    const routes = Array.from(untold.routes, this.#options.route);
    const sessions = Array.from(untold.sessions, this.#options.session);
    untold.routes.clear();
    untold.sessions.clear();
    link.send({ kind: 'report', routes, sessions });
  }

  /** What one turn of the event loop brings is one report. */
  #tellSoon(): void {
    if (this.#soon) return;
    this.#soon = true;
    this.#options.clock.soon(() => {
      this.#soon = false;
      this.flush();
    });
  }

  #tellLater(): void {
    this.#slow ??= this.#options.clock.after(limits.reportEveryMs, () => {
      this.#slow = undefined;
      this.flush();
    });
  }
}
