import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '#runtime/random.ts';
import type { Event, State, TimerName } from './events.ts';
import { type Action, newSession, type Session } from './session.ts';
import { step } from './step.ts';
import { anOpen, aSettings, everyEvent } from './testing/builders.ts';

/** Timers that may run in a state. */
const allowed: Readonly<Record<State, readonly TimerName[]>> = {
  Idle: ['IdleHold'],
  Connect: ['ConnectRetry', 'DelayOpen'],
  Active: ['ConnectRetry', 'DelayOpen'],
  OpenSent: ['Hold'],
  OpenConfirm: ['Hold', 'Keepalive'],
  Established: ['Hold', 'Keepalive'],
};

/** Ways that events of chance rarely take. */
const wayUp: readonly Event[] = [{ kind: 'TcpCrAcked' }, { kind: 'BgpOpen', open: anOpen() }, { kind: 'KeepAliveMsg' }];
const someEvents = fc
  .array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...everyEvent()).map((event) => [event]) },
      { weight: 1, arbitrary: fc.constant([{ kind: 'ManualStart' } as const, ...wayUp]) },
      { weight: 1, arbitrary: fc.constant([{ kind: 'IdleHoldTimerExpires' } as const, ...wayUp]) },
    ),
    { maxLength: 60 },
  )
  .map((parts) => parts.flat());

const someSettings = fc.record({
  afterIdle: fc.constantFrom('connect' as const, 'listen' as const, 'nothing' as const),
  delayOpenMs: fc.constantFrom(0, 2_000),
  holdTimeMs: fc.constantFrom(0, 3_000, 90_000),
});

/** What a connection knows that runs the machine: whether there is a stream, what was said on it, which timers run. */
class Runner {
  session: Session = newSession;
  readonly timers = new Set<TimerName>();
  connected = false;
  opens = { sent: false, accepted: false };

  carryOut(action: Action): void {
    switch (action.kind) {
      case 'stopTimers':
        this.timers.clear();
        break;
      case 'startTimer':
        expect(action.ms).toBeGreaterThan(0);
        this.timers.add(action.timer);
        break;
      case 'send':
        expect(this.connected).toBe(true);
        if (action.message.kind === 'open') this.opens.sent = true;
        break;
      case 'disconnect':
        this.connected = false;
        this.opens = { sent: false, accepted: false };
        break;
      case 'connect':
        expect(this.connected).toBe(false);
    }
  }
}

describe('any order of events', () => {
  it('never throws, leaks no timer, and reaches Established only with both OPENs', () => {
    let establishedRuns = 0;
    fc.assert(
      fc.property(someEvents, someSettings, fc.boolean(), fc.integer(), (events, settings, hasRival, seed) => {
        const around = { settings: aSettings(settings), nowMs: 0, random: seededRandom(seed), hasRival };
        const runner = new Runner();
        for (const event of events) {
          if (event.kind === 'TcpCrAcked' || event.kind === 'TcpConnectionConfirmed') runner.connected = true;
          const { session, actions } = step(runner.session, event, around);
          for (const action of actions) runner.carryOut(action);
          if (event.kind === 'BgpOpen' && session.state === 'OpenConfirm') runner.opens.accepted = true;
          runner.session = session;
          const { state, negotiated, delayingOpen } = session;
          if (state === 'Established') {
            establishedRuns++;
            expect(runner.opens).toEqual({ sent: true, accepted: true });
          }
          expect([...runner.timers].filter((timer) => !allowed[state].includes(timer))).toEqual([]);
          expect(runner.timers.has('DelayOpen')).toBe(delayingOpen);
          expect(negotiated !== undefined).toBe(state === 'OpenConfirm' || state === 'Established');
          if (settings.afterIdle === 'nothing') expect(runner.timers.has('IdleHold')).toBe(false);
          if (state === 'Idle' || state === 'Connect') expect(runner.connected && !delayingOpen).toBe(false);
        }
      }),
    );
    expect(establishedRuns).toBeGreaterThan(100);
  });
});
