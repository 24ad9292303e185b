import { describe, expect, it } from 'vitest';
import { aService, aSlice, ready } from '#decide/testing/builders.ts';
import { encodeEntry } from '#rpc/entry-codec.ts';
import type { RouteEntry } from '#state/entry.ts';
import type { RouteTruth } from '#state/truth.ts';
import { helloOf, session, type TestSpeaker, TestTerm, truth } from './testing/term.ts';

const prefix = '192.0.2.53/32';
const evidence = { source: 'Probe', object: 'dns/edge', fact: 'connection refused' };
const waiting: RouteTruth = { prefix, peers: [{ peer: 'tor', announced: false, reason: 'WaitingForDataPlane' }], ageMs: 50 };

describe('a speaker that says Hello', () => {
  it('hears the whole state, and is known', () => {
    const term = TestTerm.ordinary();
    const n1 = term.speaker('n1', { sessions: [session('tor')] });
    expect(n1.heard[0]).toMatchObject({ kind: 'full', epoch: 7, version: 1 });
    expect(n1.last).toEqual(['+node', '+peer/tor', `+route/${prefix}`]);
    expect([...term.speakers.nodes()]).toEqual(['n1']);
    expect(term.speakers.get('n1')?.sessions.get('tor')?.state).toBe('Established');
    expect(term.ledger.heard('n1')).toBe(true);
    expect(term.changes).toContain('n1');
  });

  it('keeps what it has where that is the same, and hears the rest', () => {
    const term = TestTerm.ordinary();
    const first = term.speaker('n1');
    first.ack();
    const [full] = first.heard;
    const entries = full?.kind === 'full' ? full.entries : [];
    const fresh = TestTerm.ordinary();
    const n1 = fresh.speaker('n1', { ...helloOf('n1', {}, entries), routes: [truth(prefix, ['tor'], 60_000)] });
    expect(n1.last).toEqual(['=node', '=peer/tor', `=route/${prefix}`]);
    expect(fresh.speakers.announcedRoutes('n1')).toBe(1);
  });

  it('keeps routes that nobody explains', () => {
    const orphan: RouteEntry = {
      kind: 'route',
      prefix: '198.51.100.77/32',
      service: 'dns/unseen',
      reason: 'Serving',
      gate: { mode: 'Delay', announceDelayMs: 0 },
      exports: [],
    };
    const term = TestTerm.ordinary();
    const n1 = term.speaker('n1', { ...helloOf('n1', {}, [encodeEntry(orphan)]), routes: [truth(orphan.prefix, ['tor'])] });
    expect(n1.last).toContain('=route/198.51.100.77/32');
    expect([...term.ledger.orphans()]).toHaveLength(1);
  });

  it('hears nothing while another replica leads, and is known all the same', () => {
    const term = TestTerm.ordinary();
    term.epoch = undefined;
    const n1 = term.speaker('n1', { epoch: 9 });
    n1.report([truth(prefix, ['tor'])], [session('tor', 'Idle')]);
    n1.say({ kind: 'ask', id: 1, prefix, evidence });
    n1.say({ kind: 'leave' });
    n1.ack();
    expect([n1.heard, term.higherEpochs, term.reports]).toEqual([[], [], []]);
    expect(term.speakers.get('n1')?.sessions.get('tor')?.state).toBe('Idle');
    expect(term.ledger.heard('n1')).toBe(false);
  });

  it('and obeys a higher term than ours hears nothing, but the leader does', () => {
    const term = TestTerm.ordinary();
    const n1 = term.speaker('n1', { epoch: 8 });
    expect([n1.heard, term.higherEpochs]).toEqual([[], [8]]);
  });

  it('and obeys a term that no leader ever had is sent away: to count on from there would leave no term to be had', () => {
    const term = TestTerm.ordinary();
    const n1 = term.speaker('n1', { epoch: Number.MAX_SAFE_INTEGER });
    expect([n1.heard, n1.closed, term.higherEpochs, [...term.speakers.nodes()]]).toEqual([
      [],
      [`no leader ever had term ${Number.MAX_SAFE_INTEGER}: this is 7; remove the state of the speaker on n1`],
      [],
      [],
    ]);
  });

  it('and obeys our term though it never heard it from us hears nothing: another leader counted to the same epoch', () => {
    const term = TestTerm.ordinary();
    const n1 = term.speaker('n1', { epoch: 7 });
    expect([n1.heard, term.higherEpochs]).toEqual([[], [7]]);
  });

  it('again in the same term hears the whole state, from which leader it is clear', () => {
    const term = TestTerm.ordinary();
    term.speaker('n1').ack();
    const again = term.speaker('n1', { epoch: 7, version: 1 });
    expect([again.heard[0]?.kind, term.higherEpochs]).toEqual(['full', []]);
  });

  it('anew replaces its older stream, whose end then means nothing', () => {
    const term = TestTerm.ordinary();
    const old = term.speaker('n1');
    const next = term.speaker('n1');
    expect(old.closed).toHaveLength(1);
    expect(next.heard[0]).toMatchObject({ kind: 'full' });
    old.stream.cut('late');
    term.settle();
    expect(term.speakers.get('n1')).toBeDefined();
    expect(term.ledger.live('n1')).toBe(true);
  });
});

