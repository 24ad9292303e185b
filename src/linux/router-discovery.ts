import type { Clock, Timer } from '#runtime/clock.ts';
import type { Random } from '#runtime/random.ts';
import { limits } from './limits.ts';
import type { LinkSocket, OpenLinkSocket } from './link-socket.ts';

/** What router discovery runs on, and whom it tells. */
export type RouterDiscoveryOptions = {
  readonly clock: Clock;
  readonly random: Random;
  readonly open: OpenLinkSocket;
  /** Name of the interface. */
  readonly device: string;
  /** A router on the link said that it is there; its link-local address, canonical text. */
  readonly onRouter: (address: string) => void;
  /** What keeps it from working is another, see {@link RouterDiscovery.problem}. */
  readonly onProblem: () => void;
};

/**
 * Finds the routers on a link and is found by them: advertises us as a router (RFC 4861 §6.2) and hears the advertisements of
 * others, as unnumbered BGP does everywhere. What can't be had now, as an interface that is not there yet, is tried again.
 */
export class RouterDiscovery {
  readonly #options: RouterDiscoveryOptions;
  #socket: LinkSocket | undefined;
  #problem = '';
  #lastAdvertisedMs = 0;
  /** While nobody is heard, routers are asked to speak: so many times (§6.3.7). */
  #solicitations = 0;
  #listening: Timer | undefined;
  /** The next advertisement, or the next attempt to open the link. */
  #next: { readonly timer: Timer; readonly atMs: number } | undefined;

  constructor(options: RouterDiscoveryOptions) {
    this.#options = options;
  }

  /** Why nothing is said or heard, a sentence; empty while it works. */
  get problem(): string {
    return this.#problem;
  }

  start(): void {
    const { open, device } = this.#options;
    const opened = open(device);
    if (!opened.ok) {
      this.#fail(opened.error);
      return;
    }
    this.#socket = opened.value;
    this.#solicitations = limits.solicitations;
    this.#advertise();
    this.#listen();
  }

  /** Says and hears nothing more. Nobody took us as default router, so that there is nothing to take back. */
  stop(): void {
    this.#next?.timer.cancel();
    this.#listening?.cancel();
    this.#socket?.close();
    this.#socket = undefined;
  }

  #fail(reason: string): void {
    this.stop();
    this.#schedule(limits.reopenLinkMs, () => this.start());
    this.#setProblem(reason);
  }

  #setProblem(reason: string): void {
    if (reason === this.#problem) return;
    this.#problem = reason;
    this.#options.onProblem();
  }

  /** §6.2.4: at a random time between two bounds, so that the routers of a link do not speak at once. */
  #advertise(): void {
    const sent = this.#socket?.send('advertisement');
    if (sent?.ok === false) {
      this.#fail(sent.error);
      return;
    }
    this.#setProblem('');
    this.#lastAdvertisedMs = this.#options.clock.nowMs();
    if (this.#solicitations > 0) this.#solicit();
    const { minMs, maxMs } = limits.advertisement;
    this.#schedule(minMs + this.#options.random() * (maxMs - minMs), () => this.#advertise());
  }

  #solicit(): void {
    this.#solicitations -= 1;
    // One that is lost has successors.
    this.#socket?.send('solicitation');
  }

  /** §6.2.6: an answer to all, after a random while, and not sooner after the last than others may bear. */
  #answer(): void {
    const { clock, random } = this.#options;
    const soonestMs = Math.max(clock.nowMs(), this.#lastAdvertisedMs + limits.betweenAdvertisementsMs);
    const atMs = soonestMs + random() * limits.answerDelayMs;
    if (this.#next !== undefined && this.#next.atMs <= soonestMs + limits.answerDelayMs) return;
    this.#schedule(atMs - clock.nowMs(), () => this.#advertise());
  }

  #schedule(delayMs: number, task: () => void): void {
    const { clock } = this.#options;
    this.#next?.timer.cancel();
    this.#next = { timer: clock.after(delayMs, task), atMs: clock.nowMs() + delayMs };
  }

  /** Node waits for no raw socket, so that it is asked; what a flood brings beyond a bound waits in the kernel, which drops the rest. */
  #listen(): void {
    for (let count = 0; count < limits.messagesPerLook; count += 1) {
      const received = this.#socket?.receive();
      if (received === undefined) break;
      if (received.heard?.message === 'solicitation') this.#answer();
      else if (received.heard !== undefined) this.#hear(received.heard.from);
    }
    // Who was told of a router may have stopped this.
    if (this.#socket === undefined) return;
    this.#listening = this.#options.clock.after(limits.lookMs, () => this.#listen());
  }

  #hear(router: string): void {
    this.#solicitations = 0;
    this.#options.onRouter(router);
  }
}
