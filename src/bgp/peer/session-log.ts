import type { Negotiated, Session } from '#bgp/fsm/session.ts';
import type { AddressFamily } from '#net/ip-address.ts';
import type { Logger } from '#obs/logger.ts';

/** Says of the session with one router when it comes up, when it goes down, and what keeps it down. */
export class SessionLog {
  readonly #logger: Logger;
  /** What went wrong last and was said; empty after the session was up. */
  #said = '';

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** The session changed state. `wanted`: the families that it shall carry. */
  changed(session: Session, previous: Session, wanted: readonly AddressFamily[]): void {
    const { state, lastError, negotiated } = session;
    if (state === 'Established') this.#up(negotiated, wanted);
    // A router that is away is tried for hours: one line says so, until the reason is another.
    else if (lastError !== '' && lastError !== this.#said) this.#logger.warn({ event: 'session', state, error: lastError });
    else if (previous.state === 'Established') this.#logger.info({ event: 'session', state });
    this.#said = state === 'Established' ? '' : lastError || this.#said;
  }

  #up(negotiated: Negotiated | undefined, wanted: readonly AddressFamily[]): void {
    const { families = [] } = negotiated?.context ?? {};
    const { hostName, gracefulRestart } = negotiated ?? {};
    this.#logger.info({
      event: 'session',
      state: 'Established',
      families,
      ...(hostName !== undefined && { router: hostName }),
      ...(gracefulRestart !== undefined && { gracefulRestart }),
    });
    for (const family of wanted) {
      if (families.includes(family)) continue;
      this.#logger.warn({ event: 'family-not-negotiated', family }, `the router does not carry ${family}: its routes are not announced`);
    }
  }
}
