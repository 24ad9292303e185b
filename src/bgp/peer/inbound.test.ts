import { describe, expect, it } from 'vitest';
import { limits } from './limits.ts';
import type { PeerSettings } from './settings.ts';
import { Caller, theirOpen } from './testing/caller.ts';
import { TwoSpeakers } from './testing/two-speakers.ts';

const keepalive = { kind: 'keepalive' } as const;

/** One of our speakers that waits for AS 64502, which the test plays. */
async function setUp(settings: Partial<PeerSettings> = {}) {
  const two = await TwoSpeakers.create({ first: { settings: { passive: true, ...settings } } });
  const [{ peer, log }] = two.sides;
  peer.start();
  const call = (): Caller => Caller.call(two.network, two.clock);
  const establish = (open = theirOpen()): Caller => {
    const caller = call();
    caller.say(open, keepalive);
    two.clock.advance(1);
    expect(peer.session().state).toBe('Established');
    return caller;
  };
  return { two, clock: two.clock, peer, log, call, establish };
}

describe('a connection that the router opens', () => {
  it('becomes the session', async () => {
    const { establish } = await setUp();
    expect(establish().heard).toEqual(['open', 'keepalive', 'update']);
  });

  it('is closed at once while the peer is not started, or is ending', async () => {
    const two = await TwoSpeakers.create();
    const caller = Caller.call(two.network, two.clock);
    expect(caller.closed).toBe('closed by the remote end');
    expect(caller.heard).toEqual([]);
    const { peer, call, clock } = await setUp();
    void peer.stop({ how: 'quiet' });
    clock.advance(1);
    expect(call().heard).toEqual([]);
  });

  it('gets Cease while another session is Established, which stays', async () => {
    const { establish, call, peer, clock } = await setUp();
    const first = establish();
    const second = call();
    second.say(theirOpen());
    clock.advance(1);
    expect(second.heard).toEqual(['open', '6/7']);
    expect(first.closed).toBeUndefined();
    expect(peer.session().state).toBe('Established');
  });

  it('replaces one that never said an OPEN: the router gave that up', async () => {
    const { call, peer, clock } = await setUp();
    const silent = call();
    const second = call();
    expect(silent.heard).toEqual(['open', '6/7']);
    second.say(theirOpen(), keepalive);
    clock.advance(1);
    expect(peer.session().state).toBe('Established');
  });

  it('says what is wrong with its OPEN, whatever other connection there is', async () => {
    const { establish, call, clock, peer } = await setUp();
    establish();
    const stranger = call();
    stranger.say(theirOpen({ asn: 64999 }));
    clock.advance(1);
    expect(stranger.heard).toEqual(['open', '2/2']);
    expect(peer.session().state).toBe('Established');
  });

  it('ends our own attempt when it has said its OPEN', async () => {
    const { call, peer, clock, two } = await setUp({ passive: false });
    two.network.change('192.0.2.2', { blackHole: true });
    const caller = call();
    expect(peer.session().state).toBe('OpenSent');
    caller.say(theirOpen(), keepalive);
    clock.advance(1);
    expect(peer.session().state).toBe('Established');
    const before = two.connections;
    clock.advance(8_000);
    expect(two.connections).toBe(before);
  });
});

describe('two connections of which the first to get an OPEN is to lose', () => {
  /** Ours, opened by the side with the lower identifier, has an OPEN; that of the router has none yet. */
  async function waiting() {
    const two = await TwoSpeakers.create();
    const [{ peer }] = two.sides;
    peer.start();
    two.sides[1].peer.start();
    return { two, peer };
  }

  it('are not both lost: the OPEN waits for the other', async () => {
    const { two, peer } = await waiting();
    two.clock.advance(100);
    expect(peer.session().state).toBe('Established');
    for (const { states } of two.sides) expect(states.filter((state) => state === 'Idle').length).toBeLessThanOrEqual(1);
  });

  it('nor do both wait where the router calls itself differently on each: the later OPEN is answered in time', async () => {
    const two = await TwoSpeakers.create({ first: { settings: { port: 1_790 } } });
    const [{ peer }] = two.sides;
    const called = await Caller.called(two.network, { address: '192.0.2.2', port: 1_790 });
    peer.start();
    two.clock.advance(1);
    const theirs = Caller.call(two.network, two.clock);
    // By this OPEN the router's connection is to win, which has got none yet; by the other it is ours.
    called().say(theirOpen({ routerId: 0xffff_ff00 }));
    two.clock.advance(1);
    theirs.say(theirOpen({ routerId: 1 }));
    two.clock.advance(1);
    expect([called().heard, theirs.heard]).toEqual([['open'], ['open']]);
    two.clock.advance(limits.collisionWaitMs);
    expect([called().heard, theirs.heard]).toEqual([
      ['open', '6/7'],
      ['open', 'keepalive'],
    ]);
    theirs.say(keepalive);
    two.clock.advance(1);
    expect(peer.session().state).toBe('Established');
  });
});

describe('a router that comes back while we take its session for Established', () => {
  const restart = { kind: 'gracefulRestart', restarting: true, notification: false, restartTimeS: 60, families: [] } as const;
  const capabilities = [...theirOpen().capabilities, restart];

  it('takes its session over where graceful restart was agreed, and the old connection is told nothing', async () => {
    const { establish, call, clock, peer, log } = await setUp({ gracefulRestart: { restartSeconds: 60, notification: false } });
    const old = establish(theirOpen({ capabilities }));
    const fresh = call();
    fresh.say(theirOpen({ capabilities }), keepalive);
    clock.advance(1);
    expect(peer.session().state).toBe('Established');
    expect(fresh.heard.slice(0, 2)).toEqual(['open', 'keepalive']);
    expect(old.closed).toBe('closed by the remote end');
    expect(old.heard).not.toContain('6/7');
    expect(log.lines.some(([, { error }]) => error === 'the router came back on another connection')).toBe(true);
  });

  it('is not believed before its OPEN can be accepted', async () => {
    const { establish, call, clock, peer } = await setUp({ gracefulRestart: { restartSeconds: 60, notification: false } });
    const old = establish(theirOpen({ capabilities }));
    call().say(theirOpen({ asn: 64999 }));
    clock.advance(1);
    expect([peer.session().state, old.closed]).toEqual(['Established', undefined]);
  });
});

describe('a router that can not have a session', () => {
  it('and calls in a loop is answered a bounded number of times', async () => {
    const { clock, call } = await setUp();
    let opens = 0;
    for (let count = 0; count < 3_600; count++) {
      const caller = call();
      caller.say(theirOpen({ asn: 64999 }));
      clock.advance(999);
      if (caller.heard.includes('open')) opens++;
    }
    // One hour: 1, 2, 4 … 60 s between two answers.
    expect(opens).toBeGreaterThan(50);
    expect(opens).toBeLessThan(120);
  });
});
