import { ceaseSubcode, errorCode, errorSubcode } from '#bgp/wire/iana.ts';
import type { NotificationMessage } from '#bgp/wire/messages.ts';
import { limits } from './limits.ts';
import { collisionResolved, describeNotification } from './notifications.ts';
import type { Session, Surroundings, Transition } from './session.ts';
import { jittered } from './timers.ts';
import { failWith, toIdle } from './transitions.ts';

/** The router ends the session (event 25). A NOTIFICATION is never answered with one; some say what to do differently. */
export function notified(session: Session, notification: NotificationMessage, surroundings: Surroundings): Transition {
  const error = `the router sent ${describeNotification(notification)}`;
  const { code, subcode } = notification;
  if (code === errorCode.open && subcode === errorSubcode.unsupportedOptionalParameter && !session.plainOpen) {
    const plain = { ...session, plainOpen: true };
    return toIdle(plain, `${error}; our next OPEN offers no capabilities`, surroundings);
  }
  if (code !== errorCode.cease) return toIdle(session, error, surroundings);
  if (subcode === ceaseSubcode.maximumPrefixes) {
    return toIdle(session, error, surroundings, { waitMs: jittered(limits.maximumPrefixesHoldMs, surroundings.random) });
  }
  if (subcode === ceaseSubcode.connectionCollision) return collided(session, error, surroundings);
  return toIdle(session, error, surroundings);
}

/** Event 23: we keep another connection with the router. Where there really is one, that is no failure. */
export const dumped = (session: Session, surroundings: Surroundings): Transition =>
  surroundings.hasRival
    ? toIdle(session, '', surroundings, { notification: collisionResolved, counts: 'nothing' })
    : failWith(session, collisionResolved, surroundings);

/** The router keeps another connection: one with us, or with somebody else who has our address. */
function collided(session: Session, error: string, surroundings: Surroundings): Transition {
  if (surroundings.hasRival) return toIdle(session, '', surroundings, { counts: 'nothing' });
  const why = 'it has a session with our address already: another speaker uses it, or one that left without a word has not timed out yet';
  return toIdle(session, `${error}: ${why}`, surroundings);
}
