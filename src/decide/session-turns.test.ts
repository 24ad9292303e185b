import { describe, expect, it } from 'vitest';
import type { SessionState } from '#state/truth.ts';
import { SessionTurns } from './session-turns.ts';

const session = (state: SessionState, ageMs = 0, peer = 'tor') => ({
  peer,
  state,
  ageMs,
  families: [],
  localAddress: '',
  announcedPrefixes: 0,
  lastError: '',
});

/** Sessions of `n1` and `n2` with the peer `tor` are established since 0. */
function up(): SessionTurns {
  const turns = new SessionTurns();
  for (const node of ['n1', 'n2']) turns.hear(node, [session('Established')], 0);
  return turns;
}

describe('the turn of a session that is made anew', () => {
  it('lasts until it is established again', () => {
    const turns = up();
    turns.order('n1', 'tor', 100);
    turns.wait('n2');
    expect([turns.now, turns.isUp('n1', 'tor'), turns.take()]).toEqual([{ of: 2, anew: 1, first: at('n1') }, false, []]);
    turns.hear('n1', [session('OpenSent')], 200);
    expect(turns.take()).toEqual([]);
    turns.hear('n1', [session('Established', 10)], 310);
    expect([turns.now, turns.isUp('n1', 'tor'), turns.take(), turns.take()]).toEqual([{ of: 2, anew: 0 }, true, ['n2'], []]);
  });

  it('is not ended by what was said before the speaker heard of it', () => {
    const turns = up();
    turns.order('n1', 'tor', 100);
    turns.hear('n1', [session('Established', 101)], 200);
    expect(turns.now.anew).toBe(1);
    turns.hear('n1', [session('Established', 100)], 200);
    expect(turns.now.anew).toBe(0);
  });

  it('is none where the session is not up', () => {
    const turns = up();
    turns.hear('n1', [session('Active')], 50);
    turns.order('n1', 'tor', 100);
    expect(turns.now).toEqual({ of: 1, anew: 0 });
  });

  it('ends with the session', () => {
    const turns = up();
    turns.order('n1', 'tor', 100);
    turns.wait('n2');
    turns.forget('n1', 'tor');
    expect([turns.now, turns.take()]).toEqual([{ of: 1, anew: 0 }, ['n2']]);
    turns.forget('n2', 'tor');
    expect([turns.now, turns.take()]).toEqual([{ of: 0, anew: 0 }, []]);
  });
});

const at = (node: string) => expect.objectContaining({ node, peer: 'tor' });