describe('what a speaker says', () => {
  it('about versions settles or repeats the delivery', () => {
    const term = TestTerm.ordinary();
    const n1 = term.speaker('n1');
    n1.say({ kind: 'nack', epoch: 7, version: 1, keys: ['node'], message: 'digest differs' });
    expect(n1.heard[1]).toMatchObject({ kind: 'full', version: 2 });
    expect(term.lines).toContainEqual(expect.objectContaining({ event: 'state-refused', node: 'n1' }));
    n1.say({ kind: 'ack', epoch: 7, version: 2, rejected: [{ key: 'peer/tor', message: 'peer/tor: no' }] });
    expect(term.lines).toContainEqual(expect.objectContaining({ event: 'entry-rejected', key: 'peer/tor' }));
    expect(term.deliveries.peek('n1')?.settled).toBe(true);
  });

  it('about routes is in the ledger, and is told with the Services that it concerns', () => {
    const term = TestTerm.ordinary();
    const n1 = term.speaker('n1');
    n1.ack();
    n1.report([waiting]);
    expect(term.speakers.reasonOf({ prefix, node: 'n1' }, 'tor')).toBe('WaitingForDataPlane');
    expect(term.speakers.reasonOf({ prefix, node: 'n1' }, 'other')).toBeUndefined();
    expect(term.speakers.differences('n1')).toEqual([{ prefix, peer: 'tor', reason: 'WaitingForDataPlane', ageMs: 50 }]);
    n1.report([truth(prefix, ['tor'])]);
    expect(term.ledger.route({ prefix, node: 'n1' })?.announced).toEqual(['tor']);
    expect([term.speakers.reasonOf({ prefix, node: 'n1' }, 'tor'), term.speakers.differences('n1')]).toEqual([undefined, []]);
    expect(term.reports.map(({ services }) => services)).toEqual([['dns/edge'], ['dns/edge']]);
    expect(term.speakers.differences('n9')).toEqual([]);
  });

  it('about a route that is gone frees its address for who waits for it', () => {
    const term = TestTerm.ordinary();
    const n1 = term.speaker('n1');
    n1.ack();
    n1.report([truth(prefix, ['tor'])]);
    term.put(aService({ ingress: [] }, 'dns/heir'), aSlice([ready('n1')], { service: 'dns/heir' }));
    term.put(aService({ presence: 'deleting' }));
    term.settle();
    expect(n1.last).toEqual([`-route/${prefix}`]);
    n1.ack();
    term.turns.length = 0;
    n1.report([truth(prefix)]);
    expect(term.reports.at(-1)?.services).toEqual(['dns/edge']);
    expect(term.turns.flatMap(({ services }) => services.map(({ intent }) => intent.service))).toContain('dns/heir');
  });

  it('when it asks is answered by the admission function', () => {
    const term = TestTerm.ordinary();
    const n1 = term.speaker('n1');
    n1.say({ kind: 'ask', id: 3, prefix, evidence });
    expect(n1.heard.at(-1)).toEqual({ kind: 'askAnswer', epoch: 7, id: 3, granted: true, rule: 'Admitted' });
  });

  it('that permits have ended means nothing where none were given', () => {
    const n1 = TestTerm.ordinary().speaker('n1');
    n1.say({ kind: 'revokeAck', prefixes: [] });
    expect(n1.closed).toEqual([]);
  });
});

