import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '#runtime/random.ts';
import type { Event, State, TimerName } from './events.ts';
import { states } from './events.ts';
import { limits } from './limits.ts';
import { type Action, type FsmSettings, newSession, type Session, type Transition } from './session.ts';
import { step } from './step.ts';
import { aNotification, anOpen, aSettings, everyEvent } from './testing/builders.ts';
import { restartHold, restartKeepalive } from './transitions.ts';

const surroundings = (settings: Partial<FsmSettings> = {}, nowMs = 0) => ({ settings: aSettings(settings), nowMs, random: () => 1 });

/** A session in each state, reached by the events that lead there. */
function sessionIn(state: State, settings: Partial<FsmSettings> = {}): Session {
  const way: Readonly<Record<State, readonly Event[]>> = {
    Idle: [],
    Connect: [{ kind: 'ManualStart' }],
    Active: [{ kind: 'ManualStart' }, { kind: 'TcpCrAcked' }, { kind: 'TcpConnectionFails', reason: 'lost' }],
    OpenSent: [{ kind: 'ManualStart' }, { kind: 'TcpCrAcked' }],
    OpenConfirm: [{ kind: 'ManualStart' }, { kind: 'TcpCrAcked' }, { kind: 'BgpOpen', open: anOpen() }],
    Established: [{ kind: 'ManualStart' }, { kind: 'TcpCrAcked' }, { kind: 'BgpOpen', open: anOpen() }, { kind: 'KeepAliveMsg' }],
  };
  const session = way[state].reduce((current, event) => step(current, event, surroundings(settings)).session, newSession);
  expect(session.state).toBe(state);
  return session;
}

/** `send NOTIFICATION 6/7`, `startTimer Hold`: an action as the tables below name it. */
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

const shown = (transition: Transition): string => [transition.session.state, ...transition.actions.map(show)].join(', ');

const failure = 'Idle, disconnect, stopTimers, start IdleHold';
const failureWith = (notification: string): string => `Idle, NOTIFICATION ${notification}, disconnect, stopTimers, start IdleHold`;
const stop = 'Idle, disconnect, stopTimers';
const cease = 'Idle, NOTIFICATION 6/2, disconnect, stopTimers';
const connectNow = 'Connect, stopTimers, start ConnectRetry, connect';
const openNow = 'OpenSent, stopTimers, open, start Hold';
const keepaliveNow = (state: State): string => `${state}, keepalive, start Keepalive`;

