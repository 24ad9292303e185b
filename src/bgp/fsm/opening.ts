import type { OpenMessage } from '#bgp/wire/messages.ts';
import type { Event } from './events.ts';
import { describeNotification, holdTimerExpired } from './notifications.ts';
import { dumped, notified } from './notified.ts';
import { makeOpen, negotiate } from './open.ts';
import type { Session, Surroundings, Transition } from './session.ts';
import {
  automaticallyStopped,
  awaitRetry,
  failWith,
  restartHold,
  restartKeepalive,
  send,
  sendHoldExpired,
  stay,
  stopped,
  superseded,
  toIdle,
  unexpected,
  versionRefused,
} from './transitions.ts';

/** RFC 4271 §8.2.2, OpenSent: our OPEN is on its way, the router's is awaited. */
export function openSent(session: Session, event: Event, surroundings: Surroundings): Transition {
  switch (event.kind) {
    case 'TcpConnectionFails': // 18: not Idle: the router may only have been early, and Active tries again
      return awaitRetry(session, `${event.reason}, before the router sent an OPEN`, surroundings);
    case 'BgpOpen': // 19
      return openReceived(session, event.open, surroundings);
    default:
      return whileOpening(session, event, surroundings);
  }
}

/** RFC 4271 §8.2.2, OpenConfirm: both OPENs were accepted by us, the router's KEEPALIVE says that it accepted ours. */
export function openConfirm(session: Session, event: Event, surroundings: Surroundings): Transition {
  switch (event.kind) {
    case 'KeepaliveTimerExpires': // 11
      return stay(session, [send({ kind: 'keepalive' }), ...restartKeepalive(session, surroundings)]);
    case 'TcpConnectionFails': // 18
      return toIdle(session, event.reason, surroundings);
    case 'KeepAliveMsg': // 26
      return stay({ ...session, state: 'Established', establishedAtMs: surroundings.nowMs, lastError: '' }, restartHold(session));
    default:
      return whileOpening(session, event, surroundings);
  }
}

/** What OpenSent and OpenConfirm have in common. */
function whileOpening(session: Session, event: Event, surroundings: Surroundings): Transition {
  switch (event.kind) {
    case 'ManualStart': // 1
    case 'ManualStartWithPassiveTcpEstablishment': // 4
    case 'TcpCrAcked': // 16, 17: a second connection is a machine of its own
    case 'TcpConnectionConfirmed':
      return stay(session);
    case 'ManualStop': // 2
      return stopped(session, event.cease);
    case 'AutomaticStop': // 8
      return automaticallyStopped(session, event.cease, surroundings);
    case 'HoldTimerExpires': // 10
      return failWith(session, holdTimerExpired, surroundings);
    case 'BgpHeaderErr': // 21
    case 'BgpOpenMsgErr': // 22
      return failWith(session, event.notification, surroundings);
    case 'OpenCollisionDump': // 23
      return dumped(session, surroundings);
    case 'NotifMsgVerErr': // 24
      return versionRefused(session, surroundings);
    case 'NotifMsg': // 25
      return notified(session, event.notification, surroundings);
    case 'SendHoldTimerExpires': // RFC 9687 §4
      return toIdle(session, sendHoldExpired, surroundings);
    case 'Superseded':
      return superseded(session, surroundings);
    default: // 9, 11–13, 19, 26–28
      return unexpected(session, event.kind, surroundings);
  }
}

/** OpenSent, event 19, or 22 where the OPEN says what we can't accept. */
function openReceived(session: Session, open: OpenMessage, surroundings: Surroundings): Transition {
  const result = negotiate(open, surroundings.settings, session);
  if (!result.ok) {
    const { notification, message } = result.error;
    return toIdle(session, `${message}; we sent ${describeNotification(notification)}`, surroundings, { notification });
  }
  const confirmed: Session = { ...session, state: 'OpenConfirm', negotiated: result.value };
  return stay(confirmed, [
    { kind: 'stopTimers' },
    send({ kind: 'keepalive' }),
    ...restartKeepalive(confirmed, surroundings),
    ...restartHold(confirmed),
  ]);
}

/**
 * Connect or Active with the DelayOpen timer running, event 20: the router said its OPEN first, and both of our answers go out at
 * once. Where we can't accept it, our OPEN still goes before the NOTIFICATION: so the router can tell who refuses it.
 */
export function openFirst(session: Session, open: OpenMessage, surroundings: Surroundings): Transition {
  const answered = openReceived({ ...session, delayingOpen: false }, open, surroundings);
  return { ...answered, actions: [send(makeOpen(surroundings.settings, session)), ...answered.actions] };
}
