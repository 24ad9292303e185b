import { unreachable } from '#runtime/assert.ts';
import { established } from './established.ts';
import type { Event } from './events.ts';
import { openConfirm, openSent } from './opening.ts';
import type { Session, Surroundings, Transition } from './session.ts';
import { active, connect, idle } from './unconnected.ts';

/** What an event does to a session: RFC 4271 §8.2.2, one function per state. */
export function step(session: Session, event: Event, surroundings: Surroundings): Transition {
  switch (session.state) {
    case 'Idle':
      return idle(session, event, surroundings);
    case 'Connect':
      return connect(session, event, surroundings);
    case 'Active':
      return active(session, event, surroundings);
    case 'OpenSent':
      return openSent(session, event, surroundings);
    case 'OpenConfirm':
      return openConfirm(session, event, surroundings);
    case 'Established':
      return established(session, event, surroundings);
    default:
      return unreachable(session.state);
  }
}
