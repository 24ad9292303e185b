import type { Event, State } from '../events.ts';
import { type Action, type FsmSettings, newSession, type Session, type Surroundings, type Transition } from '../session.ts';
import { step } from '../step.ts';
import { anOpen, aSettings } from './builders.ts';

/** What surrounds an event in tests: no jitter. */
export const surroundings = (settings: Partial<FsmSettings> = {}, more: Partial<Surroundings> = {}): Surroundings => ({
  settings: aSettings(settings),
  nowMs: 0,
  random: () => 1,
  hasRival: false,
  ...more,
});

/** A state, or one in which the DelayOpen timer runs. */
export type Place = State | 'Connect, delaying' | 'Active, delaying';

const start: Event = { kind: 'ManualStart' };
const acked: Event = { kind: 'TcpCrAcked' };
const lost: Event = { kind: 'TcpConnectionFails', reason: 'lost' };
const open: Event = { kind: 'BgpOpen', open: anOpen() };

/** The events that lead to a place. */
const ways: Readonly<Record<Place, readonly Event[]>> = {
  Idle: [],
  Connect: [start],
  'Connect, delaying': [start, acked],
  Active: [start, acked, lost],
  'Active, delaying': [{ kind: 'ManualStartWithPassiveTcpEstablishment' }, { kind: 'TcpConnectionConfirmed' }],
  OpenSent: [start, acked],
  OpenConfirm: [start, acked, open],
  Established: [start, acked, open, { kind: 'KeepAliveMsg' }],
};

/** All places. */
export const places = Object.keys(ways) as readonly Place[];

/** The settings that lead to a place, beside its events. */
export const settingsAt = (place: Place): Partial<FsmSettings> => (place.endsWith('delaying') ? { delayOpenMs: 1_000 } : {});

/** A session in each place, reached by the events that lead there. */
export function sessionIn(place: Place, settings: Partial<FsmSettings> = {}): Session {
  const around = surroundings({ ...settingsAt(place), ...settings });
  return ways[place].reduce((current, event) => step(current, event, around).session, newSession);
}

/** `NOTIFICATION 6/7`, `start Hold`: an action as the tables name it. */
function show(action: Action): string {
  switch (action.kind) {
    case 'send':
      return action.message.kind === 'notification' ? `NOTIFICATION ${action.message.code}/${action.message.subcode}` : action.message.kind;
    case 'startTimer':
      return `start ${action.timer}`;
    default:
      return action.kind;
  }
}

/** The state that follows, then what is done, in order. */
export const shown = (transition: Transition): string => [transition.session.state, ...transition.actions.map(show)].join(', ');

/** How long the transition waits in Idle, in milliseconds; undefined where it does not. */
export function idleHold(transition: Transition): number | undefined {
  for (const action of transition.actions) if (action.kind === 'startTimer' && action.timer === 'IdleHold') return action.ms;
  return undefined;
}