/** RFC 4271 §8.2.2 as a table: event × state. */
const table: Readonly<Record<Event['kind'], Readonly<Record<State, string>>>> = {
  ManualStart: {
    Idle: connectNow,
    Connect: 'Connect',
    Active: 'Active',
    OpenSent: 'OpenSent',
    OpenConfirm: 'OpenConfirm',
    Established: 'Established',
  },
  ManualStop: { Idle: stop, Connect: stop, Active: stop, OpenSent: cease, OpenConfirm: cease, Established: cease },
  ManualStartWithPassiveTcpEstablishment: {
    Idle: 'Active, stopTimers',
    Connect: 'Connect',
    Active: 'Active',
    OpenSent: 'OpenSent',
    OpenConfirm: 'OpenConfirm',
    Established: 'Established',
  },
  ConnectRetryTimerExpires: {
    Idle: 'Idle',
    Connect: 'Connect, disconnect, stopTimers, start ConnectRetry, connect',
    Active: connectNow,
    OpenSent: failureWith('5/1'),
    OpenConfirm: failureWith('5/2'),
    Established: failureWith('5/3'),
  },
  HoldTimerExpires: {
    Idle: 'Idle',
    Connect: failure,
    Active: failure,
    OpenSent: failureWith('4/0'),
    OpenConfirm: failureWith('4/0'),
    Established: failureWith('4/0'),
  },
  KeepaliveTimerExpires: {
    Idle: 'Idle',
    Connect: failure,
    Active: failure,
    OpenSent: failureWith('5/1'),
    OpenConfirm: keepaliveNow('OpenConfirm'),
    Established: keepaliveNow('Established'),
  },
  IdleHoldTimerExpires: {
    Idle: connectNow,
    Connect: failure,
    Active: failure,
    OpenSent: failureWith('5/1'),
    OpenConfirm: failureWith('5/2'),
    Established: failureWith('5/3'),
  },
  TcpCrAcked: {
    Idle: 'Idle, disconnect',
    Connect: openNow,
    Active: openNow,
    OpenSent: 'OpenSent',
    OpenConfirm: 'OpenConfirm',
    Established: 'Established',
  },
  TcpConnectionConfirmed: {
    Idle: 'Idle, disconnect',
    Connect: openNow,
    Active: openNow,
    OpenSent: 'OpenSent',
    OpenConfirm: 'OpenConfirm',
    Established: 'Established',
  },
  TcpConnectionFails: {
    Idle: 'Idle',
    Connect: failure,
    Active: failure,
    OpenSent: 'Active, disconnect, stopTimers, start ConnectRetry',
    OpenConfirm: failure,
    Established: failure,
  },
  BgpOpen: {
    Idle: 'Idle',
    Connect: failure,
    Active: failure,
    OpenSent: 'OpenConfirm, stopTimers, keepalive, start Keepalive, start Hold',
    OpenConfirm: failureWith('5/2'),
    Established: failureWith('5/3'),
  },
  BgpHeaderErr: {
    Idle: 'Idle',
    Connect: failure,
    Active: failure,
    OpenSent: failureWith('1/2'),
    OpenConfirm: failureWith('1/2'),
    Established: failureWith('1/2'),
  },
  BgpOpenMsgErr: {
    Idle: 'Idle',
    Connect: failure,
    Active: failure,
    OpenSent: failureWith('2/0'),
    OpenConfirm: failureWith('2/0'),
    Established: failureWith('5/3'),
  },
  OpenCollisionDump: {
    Idle: 'Idle',
    Connect: failure,
    Active: failure,
    OpenSent: failureWith('6/7'),
    OpenConfirm: failureWith('6/7'),
    Established: failureWith('6/7'),
  },
  NotifMsgVerErr: { Idle: 'Idle', Connect: failure, Active: failure, OpenSent: failure, OpenConfirm: failure, Established: failure },
  NotifMsg: { Idle: 'Idle', Connect: failure, Active: failure, OpenSent: failure, OpenConfirm: failure, Established: failure },
  KeepAliveMsg: {
    Idle: 'Idle',
    Connect: failure,
    Active: failure,
    OpenSent: failureWith('5/1'),
    OpenConfirm: 'Established, start Hold',
    Established: 'Established, start Hold',
  },
  UpdateMsg: {
    Idle: 'Idle',
    Connect: failure,
    Active: failure,
    OpenSent: failureWith('5/1'),
    OpenConfirm: failureWith('5/2'),
    Established: 'Established, start Hold',
  },
  UpdateMsgErr: {
    Idle: 'Idle',
    Connect: failure,
    Active: failure,
    OpenSent: failureWith('5/1'),
    OpenConfirm: failureWith('5/2'),
    Established: failureWith('3/1'),
  },
  RouteRefreshMsg: {
    Idle: 'Idle',
    Connect: failure,
    Active: failure,
    OpenSent: failureWith('5/1'),
    OpenConfirm: failureWith('5/2'),
    Established: 'Established',
  },
  SendHoldTimerExpires: { Idle: 'Idle', Connect: failure, Active: failure, OpenSent: failure, OpenConfirm: failure, Established: failure },
};

