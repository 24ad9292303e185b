import { type Speaker, weDominate } from './collision.ts';
import { newSession, type Session } from './session.ts';

/** A connection with the router, or the attempt to make one. */
export type Contender = {
  readonly session: Session;
  /** Whether we opened it. */
  readonly initiatedByUs: boolean;
};

/**
 * What becomes of two connections with one router. `dumpOther` and `dumpOpened`: that one ends with Cease, Connection Collision
 * Resolution. `supersedeOther`: it ends without a word. `wait`: the OPEN is answered when the other one has got its own, or ended.
 */
export type Verdict = 'dumpOther' | 'dumpOpened' | 'supersedeOther' | 'wait';

/**
 * Judges when a valid OPEN came on `opened`, before it is answered: a KEEPALIVE would let the router believe that this connection
 * stays (RFC 4271 §6.8, §8.2.2 event 19).
 *
 * - An attempt to connect, or a connection on which neither side said an OPEN yet, gives way.
 * - Where the rule speaks for one whose OPEN we still wait for, that may never come. Until then `opened` gets no KEEPALIVE: with it
 *   the router could take this one for Established and refuse the other, which we would keep, and both would be lost.
 * - An Established one stays; but where graceful restart was agreed, the router restarted, and the old one is dead (RFC 4724 §5).
 */
export function arbitrate(opened: Contender, other: Contender, us: Speaker, them: Speaker): Verdict {
  const openedWins = opened.initiatedByUs !== other.initiatedByUs && opened.initiatedByUs === weDominate(us, them);
  switch (other.session.state) {
    case 'Idle':
    case 'Connect':
    case 'Active':
      return 'dumpOther';
    case 'OpenSent':
      return openedWins ? 'dumpOther' : 'wait';
    case 'OpenConfirm':
      return openedWins ? 'dumpOther' : 'dumpOpened';
    case 'Established':
      return other.session.negotiated?.gracefulRestart === undefined ? 'dumpOpened' : 'supersedeOther';
  }
}

/**
 * The machine of a connection that the router opened, or undefined where it is refused: while we wait in Idle because sessions
 * with this router came to nothing, no way leads to one (RFC 4271 §8.2.2). A router that was only away is welcome at once.
 * `previous` is the last such machine, if it ended: its failures count for the next.
 */
export function newGuest(home: Session, previous: Session | undefined, nowMs: number): Session | undefined {
  const former = previous ?? newSession;
  const refusesUntilMs = Math.max(former.refusesUntilMs, home.state === 'Idle' ? home.refusesUntilMs : former.refusesUntilMs);
  if (nowMs < refusesUntilMs) return undefined;
  return {
    ...newSession,
    state: 'Active',
    connectRetryCounter: Math.max(home.connectRetryCounter, former.connectRetryCounter),
    oscillations: Math.max(home.oscillations, former.oscillations),
    plainOpen: home.plainOpen || former.plainOpen,
  };
}
