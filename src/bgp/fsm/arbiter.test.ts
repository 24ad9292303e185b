import { describe, expect, it } from 'vitest';
import { arbitrate, type Contender, newGuest } from './arbiter.ts';
import { newSession, type Session } from './session.ts';
import { type Place, sessionIn } from './testing/machine.ts';

const low = { routerId: 1, asn: 64500 };
const high = { routerId: 2, asn: 64501 };
const from = (initiatedByUs: boolean, place: Place = 'OpenSent', session: Partial<Session> = {}): Contender => ({
  session: { ...sessionIn(place), ...session },
  initiatedByUs,
});

/** Who stays when an OPEN comes on a connection, by where the other one is, and by whose identifier is higher. */
const table: Readonly<Record<Place, readonly [openedByDominant: string, otherByDominant: string]>> = {
  Idle: ['dumpOther', 'dumpOther'],
  Connect: ['dumpOther', 'dumpOther'],
  'Connect, delaying': ['dumpOther', 'dumpOther'],
  Active: ['dumpOther', 'dumpOther'],
  'Active, delaying': ['dumpOther', 'dumpOther'],
  OpenSent: ['dumpOther', 'wait'],
  OpenConfirm: ['dumpOther', 'dumpOpened'],
  Established: ['dumpOpened', 'dumpOpened'],
};

describe('an OPEN on one of two connections', () => {
  for (const [place, [openedByDominant, otherByDominant]] of Object.entries(table) as [Place, readonly [string, string]][]) {
    it(`while the other is in ${place}: ${openedByDominant}, or ${otherByDominant} where the higher side opened the other`, () => {
      for (const ours of [true, false]) {
        const [us, them] = ours ? [high, low] : [low, high];
        expect(arbitrate(from(ours), from(!ours, place), us, them)).toBe(openedByDominant);
        expect(arbitrate(from(!ours), from(ours, place), us, them)).toBe(otherByDominant);
      }
    });
  }

  it('that the router opened both leaves the older one, unless that never said an OPEN', () => {
    expect(arbitrate(from(false), from(false, 'OpenConfirm'), low, high)).toBe('dumpOpened');
    expect(arbitrate(from(false), from(false, 'OpenSent'), low, high)).toBe('wait');
  });

  it('replaces an Established session with which graceful restart was agreed on: the router restarted', () => {
    const established = sessionIn('Established');
    const negotiated = established.negotiated && { ...established.negotiated, gracefulRestart: { notification: false } };
    expect(arbitrate(from(false), from(true, 'Established', { negotiated }), high, low)).toBe('supersedeOther');
  });
});

describe('a connection that the router opens', () => {
  const failed: Session = { ...newSession, connectRetryCounter: 3, oscillations: 2, refusesUntilMs: 4_000 };

  it('is taken in every state, and has a machine that waits for it', () => {
    for (const place of Object.keys(table) as Place[]) expect(newGuest(sessionIn(place), undefined, 0)).toMatchObject({ state: 'Active' });
  });

  it('is refused while we wait in Idle because of failures, and afterwards counts on from them', () => {
    expect(newGuest(failed, undefined, 3_999)).toBeUndefined();
    expect(newGuest(failed, undefined, 4_000)).toMatchObject({ state: 'Active', connectRetryCounter: 3, oscillations: 2 });
  });

  it('is taken when our own attempt is under way again', () => {
    expect(newGuest({ ...failed, state: 'Connect' }, undefined, 0)).toBeDefined();
  });

  it('is refused for a while after the last one came to nothing, whatever we do ourselves', () => {
    expect(newGuest(sessionIn('Connect'), failed, 3_999)).toBeUndefined();
    expect(newGuest(sessionIn('Connect'), failed, 4_000)).toMatchObject({ oscillations: 2 });
  });

  it('gets a plain OPEN where the router took no other', () => {
    expect(newGuest({ ...newSession, plainOpen: true }, undefined, 0)?.plainOpen).toBe(true);
    expect(newGuest(newSession, { ...newSession, plainOpen: true }, 0)?.plainOpen).toBe(true);
    expect(newGuest(newSession, newSession, 0)?.plainOpen).toBe(false);
  });
});
