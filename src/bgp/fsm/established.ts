import type { Event } from './events.ts';
import { holdTimerExpired } from './notifications.ts';
import { dumped, notified } from './notified.ts';
import type { Session, Surroundings, Transition } from './session.ts';
import {
  automaticallyStopped,
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

/** RFC 4271 §8.2.2, Established: routes flow. */
export function established(session: Session, event: Event, surroundings: Surroundings): Transition {
  switch (event.kind) {
    case 'ManualStart': // 1
    case 'ManualStartWithPassiveTcpEstablishment': // 4
    case 'TcpCrAcked': // 16, 17: a second connection is a machine of its own
    case 'TcpConnectionConfirmed':
    case 'RouteRefreshMsg': // answered by who owns the routes; it does not show that the router still reads ours
      return stay(session);
    case 'ManualStop': // 2
      return stopped(session, event.cease);
    case 'AutomaticStop': // 8
      return automaticallyStopped(session, event.cease, surroundings);
    case 'HoldTimerExpires': // 10
      return failWith(session, holdTimerExpired, surroundings);
    case 'KeepaliveTimerExpires': // 11
      return stay(session, [send({ kind: 'keepalive' }), ...restartKeepalive(session, surroundings)]);
    case 'TcpConnectionFails': // 18
      return toIdle(session, event.reason, surroundings);
    case 'BgpHeaderErr': // 21: §6.1's error, which says more than the Finite State Machine Error of §8.2.2
    case 'UpdateMsgErr': // 28
      return failWith(session, event.notification, surroundings);
    case 'OpenCollisionDump': // 23
      return dumped(session, surroundings);
    case 'NotifMsgVerErr': // 24
      return versionRefused(session, surroundings);
    case 'NotifMsg': // 25
      return notified(session, event.notification, surroundings);
    case 'KeepAliveMsg': // 26
    case 'UpdateMsg': // 27
      return stay(session, restartHold(session));
    case 'SendHoldTimerExpires': // RFC 9687 §4: a NOTIFICATION would queue behind what does not leave
      return toIdle(session, sendHoldExpired, surroundings);
    case 'Superseded':
      return superseded(session, surroundings);
    default: // 9, 12, 13, 19, 22
      return unexpected(session, event.kind, surroundings);
  }
}
