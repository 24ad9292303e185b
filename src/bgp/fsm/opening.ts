import type { OpenMessage } from '#bgp/wire/messages.ts';
import type { Event } from './events.ts';
import { collisionResolved, describeNotification, holdTimerExpired } from './notifications.ts';
import { negotiate } from './open.ts';
import type { Session, Surroundings, Transition } from './session.ts';
import { jittered } from './timers.ts';
import { failWith, restartHold, restartKeepalive, sendHoldExpired, stay, stopped, toIdle, unexpected } from './transitions.ts';

/** RFC 4271 §8.2.2, OpenSent: our OPEN is on its way, the router's is awaited. */
export function openSent(session: Session, event: Event, surroundings: Surroundings): Transition {
  switch (event.kind) {
    case 'TcpConnectionFails': // 18: not Idle: the router may only have been early, and Active tries again
      return connectionLost(session, event.reason, surroundings);
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
      return stay(session, [{ kind: 'send', message: { kind: 'keepalive' } }, ...restartKeepalive(session, surroundings)]);
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
    case 'TcpCrAcked': // 16, 17: a second connection is a session of its own until the collision is resolved
    case 'TcpConnectionConfirmed':
      return stay(session);
    case 'ManualStop': // 2
      return stopped(session, event.cease);
    case 'HoldTimerExpires': // 10
      return failWith(session, holdTimerExpired, surroundings);
    case 'BgpHeaderErr': // 21
    case 'BgpOpenMsgErr': // 22
      return failWith(session, event.notification, surroundings);
    case 'OpenCollisionDump': // 23
      return failWith(session, collisionResolved, surroundings);
    case 'NotifMsgVerErr': // 24: not a failure that grows the waits
      return toIdle(session, 'the router does not speak BGP version 4', surroundings, { counts: false });
    case 'NotifMsg': // 25: a NOTIFICATION is never answered with one
      return toIdle(session, `the router sent ${describeNotification(event.notification)}`, surroundings);
    case 'SendHoldTimerExpires': // RFC 9687 §4
      return toIdle(session, sendHoldExpired, surroundings);
    default: // 9, 11, 13, 19, 26–28
      return unexpected(session, event.kind, surroundings);
  }
}

/** OpenSent, event 18. */
function connectionLost(session: Session, reason: string, surroundings: Surroundings): Transition {
  const { settings, random } = surroundings;
  if (settings.passive) return toIdle(session, reason, surroundings);
  return stay({ ...session, state: 'Active', lastError: `${reason}, before the router sent an OPEN` }, [
    { kind: 'disconnect' },
    { kind: 'stopTimers' },
    { kind: 'startTimer', timer: 'ConnectRetry', ms: jittered(settings.connectRetryMs, random) },
  ]);
}

/** OpenSent, event 19, or 22 where the OPEN says what we can't accept. */
function openReceived(session: Session, open: OpenMessage, surroundings: Surroundings): Transition {
  const result = negotiate(open, surroundings.settings);
  if (!result.ok) {
    const { notification, message } = result.error;
    return toIdle(session, `${message}; we sent ${describeNotification(notification)}`, surroundings, { notification });
  }
  const confirmed: Session = { ...session, state: 'OpenConfirm', negotiated: result.value };
  return stay(confirmed, [
    { kind: 'stopTimers' },
    { kind: 'send', message: { kind: 'keepalive' } },
    ...restartKeepalive(confirmed, surroundings),
    ...restartHold(confirmed),
  ]);
}
