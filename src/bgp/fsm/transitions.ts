import type { NotificationMessage } from '#bgp/wire/messages.ts';
import type { CeaseNotice } from './events.ts';
import { limits } from './limits.ts';
import { cease, describeNotification, fsmError } from './notifications.ts';
import { makeOpen } from './open.ts';
import { type Action, newSession, type Session, type Surroundings, type Transition } from './session.ts';
import { idleHoldMs, jittered } from './timers.ts';

/** Nothing happens. */
export const stay = (session: Session, actions: readonly Action[] = []): Transition => ({ session, actions });

/** Sends a message. */
export const send = (message: Extract<Action, { kind: 'send' }>['message']): Action => ({ kind: 'send', message });

/** Idle → Connect, or another attempt in Connect or Active. */
export function connecting(session: Session, { settings, random }: Surroundings): Transition {
  return {
    session: { ...session, state: 'Connect', delayingOpen: false },
    actions: [
      { kind: 'disconnect' },
      { kind: 'stopTimers' },
      { kind: 'startTimer', timer: 'ConnectRetry', ms: jittered(settings.connectRetryMs, random) },
      { kind: 'connect' },
    ],
  };
}

/** Idle → Active: the router is to connect. */
export const listening = (session: Session): Transition => ({
  session: { ...session, state: 'Active' },
  actions: [{ kind: 'stopTimers' }],
});

/** Our OPEN goes out and a long hold timer waits for the router's (→ OpenSent). */
export function opening(session: Session, { settings }: Surroundings): Transition {
  return {
    session: { ...session, state: 'OpenSent', delayingOpen: false },
    actions: [{ kind: 'stopTimers' }, send(makeOpen(settings, session)), { kind: 'startTimer', timer: 'Hold', ms: limits.openHoldMs }],
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
  /**
   * What the failure counts as. `oscillation`, the default: the next waits grow. `unreachable`: nobody misbehaved, so the waits end
   * at the configured retry time, and the router may come by itself. `nothing`: the next wait is the same.
   */
  readonly counts?: 'oscillation' | 'unreachable' | 'nothing';
  /** Wait in milliseconds before we connect, where the failure says so itself. */
  readonly waitMs?: number;
};

/**
 * A failure: the connection ends, and the session waits in Idle before it tries again, after Established as well: what ends
 * every session soon after it came up must not become a loop.
 */
export function toIdle(session: Session, error: string, surroundings: Surroundings, options: IdleOptions = {}): Transition {
  const { settings, nowMs, random } = surroundings;
  const { counts = 'oscillation', notification } = options;
  const wasStable = session.establishedAtMs !== undefined && nowMs - session.establishedAtMs >= limits.stableMs;
  const before = wasStable ? newSession : session;
  const connectRetryCounter = before.connectRetryCounter + (counts === 'nothing' ? 0 : 1);
  const oscillations = before.oscillations + (counts === 'oscillation' ? 1 : 0);
  const isUnreachable = counts === 'unreachable';
  const waitMs = isUnreachable
    ? idleHoldMs(connectRetryCounter, settings.connectRetryMs, random)
    : idleHoldMs(Math.max(1, oscillations), limits.idleHoldMaxMs, random);
  return {
    session: {
      ...newSession,
      connectRetryCounter,
      oscillations,
      refusesUntilMs: isUnreachable ? session.refusesUntilMs : nowMs + waitMs,
      plainOpen: session.plainOpen,
      lastError: error,
    },
    actions: [
      ...(notification ? [send(notification)] : []),
      { kind: 'disconnect' },
      { kind: 'stopTimers' },
      ...(settings.afterIdle === 'nothing'
        ? []
        : [{ kind: 'startTimer' as const, timer: 'IdleHold' as const, ms: options.waitMs ?? waitMs }]),
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
      ...(saidOpen && notice !== undefined ? [send(cease(notice, session.negotiated))] : []),
      { kind: 'disconnect' },
      { kind: 'stopTimers' },
    ],
  };
}

/** Event 8: what we noticed ourselves ends the session, which counts as a failure. */
export function automaticallyStopped(session: Session, notice: CeaseNotice, surroundings: Surroundings): Transition {
  const notification = cease(notice, session.negotiated);
  return toIdle(session, `we sent ${describeNotification(notification)}`, surroundings, { notification });
}

/** Event 24: not a failure that grows the waits. */
export const versionRefused = (session: Session, surroundings: Surroundings): Transition =>
  toIdle(session, 'the router does not speak BGP version 4', surroundings, { counts: 'nothing' });

/** RFC 4724 §5: the router restarted, and the old connection gets no NOTIFICATION. */
export const superseded = (session: Session, surroundings: Surroundings): Transition =>
  toIdle(session, 'the router came back on another connection', surroundings, { counts: 'nothing' });

/** The connection was lost before the router's OPEN was there: not Idle but Active, which tries again, where we are to connect. */
export function awaitRetry(session: Session, reason: string, surroundings: Surroundings): Transition {
  const { settings, random } = surroundings;
  if (settings.afterIdle !== 'connect') return toIdle(session, reason, surroundings);
  return stay({ ...session, state: 'Active', delayingOpen: false, lastError: reason }, [
    { kind: 'disconnect' },
    { kind: 'stopTimers' },
    { kind: 'startTimer', timer: 'ConnectRetry', ms: jittered(settings.connectRetryMs, random) },
  ]);
}

/** What is said when the send hold timer expires. */
export const sendHoldExpired = 'send hold timer expired: the router takes nothing that we write';
