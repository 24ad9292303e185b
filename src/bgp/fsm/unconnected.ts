import type { Event } from './events.ts';
import { newSession, type Session, type Surroundings, type Transition } from './session.ts';
import { connecting, opening, stay, stopped, toIdle } from './transitions.ts';

/** RFC 4271 §8.2.2, Idle: all but a start is ignored, and a connection that turns up is none of ours. */
export function idle(session: Session, event: Event, surroundings: Surroundings): Transition {
  switch (event.kind) {
    case 'ManualStart': // 1
      return connecting({ ...newSession, lastError: session.lastError }, surroundings);
    case 'IdleHoldTimerExpires': // 13
      return connecting(session, surroundings);
    case 'ManualStartWithPassiveTcpEstablishment': // 4
      return stay({ ...newSession, state: 'Active' }, [{ kind: 'stopTimers' }]);
    case 'ManualStop': // 2: also ends the waiting after a failure
      return stopped(session, event.cease);
    case 'TcpCrAcked': // 16
    case 'TcpConnectionConfirmed': // 17
      return stay(session, [{ kind: 'disconnect' }]);
    default:
      return stay(session);
  }
}

/** RFC 4271 §8.2.2, Connect: an attempt is under way. */
export function connect(session: Session, event: Event, surroundings: Surroundings): Transition {
  switch (event.kind) {
    case 'ConnectRetryTimerExpires': {
      // 9: nobody answered, so ask again
      const again = connecting(session, surroundings);
      return { ...again, actions: [{ kind: 'disconnect' }, ...again.actions] };
    }
    default:
      return withoutSession(session, event, surroundings);
  }
}

/** RFC 4271 §8.2.2, Active: a connection is awaited, or (after one that broke too early) the next attempt. */
export function active(session: Session, event: Event, surroundings: Surroundings): Transition {
  switch (event.kind) {
    case 'ConnectRetryTimerExpires': // 9
      return connecting(session, surroundings);
    default:
      return withoutSession(session, event, surroundings);
  }
}

/** What Connect and Active have in common. */
function withoutSession(session: Session, event: Event, surroundings: Surroundings): Transition {
  switch (event.kind) {
    case 'ManualStart': // 1
    case 'ManualStartWithPassiveTcpEstablishment': // 4
      return stay(session);
    case 'ManualStop': // 2
      return stopped(session, event.cease);
    case 'TcpCrAcked': // 16
    case 'TcpConnectionConfirmed': // 17
      return opening(session, surroundings);
    case 'TcpConnectionFails': // 18: nobody misbehaved, so the waits end at the configured retry time
      return toIdle(session, event.reason, surroundings, { ceilingMs: surroundings.settings.connectRetryMs });
    default: // 10, 11, 13, 19–28: no message can come without a connection
      return toIdle(session, `unexpected ${event.kind} in ${session.state}`, surroundings);
  }
}
