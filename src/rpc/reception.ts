import type { Clock, Timer } from '#runtime/clock.ts';
import type { Hello, OperatorMessage, SpeakerMessage } from '#state/messages.ts';
import { limits } from './limits.ts';
import { LinkEnd, type Transport } from './link-end.ts';
import type { SpeakerHandler, SpeakerLink, SpeakerUpdate } from './speaker-link.ts';

/** The speakers that an operator has links with: one live instance per node. */
export class Roster {
  readonly #links = new Map<string, { readonly instance: string; readonly link: SpeakerLink }>();

  /**
   * Makes room for an instance. A newer stream of the same instance replaces the older one (its end was not noticed yet);
   * another instance is refused as long as the first one lives, since two speakers on one node would contradict each other.
   */
  admit(hello: Hello, link: SpeakerLink): string | undefined {
    const present = this.#links.get(hello.node);
    if (present !== undefined && present.instance !== hello.instance) {
      return `node ${hello.node} has a live speaker, instance ${present.instance}; instance ${hello.instance} must wait until it is gone`;
    }
    this.#links.set(hello.node, { instance: hello.instance, link });
    present?.link.close(`replaced by a newer stream of instance ${hello.instance}`);
    return undefined;
  }

  /** Forgets a link that closed, unless a newer one has taken its place. */
  dismiss(link: SpeakerLink): void {
    if (this.#links.get(link.node)?.link === link) this.#links.delete(link.node);
  }

  /** The live links. */
  links(): readonly SpeakerLink[] {
    return [...this.#links.values()].map(({ link }) => link);
  }
}

/** What a reception needs beside its stream. */
export type ReceptionOptions = {
  /** The node that the stream was authenticated for. */
  readonly node: string;
  readonly roster: Roster;
  readonly clock: Clock;
  readonly onSpeaker: SpeakerHandler;
  /** Told why a speaker was turned away before it became a link. */
  readonly onRefused: (reason: string) => void;
};

/**
 * The operator's end of one stream, whatever carries it: waits for Hello, admits the speaker or turns it away with a reason,
 * and then is its link.
 */
export class Reception extends LinkEnd<OperatorMessage, SpeakerUpdate> implements SpeakerLink {
  readonly node: string;
  readonly #options: ReceptionOptions;
  readonly #helloTimer: Timer;
  #greeted = false;

  constructor(transport: Transport<OperatorMessage>, options: ReceptionOptions) {
    super(transport);
    this.node = options.node;
    this.#options = options;
    this.#helloTimer = options.clock.after(limits.helloTimeoutMs, () =>
      this.#refuse(`no Hello from node ${this.node} within ${limits.helloTimeoutMs} ms`),
    );
  }

  /** The transport brought a message of the speaker. */
  heard(message: SpeakerMessage): void {
    if (this.closed) return;
    if (message.kind === 'hello') this.#greet(message);
    else if (this.#greeted) this.received(message);
    else this.#refuse(`the first message from node ${this.node} was ${message.kind}, it must be hello`);
  }

  override ended(reason: string): void {
    this.#helloTimer.cancel();
    this.#options.roster.dismiss(this);
    super.ended(reason);
  }

  #greet(hello: Hello): void {
    if (this.#greeted) {
      this.close(`node ${this.node} said hello twice on one stream`);
      return;
    }
    if (hello.node !== this.node) {
      this.#refuse(`Hello names node ${hello.node}, but the token is for node ${this.node}`);
      return;
    }
    const refusal = this.#options.roster.admit(hello, this);
    if (refusal !== undefined) {
      this.#refuse(refusal);
      return;
    }
    this.#helloTimer.cancel();
    this.#greeted = true;
    this.#options.onSpeaker(this, hello);
  }

  #refuse(reason: string): void {
    this.#options.onRefused(reason);
    this.close(reason);
  }
}
