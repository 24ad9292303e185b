import { readFile } from 'node:fs/promises';
import type { Logger } from '#obs/logger.ts';
import { Backoff } from '#runtime/backoff.ts';
import type { Clock, Timer } from '#runtime/clock.ts';
import type { Random } from '#runtime/random.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import { limits } from './limits.ts';
import { isLoopback, splitHostPort } from './loopback.ts';
import { type EndStream, type OperatorStreamOptions, openOperatorStream } from './operator-stream.ts';
import type { OperatorHandler, OperatorLink } from './speaker-link.ts';

/** How a speaker shows who it is, and whom it trusts. */
export type DialOptions = {
  /** The projected service-account token; read for each dial, since the kubelet replaces it. */
  readonly tokenFile: string;
  /** Absent: no TLS, which is allowed to a loopback address only. */
  readonly tls?: {
    /** The authorities that operators' certificates must be from, PEM; read for each dial. */
    readonly caFile: string;
    /** The name that operators' certificates must be for, whatever address is dialled. */
    readonly serverName: string;
  };
  /** Told of each link: the operator took the token and waits for Hello. */
  readonly onOperator: OperatorHandler;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
};

/** Keeps a link to the operator at one address: dials, hands the link over, and dials again, later each time, when it is lost. */
export class Dial {
  readonly #address: string;
  readonly #options: DialOptions;
  readonly #onGone: () => void;
  readonly #backoff: Backoff;
  #wanted = true;
  #end: EndStream | undefined;
  #redial: Timer | undefined;
  #openedAtMs: number | undefined;
  #lastReason = '';

  /** Dials `host:port` at once. `onGone` is called once, when nothing is left after `retire` or `stop`. */
  constructor(address: string, options: DialOptions, onGone: () => void) {
    this.#address = address;
    this.#options = options;
    this.#onGone = onGone;
    this.#backoff = new Backoff({ firstMs: limits.redialFirstMs, maxMs: limits.redialMaxMs }, options.random);
    void this.#dial();
  }

  /** The address is wanted again, or still. */
  keep(): void {
    this.#wanted = true;
  }

  /** The address is not one of an operator any more: an open link stays as long as it lives, but is not dialled again. */
  retire(): void {
    if (this.#openedAtMs === undefined) this.stop(`${this.#address} is no longer an address of an operator`);
    else this.#wanted = false;
  }

  stop(reason: string): void {
    this.#wanted = false;
    if (this.#redial !== undefined) {
      this.#redial.cancel();
      this.#redial = undefined;
      this.#onGone();
    }
    this.#end?.(reason);
  }

  async #dial(): Promise<void> {
    this.#redial = undefined;
    const { clock } = this.#options;
    const credentials = await readCredentials(this.#address, this.#options);
    if (!credentials.ok || !this.#wanted) {
      this.#over(credentials.ok ? 'not wanted any more' : credentials.error);
      return;
    }
    this.#end = openOperatorStream({
      address: this.#address,
      ...credentials.value,
      onOpen: (link) => this.#open(link),
      onOver: (reason) => this.#over(reason),
      clock,
    });
  }

  #open(link: OperatorLink): void {
    const { clock, logger, onOperator } = this.#options;
    this.#openedAtMs = clock.nowMs();
    this.#lastReason = '';
    logger.info({ event: 'operator-connected', operator: this.#address });
    onOperator(link);
  }

  #over(reason: string): void {
    const { clock, logger } = this.#options;
    // A reason that repeats is said once: an operator that stays away must not fill the log.
    if (reason !== this.#lastReason) logger.warn({ event: 'operator-lost', operator: this.#address, reason });
    this.#lastReason = reason;
    if (this.#openedAtMs !== undefined && clock.nowMs() - this.#openedAtMs >= limits.redialForgetMs) this.#backoff.reset();
    this.#openedAtMs = undefined;
    this.#end = undefined;
    if (this.#wanted) this.#redial = clock.after(this.#backoff.nextMs(), () => void this.#dial());
    else this.#onGone();
  }
}

type Credentials = Pick<OperatorStreamOptions, 'token' | 'tls'>;

/** Reads what the dial needs from its files. The error names the file. */
async function readCredentials(address: string, { tokenFile, tls }: DialOptions): Promise<Result<Credentials, string>> {
  if (tls === undefined && !isLoopback(splitHostPort(address)?.host ?? '')) {
    return err(`our token would travel to ${address} readable by anyone: give a CA file and the operator's server name`);
  }
  try {
    const token = (await readFile(tokenFile, 'utf8')).trim();
    if (token === '') return err(`token file ${tokenFile} is empty`);
    // gRPC would throw, with the token in its message.
    if (!/^[\x21-\x7e]+$/.test(token)) return err(`token file ${tokenFile} holds no token: it has characters that no token has`);
    return ok({ token, tls: tls && { ca: await readFile(tls.caFile), serverName: tls.serverName } });
  } catch (cause) {
    return err(`can't read what the dial needs: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}
