import type { Clock } from '#runtime/clock.ts';
import { ok, type Result } from '#runtime/result.ts';
import type { LinkSocket, OpenLinkSocket } from '../link-socket.ts';
import type { RouterMessage } from '../router-messages.ts';

/** A link in memory: the test says what routers on it say, and sees what is said to them. */
export class FakeLink {
  /** What was sent, and when. */
  readonly sent: { readonly ms: number; readonly message: RouterMessage }[] = [];
  /** An error: the interface can not be used. */
  refuses: Result<void, string> = ok(undefined);
  isOpen = false;
  readonly #clock: Clock;
  #waiting: { readonly message: RouterMessage | undefined; readonly from: string }[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly open: OpenLinkSocket = () => {
    if (!this.refuses.ok) return this.refuses;
    this.isOpen = true;
    this.#waiting = [];
    const socket: LinkSocket = {
      send: (message) => {
        if (this.refuses.ok) this.sent.push({ ms: this.#clock.nowMs(), message });
        return this.refuses;
      },
      receive: () => {
        const next = this.#waiting.shift();
        return next && { heard: next.message && { message: next.message, from: next.from } };
      },
      close: () => {
        this.isOpen = false;
      },
    };
    return ok(socket);
  };

  /** A message arrives; without one, octets that are none. */
  say(message: RouterMessage | undefined, from: string): void {
    this.#waiting.push({ message, from });
  }
}
