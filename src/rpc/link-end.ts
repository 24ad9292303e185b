import { assert } from '#runtime/assert.ts';
import type { OperatorMessage, SpeakerMessage } from '#state/messages.ts';
import { limits } from './limits.ts';
import type { Link, OperatorLink } from './speaker-link.ts';

/** What carries the messages of one end: a gRPC stream, or a queue in memory. */
export type Transport<Out> = {
  write(message: Out): void;
  /** Messages written and not yet taken by the other side. */
  unsent(): number;
  /** Ends the stream with a reason for the other side, after what was written before. */
  end(reason: string): void;
};

/** What both transports share: one end's life from open to closed. The transport calls `received` and `ended`. */
export class LinkEnd<Out, In> implements Link<Out, In> {
  readonly #transport: Transport<Out>;
  #closed = false;
  #message: ((message: In) => void) | undefined;
  #close: ((reason: string) => void) | undefined;

  constructor(transport: Transport<Out>) {
    this.#transport = transport;
  }

  get congested(): boolean {
    return this.#transport.unsent() >= limits.congestedMessages;
  }

  /** Whether the link is over. */
  get closed(): boolean {
    return this.#closed;
  }

  send(message: Out): void {
    if (this.#closed) return;
    if (this.#transport.unsent() >= limits.unsentMessages) {
      this.close(`the other side does not read: ${limits.unsentMessages} messages wait`);
      return;
    }
    this.#transport.write(message);
  }

  onMessage(handler: (message: In) => void): void {
    this.#message = handler;
  }

  onClose(handler: (reason: string) => void): void {
    this.#close = handler;
  }

  close(reason: string): void {
    if (this.#closed) return;
    this.#transport.end(reason);
    this.ended(reason);
  }

  /** The transport brought a message. */
  received(message: In): void {
    if (this.#closed) return;
    assert(this.#message !== undefined, 'a link that was handed over has somebody who takes its messages');
    this.#message(message);
  }

  /** The transport is over. */
  ended(reason: string): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#close?.(reason.slice(0, limits.reasonCharacters).toWellFormed());
  }
}

/** The speaker's end of a stream. */
export class OperatorEnd extends LinkEnd<SpeakerMessage, OperatorMessage> implements OperatorLink {
  readonly operator: string;

  constructor(transport: Transport<SpeakerMessage>, operator: string) {
    super(transport);
    this.operator = operator;
  }
}