describe('the state machine', () => {
  for (const event of everyEvent()) {
    for (const state of states) {
      it(`${event.kind} in ${state}: ${table[event.kind][state]}`, () => {
        expect(shown(step(sessionIn(state), event, surroundings()))).toBe(table[event.kind][state]);
      });
    }
  }

  it('names what went wrong for a person', () => {
    const lastError = (state: State, event: Event) => step(sessionIn(state), event, surroundings()).session.lastError;
    expect(lastError('Connect', { kind: 'TcpConnectionFails', reason: 'connection refused (ECONNREFUSED)' })).toBe(
      'connection refused (ECONNREFUSED)',
    );
    expect(lastError('Established', { kind: 'HoldTimerExpires' })).toBe('we sent Hold Timer Expired (4/0)');
    expect(lastError('Established', { kind: 'BgpOpen', open: anOpen() })).toBe(
      'we sent Finite State Machine Error, Receive Unexpected Message in Established State (5/3): BgpOpen in Established',
    );
    const shutdown = aNotification({ code: 6, subcode: 2, data: Uint8Array.of(3, 0x62, 0x79, 0x65) });
    expect(lastError('Established', { kind: 'NotifMsg', notification: shutdown })).toBe(
      'the router sent Cease, Administrative Shutdown (6/2): "bye"',
    );
    expect(lastError('OpenSent', { kind: 'BgpOpen', open: anOpen({ asn: 64999 }) })).toBe(
      'OPEN: the router says AS 64999, configured is AS 64501; we sent OPEN Message Error, Bad Peer AS (2/2)',
    );
  });
});

describe('a quiet stop', () => {
  it('says nothing in any state', () => {
    for (const state of states) {
      expect(shown(step(sessionIn(state), { kind: 'ManualStop', cease: undefined }, surroundings()))).toBe(stop);
    }
  });
});

describe('a passive session', () => {
  it('never connects: after a failure it stays in Idle, and a connection lost early does not lead to Active', () => {
    const around = surroundings({ passive: true });
    const active = step(newSession, { kind: 'ManualStartWithPassiveTcpEstablishment' }, around).session;
    const openSent = step(active, { kind: 'TcpConnectionConfirmed' }, around);
    expect(shown(openSent)).toBe(openNow);
    expect(shown(step(openSent.session, { kind: 'TcpConnectionFails', reason: 'lost' }, around))).toBe('Idle, disconnect, stopTimers');
  });
});

describe('the wait after a failure', () => {
  const idleHold = (transition: Transition): number | undefined => {
    for (const action of transition.actions) if (action.kind === 'startTimer' && action.timer === 'IdleHold') return action.ms;
    return undefined;
  };
  const refused = aNotification({ code: 2, subcode: 2 });

  /** One attempt that comes up, stays `stableMs` and is then refused; what is waited afterwards. */
  function cycle(session: Session, settings: Partial<FsmSettings>, stableMs: number): Transition {
    const around = surroundings(settings);
    const up = (['TcpCrAcked', 'BgpOpen', 'KeepAliveMsg'] as const).reduce(
      (current, kind) => step(current, kind === 'BgpOpen' ? { kind, open: anOpen() } : { kind }, around).session,
      step(session, { kind: 'IdleHoldTimerExpires' }, around).session,
    );
    return step(up, { kind: 'NotifMsg', notification: refused }, surroundings(settings, stableMs));
  }

  it('grows with each session that dies young, also after Established, and is bounded', () => {
    const waits: (number | undefined)[] = [];
    let session = newSession;
    for (let count = 0; count < 9; count++) {
      const transition = cycle(session, {}, 10);
      waits.push(idleHold(transition));
      session = transition.session;
    }
    expect(waits).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  });

  it('is short again after a session that was stable', () => {
    const young = cycle(cycle(newSession, {}, 10).session, {}, 10).session;
    expect(idleHold(cycle(young, {}, limits.stableMs))).toBe(1_000);
  });

  it('is never longer than the retry time where only the connection failed', () => {
    let session: Session = newSession;
    let wait: number | undefined;
    for (let count = 0; count < 10; count++) {
      const connecting = step(session, { kind: 'IdleHoldTimerExpires' }, surroundings()).session;
      const failed = step(connecting, { kind: 'TcpConnectionFails', reason: 'refused' }, surroundings());
      wait = idleHold(failed);
      session = failed.session;
    }
    expect(wait).toBe(5_000);
  });

  it('does not grow because of a wrong version', () => {
    const openSent = sessionIn('OpenSent');
    expect(step(openSent, { kind: 'NotifMsgVerErr' }, surroundings()).session.connectRetryCounter).toBe(openSent.connectRetryCounter);
  });

  it('is forgotten by a manual stop', () => {
    const young = cycle(cycle(newSession, {}, 10).session, {}, 10).session;
    expect(step(young, { kind: 'ManualStop', cease: { subcode: 2 } }, surroundings()).session.connectRetryCounter).toBe(0);
  });
});

