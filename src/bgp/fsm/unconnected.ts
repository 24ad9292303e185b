import type { Event } from './events.ts';
import { describeNotification } from './notifications.ts';
import { notified } from './notified.ts';
import { openFirst } from './opening.ts';
import { newSession, type Session, type Surroundings, type Transition } from './session.ts';
import { awaitRetry, connecting, listening, opening, stay, stopped, toIdle, versionRefused } from './transitions.ts';

/** RFC 4271 §8.2.2, Idle: all but a start is ignored, and a connection that turns up is none of ours. */
export function idle(session: Session, event: Event, surroundings: Surroundings): Transition {
  switch (event.kind) {
    case 'ManualStart': // 1
      return connecting({ ...newSession, lastError: session.lastError }, surroundings);
    case 'ManualStartWithPassiveTcpEstablishment': // 4
      return listening({ ...newSession, lastError: session.lastError });
    case 'IdleHoldTimerExpires': // 13, and with it 3 and 6, or 5 and 7
      return surroundings.settings.afterIdle === 'connect' ? connecting(session, surroundings) : listening(session);
    case 'ManualStop': // 2: also ends the waiting after a failure
      return stopped(session, event.cease);
    case 'TcpCrAcked': // 16
    case 'TcpConnectionConfirmed': // 17
      return stay(session, [{ kind: 'disconnect' }]);
    default:
      return stay(session);
  }
}

/** RFC 4271 §8.2.2, Connect: an attempt is under way, or made and the router may say its OPEN first. */
export function connect(session: Session, event: Event, surroundings: Surroundings): Transition {
  switch (event.kind) {
    case 'TcpConnectionFails': // 18
      return session.delayingOpen
        ? awaitRetry(session, event.reason, surroundings)
        : toIdle(session, event.reason, surroundings, { counts: 'unreachable' });
    default:
      return withoutSession(session, event, surroundings);
  }
}

/** RFC 4271 §8.2.2, Active: a connection is awaited; it is there and the router may say its OPEN first; or the next attempt is near. */
export function active(session: Session, event: Event, surroundings: Surroundings): Transition {
  switch (event.kind) {
    case 'TcpConnectionFails': // 18
      return session.delayingOpen
        ? toIdle(session, event.reason, surroundings)
        : toIdle(session, event.reason, surroundings, { counts: 'unreachable' });
    default:
      return withoutSession(session, event, surroundings);
  }
}

/** What Connect and Active have in common. */
function withoutSession(session: Session, event: Event, surroundings: Surroundings): Transition {
  if (session.delayingOpen) return delayingOpen(session, event, surroundings);
  switch (event.kind) {
    case 'ManualStart': // 1
    case 'ManualStartWithPassiveTcpEstablishment': // 4
      return stay(session);
    case 'ManualStop': // 2
      return stopped(session, event.cease);
    case 'ConnectRetryTimerExpires': // 9: nobody answered, so ask again
      return connecting(session, surroundings);
    case 'TcpCrAcked': // 16
    case 'TcpConnectionConfirmed': // 17
      return connected(session, surroundings);
    default: // 8, 10–13, 19–28: no message can come without a connection
      return toIdle(session, `unexpected ${event.kind} in ${session.state}`, surroundings);
  }
}

/** The connection is there: our OPEN goes out, or waits for the router's. */
function connected(session: Session, surroundings: Surroundings): Transition {
  const ms = surroundings.settings.delayOpenMs ?? 0;
  if (ms === 0) return opening(session, surroundings);
  return stay({ ...session, delayingOpen: true }, [{ kind: 'stopTimers' }, { kind: 'startTimer', timer: 'DelayOpen', ms }]);
}

/** Connect and Active with a connection on which nothing was said. No NOTIFICATION before our OPEN: not every router takes one. */
function delayingOpen(session: Session, event: Event, surroundings: Surroundings): Transition {
  switch (event.kind) {
    case 'ManualStart': // 1
    case 'ManualStartWithPassiveTcpEstablishment': // 4
    case 'TcpCrAcked': // 16, 17: a second connection is a machine of its own
    case 'TcpConnectionConfirmed':
      return stay(session);
    case 'ManualStop': // 2
      return stopped(session, event.cease);
    case 'ConnectRetryTimerExpires': // 9
      return connecting(session, surroundings);
    case 'DelayOpenTimerExpires': // 12
      return opening(session, surroundings);
    case 'BgpOpen': // 20
      return openFirst(session, event.open, surroundings);
    case 'BgpHeaderErr': // 21
    case 'BgpOpenMsgErr': // 22
      return toIdle(session, `a message that can't be read: ${describeNotification(event.notification)}`, surroundings);
    case 'NotifMsgVerErr': // 24
      return versionRefused(session, surroundings);
    case 'NotifMsg': // 25
      return notified(session, event.notification, surroundings);
    default: // 8, 10, 11, 13, 23, 26–28
      return toIdle(session, `unexpected ${event.kind} in ${session.state}`, surroundings);
  }
}
