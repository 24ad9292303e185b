import { describe, expect, it } from 'vitest';
import { limits } from './limits.ts';
import type { Transition } from './session.ts';
import { step } from './step.ts';
import { aNotification, anOpen } from './testing/builders.ts';
import { idleHold, type Place, sessionIn, shown, surroundings } from './testing/machine.ts';

const cease = (subcode: number, data = new Uint8Array()) => aNotification({ code: 6, subcode, data });
const receive = (place: Place, notification = cease(2), hasRival = false): Transition =>
  step(sessionIn(place), { kind: 'NotifMsg', notification }, surroundings({}, { hasRival, nowMs: 5_000 }));

describe('a router that takes no optional parameters', () => {
  const unsupported = aNotification({ code: 2, subcode: 4 });

  it('gets an OPEN without any at the next attempt, which agrees on nothing but IPv4', () => {
    const refused = receive('OpenSent', unsupported).session;
    expect(refused.lastError).toContain('our next OPEN offers no capabilities');
    const connecting = step(refused, { kind: 'IdleHoldTimerExpires' }, surroundings()).session;
    const { session, actions } = step(connecting, { kind: 'TcpCrAcked' }, surroundings());
    expect(actions).toContainEqual({ kind: 'send', message: expect.objectContaining({ kind: 'open', capabilities: [] }) });
    const confirmed = step(session, { kind: 'BgpOpen', open: anOpen() }, surroundings({ families: ['IPv4', 'IPv6'] }));
    expect(confirmed.session.negotiated?.context).toMatchObject({ families: ['IPv4'], fourOctetAsn: false });
  });

  it('is asked no third way: the waits grow', () => {
    const once = receive('OpenSent', unsupported).session;
    const again = step(
      { ...sessionIn('OpenSent'), plainOpen: once.plainOpen, oscillations: 1 },
      { kind: 'NotifMsg', notification: unsupported },
      surroundings(),
    );
    expect(again.session.lastError).not.toContain('our next OPEN');
    expect(idleHold(again)).toBe(2_000);
  });

  it('is offered everything again after a manual start', () => {
    const refused = receive('OpenSent', unsupported).session;
    expect(step(refused, { kind: 'ManualStart' }, surroundings()).session.plainOpen).toBe(false);
  });
});

describe('a router that takes no more prefixes', () => {
  it('is left alone for long, but may come by itself', () => {
    const data = Uint8Array.of(0, 1, 1, 0, 0, 0, 100);
    const full = receive('Established', cease(1, data));
    expect(full.session.lastError).toBe('the router sent Cease, Maximum Number of Prefixes Reached (6/1): at most 100 of IPv4');
    expect(idleHold(full)).toBe(limits.maximumPrefixesHoldMs);
    expect(full.session.refusesUntilMs).toBe(6_000);
  });
});

describe('a router that keeps another connection', () => {
  it('has not failed where the other one is ours', () => {
    const lost = receive('OpenConfirm', cease(7), true).session;
    expect(lost).toMatchObject({ lastError: '', oscillations: 0, connectRetryCounter: 0 });
  });

  it('has a session with somebody else at our address where it is not', () => {
    const lost = receive('OpenSent', cease(7)).session;
    expect(lost.lastError).toBe(
      'the router sent Cease, Connection Collision Resolution (6/7): it has a session with our address already: ' +
        'another speaker uses it, or one that left without a word has not timed out yet',
    );
    expect(lost.oscillations).toBe(1);
  });
});

describe('a connection that we give up for another', () => {
  it('ends with Cease, and is no failure', () => {
    for (const place of ['OpenSent', 'OpenConfirm', 'Established'] as const) {
      const dumped = step(sessionIn(place), { kind: 'OpenCollisionDump' }, surroundings({}, { hasRival: true }));
      expect(shown(dumped)).toBe('Idle, NOTIFICATION 6/7, disconnect, stopTimers, start IdleHold');
      expect(dumped.session).toMatchObject({ lastError: '', oscillations: 0 });
    }
  });
});