describe('a hold time of zero', () => {
  it('sets neither hold nor keepalive timer once the OPENs are exchanged', () => {
    const around = surroundings({ holdTimeMs: 0 });
    const openSent = sessionIn('OpenSent', { holdTimeMs: 0 });
    const openConfirm = step(openSent, { kind: 'BgpOpen', open: anOpen() }, around);
    expect(shown(openConfirm)).toBe('OpenConfirm, stopTimers, keepalive');
    expect(shown(step(openConfirm.session, { kind: 'KeepAliveMsg' }, around))).toBe('Established');
  });
});

describe('any order of events', () => {
  /** Timers that may run in a state. */
  const allowed: Readonly<Record<State, readonly TimerName[]>> = {
    Idle: ['IdleHold'],
    Connect: ['ConnectRetry'],
    Active: ['ConnectRetry'],
    OpenSent: ['Hold'],
    OpenConfirm: ['Hold', 'Keepalive'],
    Established: ['Hold', 'Keepalive'],
  };
  const someEvent = fc.constantFrom(...everyEvent());

  it('never throws, leaks no timer, and reaches Established only with both OPENs', () => {
    fc.assert(
      fc.property(fc.array(someEvent, { maxLength: 60 }), fc.boolean(), fc.integer(), (events, passive, seed) => {
        const around = { settings: aSettings({ passive }), nowMs: 0, random: seededRandom(seed) };
        const timers = new Set<TimerName>();
        let session: Session = newSession;
        let connected = false;
        const opens = { sent: false, accepted: false };
        for (const event of events) {
          if (event.kind === 'TcpCrAcked' || event.kind === 'TcpConnectionConfirmed') connected = true;
          const next = step(session, event, around);
          for (const action of next.actions) {
            if (action.kind === 'stopTimers') timers.clear();
            if (action.kind === 'startTimer') {
              expect(action.ms).toBeGreaterThan(0);
              timers.add(action.timer);
            }
            if (action.kind === 'send') expect(connected).toBe(true);
            if (action.kind === 'send' && action.message.kind === 'open') opens.sent = true;
            if (action.kind === 'disconnect') {
              connected = false;
              opens.sent = false;
              opens.accepted = false;
            }
          }
          if (session.state === 'OpenSent' && event.kind === 'BgpOpen' && next.session.state === 'OpenConfirm') opens.accepted = true;
          session = next.session;
          expect([...timers].filter((timer) => !allowed[session.state].includes(timer))).toEqual([]);
          if (session.state === 'Established') expect(opens).toEqual({ sent: true, accepted: true });
          expect(session.negotiated !== undefined).toBe(session.state === 'OpenConfirm' || session.state === 'Established');
          if (passive) expect(timers.has('IdleHold')).toBe(false);
        }
      }),
    );
  });
});

describe('a session without negotiated times', () => {
  it('sets no timer by them', () => {
    expect([...restartHold(newSession), ...restartKeepalive(newSession, surroundings())]).toEqual([]);
  });
});
