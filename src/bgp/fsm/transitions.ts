import type { NotificationMessage } from '#bgp/wire/messages.ts';
import type { CeaseNotice } from './events.ts';
import { limits } from './limits.ts';
import { cease, describeNotification, fsmError } from './notifications.ts';
import { makeOpen } from './open.ts';
import { type Action, newSession, type Session, type Surroundings, type Transition } from './session.ts';
import { idleHoldMs, jittered } from './timers.ts';

/** Nothing happens. */
export const stay = (session: Session, actions: readonly Action[] = []): Transition => ({ session, actions });

/** Idle → Connect, or another attempt in Connect. */
export function connecting(session: Session, { settings, random }: Surroundings): Transition {
  return {
    session: { ...session, state: 'Connect' },
    actions: [
      { kind: 'stopTimers' },
      { kind: 'startTimer', timer: 'ConnectRetry', ms: jittered(settings.connectRetryMs, random) },
      { kind: 'connect' },
    ],
  };
}

/** The connection is there: our OPEN goes out and a long hold timer waits for the router's (→ OpenSent). */
export function opening(session: Session, { settings }: Surroundings): Transition {
  return {
    session: { ...session, state: 'OpenSent' },
    actions: [
      { kind: 'stopTimers' },
      { kind: 'send', message: makeOpen(settings) },
      { kind: 'startTimer', timer: 'Hold', ms: limits.openHoldMs },
    ],
  };
}

/** The keepalive timer, a third of the hold time (RFC 4271 §4.4), jittered anew each time; nothing where there is no hold time. */
export function restartKeepalive(session: Session, { random }: Surroundings): Action[] {
  const holdTimeMs = session.negotiated?.holdTimeMs ?? 0;
  return holdTimeMs === 0 ? [] : [{ kind: 'startTimer', timer: 'Keepalive', ms: jittered(holdTimeMs / 3, random) }];
}

/** The hold timer, not jittered (RFC 4271 §10); nothing where there is no hold time. */
export function restartHold(session: Session): Action[] {
  const ms = session.negotiated?.holdTimeMs ?? 0;
  return ms === 0 ? [] : [{ kind: 'startTimer', timer: 'Hold', ms }];
}

/** What `toIdle` may be told beyond the error. */
type IdleOptions = {
  /** Sent before the connection ends. Never in answer to a NOTIFICATION. */
  readonly notification?: NotificationMessage;
  /** Longest wait, in milliseconds; default: the room's limit. */
  readonly ceilingMs?: number;
  /** Whether the failure makes the next waits longer. Default true. */
  readonly counts?: boolean;
};

/**
 * A failure: the connection ends, and the session waits in Idle before it tries again, after Established as well: what ends
 * every session soon after it came up must not become a loop. A passive session does not try again.
 */
export function toIdle(session: Session, error: string, surroundings: Surroundings, options: IdleOptions = {}): Transition {
  const { settings, nowMs, random } = surroundings;
  const wasStable = session.establishedAtMs !== undefined && nowMs - session.establishedAtMs >= limits.stableMs;
  const counter = (wasStable ? 0 : session.connectRetryCounter) + ((options.counts ?? true) ? 1 : 0);
  const waitMs = idleHoldMs(Math.max(1, counter), options.ceilingMs ?? limits.idleHoldMaxMs, random);
  return {
    session: { ...newSession, connectRetryCounter: counter, lastError: error },
    actions: [
      ...(options.notification ? [{ kind: 'send' as const, message: options.notification }] : []),
      { kind: 'disconnect' },
      { kind: 'stopTimers' },
      ...(settings.passive ? [] : [{ kind: 'startTimer' as const, timer: 'IdleHold' as const, ms: waitMs }]),
    ],
  };
}

/** A failure of which we tell the router. */
export const failWith = (session: Session, notification: NotificationMessage, surroundings: Surroundings): Transition =>
  toIdle(session, `we sent ${describeNotification(notification)}`, surroundings, { notification });

/** An event that the state has no use for: Finite State Machine Error (RFC 4271 §6.6, RFC 6608). */
export const unexpected = (session: Session, eventKind: string, surroundings: Surroundings): Transition => {
  const notification = fsmError(session.state);
  return toIdle(session, `we sent ${describeNotification(notification)}: ${eventKind} in ${session.state}`, surroundings, { notification });
};

/** A person or a new configuration ends the session: no waiting, failures forgotten. Cease only where an OPEN was sent, or never. */
export function stopped(session: Session, notice: CeaseNotice | undefined): Transition {
  const saidOpen = session.state === 'OpenSent' || session.state === 'OpenConfirm' || session.state === 'Established';
  return {
    session: { ...newSession, lastError: session.lastError },
    actions: [
      ...(saidOpen && notice !== undefined ? [{ kind: 'send' as const, message: cease(notice) }] : []),
      { kind: 'disconnect' },
      { kind: 'stopTimers' },
    ],
  };
}

/** What is said when the send hold timer expires. */
export const sendHoldExpired = 'send hold timer expired: the router takes nothing that we write';
