import { established } from './established.ts';
import type { Event, State } from './events.ts';
import { openConfirm, openSent } from './opening.ts';
import type { Session, Surroundings, Transition } from './session.ts';
import { active, connect, idle } from './unconnected.ts';

const behaviour: Readonly<Record<State, typeof step>> = {
  Idle: idle,
  Connect: connect,
  Active: active,
  OpenSent: openSent,
  OpenConfirm: openConfirm,
  Established: established,
};

/** What an event does to a session: RFC 4271 §8.2.2, one function per state. */
export function step(session: Session, event: Event, surroundings: Surroundings): Transition {
  return behaviour[session.state](session, event, surroundings);
}
