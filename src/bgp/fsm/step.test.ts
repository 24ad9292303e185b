import { describe, expect, it } from 'vitest';
import type { Event } from './events.ts';
import { step } from './step.ts';
import { aNotification, anOpen, everyEvent } from './testing/builders.ts';
import { type Place, places, sessionIn, settingsAt, shown, surroundings } from './testing/machine.ts';

const failure = 'Idle, disconnect, stopTimers, start IdleHold';
const failureWith = (notification: string): string => `Idle, NOTIFICATION ${notification}, disconnect, stopTimers, start IdleHold`;
const stop = 'Idle, disconnect, stopTimers';
const connectNow = 'Connect, disconnect, stopTimers, start ConnectRetry, connect';
const openNow = 'OpenSent, stopTimers, open, start Hold';
const retryLater = 'Active, disconnect, stopTimers, start ConnectRetry';
const confirmed = 'stopTimers, keepalive, start Keepalive, start Hold';

/** What happens in a place; `same`: nothing. */
type Row = readonly [
  idle: string,
  connect: string,
  connectDelaying: string,
  active: string,
  activeDelaying: string,
  openSent: string,
  openConfirm: string,
  established: string,
];

const same = 'same';
const onceConnected = (action: string): Row => [same, failure, failure, failure, failure, action, action, action];
const cease = 'Idle, NOTIFICATION 6/2, disconnect, stopTimers';

/**
 * RFC 4271 §8.2.2 as a table. A connection that fails in Connect leads to Idle, or to Active while the DelayOpen timer runs; one
 * that fails in OpenSent leads to Active.
 */
const table: Readonly<Record<Event['kind'], Row>> = {
  ManualStart: [connectNow, same, same, same, same, same, same, same],
  ManualStop: [stop, stop, stop, stop, stop, cease, cease, cease],
  ManualStartWithPassiveTcpEstablishment: ['Active, stopTimers', same, same, same, same, same, same, same],
  AutomaticStop: onceConnected(failureWith('6/10')),
  ConnectRetryTimerExpires: [
    same,
    connectNow,
    connectNow,
    connectNow,
    connectNow,
    failureWith('5/1'),
    failureWith('5/2'),
    failureWith('5/3'),
  ],
  HoldTimerExpires: onceConnected(failureWith('4/0')),
  KeepaliveTimerExpires: [
    same,
    failure,
    failure,
    failure,
    failure,
    failureWith('5/1'),
    'OpenConfirm, keepalive, start Keepalive',
    'Established, keepalive, start Keepalive',
  ],
  DelayOpenTimerExpires: [same, failure, openNow, failure, openNow, failureWith('5/1'), failureWith('5/2'), failureWith('5/3')],
  IdleHoldTimerExpires: [connectNow, failure, failure, failure, failure, failureWith('5/1'), failureWith('5/2'), failureWith('5/3')],
  TcpCrAcked: ['Idle, disconnect', openNow, same, openNow, same, same, same, same],
  TcpConnectionConfirmed: ['Idle, disconnect', openNow, same, openNow, same, same, same, same],
  TcpConnectionFails: [same, failure, retryLater, failure, failure, retryLater, failure, failure],
  BgpOpen: [
    same,
    failure,
    `OpenConfirm, open, ${confirmed}`,
    failure,
    `OpenConfirm, open, ${confirmed}`,
    `OpenConfirm, ${confirmed}`,
    failureWith('5/2'),
    failureWith('5/3'),
  ],
  BgpHeaderErr: onceConnected(failureWith('1/2')),
  BgpOpenMsgErr: [same, failure, failure, failure, failure, failureWith('2/0'), failureWith('2/0'), failureWith('5/3')],
  OpenCollisionDump: onceConnected(failureWith('6/7')),
  NotifMsgVerErr: onceConnected(failure),
  NotifMsg: onceConnected(failure),
  KeepAliveMsg: [same, failure, failure, failure, failure, failureWith('5/1'), 'Established, start Hold', 'Established, start Hold'],
  UpdateMsg: [same, failure, failure, failure, failure, failureWith('5/1'), failureWith('5/2'), 'Established, start Hold'],
  UpdateMsgErr: [same, failure, failure, failure, failure, failureWith('5/1'), failureWith('5/2'), failureWith('3/1')],
  RouteRefreshMsg: [same, failure, failure, failure, failure, failureWith('5/1'), failureWith('5/2'), same],
  SendHoldTimerExpires: onceConnected(failure),
  Superseded: onceConnected(failure),
};

const stateAt = (place: Place): string => place.replace(', delaying', '');

describe('the state machine', () => {
  for (const event of everyEvent()) {
    for (const [index, place] of places.entries()) {
      const cell = table[event.kind][index] ?? '';
      const expected = cell === same ? stateAt(place) : cell;
      it(`${event.kind} in ${place}: ${cell}`, () => {
        expect(shown(step(sessionIn(place), event, surroundings(settingsAt(place))))).toBe(expected);
      });
    }
  }

  it('has a way to each place', () => {
    for (const place of places) {
      expect(sessionIn(place)).toMatchObject({ state: stateAt(place), delayingOpen: place.endsWith('delaying') });
    }
  });

  it('names what went wrong for a person', () => {
    const lastError = (place: Place, event: Event) => step(sessionIn(place), event, surroundings()).session.lastError;
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
    for (const place of places) {
      expect(shown(step(sessionIn(place), { kind: 'ManualStop', cease: undefined }, surroundings()))).toBe(stop);
    }
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

describe('the DelayOpen timer', () => {
  it('runs for the time that is set, and ends when the OPEN goes out or the connection is lost', () => {
    const around = surroundings({ delayOpenMs: 1_500 });
    expect(step(sessionIn('Connect'), { kind: 'TcpCrAcked' }, around).actions).toContainEqual({
      kind: 'startTimer',
      timer: 'DelayOpen',
      ms: 1_500,
    });
    const delaying = sessionIn('Connect, delaying');
    for (const event of [{ kind: 'DelayOpenTimerExpires' }, { kind: 'TcpConnectionFails', reason: 'lost' }] as const) {
      expect(step(delaying, event, around).session.delayingOpen).toBe(false);
    }
  });

  it('lets an OPEN that we refuse be answered with ours, so that the router knows who refuses it', () => {
    const refused = step(
      sessionIn('Active, delaying'),
      { kind: 'BgpOpen', open: anOpen({ asn: 64999 }) },
      surroundings({ delayOpenMs: 1_500 }),
    );
    expect(shown(refused)).toBe('Idle, open, NOTIFICATION 2/2, disconnect, stopTimers, start IdleHold');
  });
});