describe('a speaker that leaves', () => {
  /** The answer to Leave, once the API server was asked. */
  async function answerTo(term: TestTerm, speaker: TestSpeaker): Promise<unknown> {
    speaker.say({ kind: 'leave' });
    await Promise.resolve();
    term.settle();
    return speaker.heard.findLast((message) => message.kind === 'leaveAnswer');
  }

  it('and is replaced is told to close quietly', async () => {
    const term = TestTerm.ordinary();
    expect(await answerTo(term, term.speaker('n1'))).toEqual({ kind: 'leaveAnswer', epoch: 7, action: 'restart' });
  });

  it('for good is told to withdraw; of all that do, the last one stays', async () => {
    const term = TestTerm.ordinary();
    term.successor = 'none';
    const both = [term.speaker('n1'), term.speaker('n2')];
    for (const speaker of both) {
      speaker.ack();
      speaker.report([truth(prefix, ['tor'])]);
    }
    const answers = await Promise.all(both.map((speaker) => answerTo(term, speaker)));
    expect(answers).toEqual([
      { kind: 'leaveAnswer', epoch: 7, action: 'withdraw' },
      { kind: 'leaveAnswer', epoch: 7, action: 'stay' },
    ]);
  });

  it('hears nothing from a replica that does not lead, or not any more', async () => {
    const term = TestTerm.ordinary();
    const n1 = term.speaker('n1');
    term.epoch = undefined;
    expect(await answerTo(term, n1)).toBeUndefined();
    term.epoch = 7;
    n1.say({ kind: 'leave' });
    term.epoch = undefined;
    await Promise.resolve();
    term.settle();
    expect(n1.heard.filter((message) => message.kind === 'leaveAnswer')).toEqual([]);
  });
});

describe('a stream that ends', () => {
  it('changes nothing but what can be counted on', () => {
    const term = TestTerm.ordinary();
    const n1 = term.speaker('n1');
    n1.ack();
    n1.report([truth(prefix, ['tor'])]);
    n1.stream.cut('power');
    term.settle();
    expect(term.speakers.get('n1')).toBeUndefined();
    expect([term.ledger.heard('n1'), term.ledger.live('n1')]).toEqual([true, false]);
    expect(term.ledger.route({ prefix, node: 'n1' })?.announced).toEqual(['tor']);
    expect(term.lines).toContainEqual({ event: 'speaker-disconnected', node: 'n1', reason: 'power' });
    const back = term.speaker('n1', { routes: [truth(prefix, ['tor'])], epoch: 7, version: 1 });
    expect(back.heard[0]).toMatchObject({ kind: 'full', version: 2 });
  });

  it('of all speakers is how a new term begins', () => {
    const term = TestTerm.ordinary();
    const speakers = [term.speaker('n1'), term.speaker('n2')];
    term.speakers.dismissAll('say Hello again');
    term.settle();
    expect(speakers.map(({ closed }) => closed)).toEqual([['say Hello again'], ['say Hello again']]);
    expect([...term.speakers.nodes()]).toEqual([]);
  });
});

describe('a node that is gone for good', () => {
  it('is forgotten with its routes, and frees their addresses', () => {
    const term = TestTerm.ordinary();
    const n1 = term.speaker('n1');
    n1.ack();
    n1.report([truth(prefix, ['tor'])]);
    term.speakers.forget('n1');
    expect(term.ledger.heard('n1')).toBe(true);
    n1.stream.cut('power');
    term.settle();
    term.turns.length = 0;
    term.speakers.forget('n1');
    term.settle();
    expect([term.ledger.heard('n1'), term.deliveries.peek('n1'), term.ledger.route({ prefix, node: 'n1' })]).toEqual([
      false,
      undefined,
      undefined,
    ]);
    expect(term.turns.flatMap(({ services }) => services.map(({ intent }) => intent.service))).toEqual(['dns/edge']);
  });
});
