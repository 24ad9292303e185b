import { describe, expect, it } from 'vitest';
import { seededRandom } from '#runtime/random.ts';
import { limits } from './limits.ts';
import { type FsmSettings, newSession, type Session, type Transition } from './session.ts';
import { step } from './step.ts';
import { aNotification, anOpen } from './testing/builders.ts';
import { idleHold, sessionIn, shown, surroundings } from './testing/machine.ts';
import { restartHold, restartKeepalive } from './transitions.ts';

describe('the wait after a failure', () => {
  const refused = aNotification({ code: 2, subcode: 2 });

  /** One attempt that comes up, stays `stableMs` and is then refused; what is waited afterwards. */
  function cycle(session: Session, settings: Partial<FsmSettings>, stableMs: number): Transition {
    const around = surroundings(settings);
    const up = (['TcpCrAcked', 'BgpOpen', 'KeepAliveMsg'] as const).reduce(
      (current, kind) => step(current, kind === 'BgpOpen' ? { kind, open: anOpen() } : { kind }, around).session,
      step(session, { kind: 'IdleHoldTimerExpires' }, around).session,
    );
    return step(up, { kind: 'NotifMsg', notification: refused }, surroundings(settings, { nowMs: stableMs }));
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

  it('does not grow for a misbehaving router because it could not be reached before', () => {
    let session: Session = newSession;
    for (let count = 0; count < 10; count++) {
      const connecting = step(session, { kind: 'IdleHoldTimerExpires' }, surroundings()).session;
      session = step(connecting, { kind: 'TcpConnectionFails', reason: 'refused' }, surroundings()).session;
    }
    expect(session.connectRetryCounter).toBe(10);
    expect(idleHold(cycle(session, {}, 10))).toBe(1_000);
  });

  it('is drawn anew each time, between three quarters and the whole', () => {
    const random = seededRandom(7);
    const waits = Array.from({ length: 50 }, () =>
      idleHold(step(sessionIn('OpenConfirm'), { kind: 'NotifMsg', notification: refused }, surroundings({}, { random }))),
    );
    expect(new Set(waits).size).toBe(50);
    for (const wait of waits) expect(wait).toSatisfy((ms: number) => ms >= 750 && ms <= 1_000);
  });

  it('is followed by listening where we are passive, and by nothing where the machine has one connection only', () => {
    const wait = { kind: 'NotifMsg', notification: refused } as const;
    const passive = surroundings({ afterIdle: 'listen' });
    const ended = step(sessionIn('Established'), wait, passive);
    expect(idleHold(ended)).toBe(1_000);
    expect(shown(step(ended.session, { kind: 'IdleHoldTimerExpires' }, passive))).toBe('Active, stopTimers');
    const guest = surroundings({ afterIdle: 'nothing' });
    expect(shown(step(sessionIn('Established'), wait, guest))).toBe('Idle, disconnect, stopTimers');
    expect(shown(step(sessionIn('OpenSent'), { kind: 'TcpConnectionFails', reason: 'lost' }, guest))).toBe('Idle, disconnect, stopTimers');
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

describe('a session without negotiated times', () => {
  it('sets no timer by them', () => {
    expect([...restartHold(newSession), ...restartKeepalive(newSession, surroundings())]).toEqual([]);
  });
});
