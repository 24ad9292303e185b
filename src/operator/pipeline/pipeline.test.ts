import { describe, expect, it } from 'vitest';
import { aNode, anUnreadyNode, aService, aSlice, notReady, ready } from '#decide/testing/builders.ts';
import { limits } from '../limits.ts';
import { TestTerm, truth } from '../testing/term.ts';

const prefix = '192.0.2.53/32';

/** A term in which two nodes announce `dns/edge`. */
function announced() {
  const term = TestTerm.ordinary();
  const n1 = term.speaker('n1');
  const n2 = term.speaker('n2');
  for (const speaker of [n1, n2]) {
    speaker.ack();
    speaker.report([truth(prefix, ['tor'])]);
  }
  term.clock.advance(60_000);
  term.turns.length = 0;
  for (const speaker of [n1, n2]) speaker.heard.length = 0;
  return { term, n1, n2 };
}

const outcomes = (term: TestTerm) =>
  term.turns.flatMap(({ services }) =>
    services.flatMap(({ decisions }) => decisions.map(({ outcome, place }) => `${outcome} ${place.node}`)),
  );

describe('a turn', () => {
  it('orders sessions and routes, in one message to each speaker', () => {
    const term = TestTerm.ordinary();
    const n1 = term.speaker('n1');
    expect(n1.heard).toHaveLength(1);
    expect(n1.last).toEqual(['+node', '+peer/tor', `+route/${prefix}`]);
  });

  it('takes in everything that one turn of the event loop brings, and decides what it touches only', () => {
    const { term, n1, n2 } = announced();
    term.put(aService({ addresses: ['192.0.2.9'], ingress: ['192.0.2.9'] }, 'dns/other'));
    term.put(aSlice([ready('n1')], { service: 'dns/other' }));
    term.put(aSlice([notReady('n1'), ready('n2')]));
    expect([term.pipeline.pending, term.turns.length]).toEqual([true, 0]);
    term.settle();
    expect([term.pipeline.pending, term.turns.length]).toEqual([false, 1]);
    expect(term.turns[0]?.services.map(({ intent }) => intent.service).sort()).toEqual(['dns/edge', 'dns/other']);
    expect(term.turns[0]?.nodes).toEqual([]);
    expect(n1.last).toEqual([`+route/192.0.2.9/32`, `-route/${prefix}`]);
    expect(n2.heard).toEqual([]);
  });

  it('tells when the change arrived, and when the messages were sent', () => {
    const { term } = announced();
    term.pipeline.mark({ services: ['dns/edge'], nodes: [] }, 42);
    term.pipeline.mark({ services: ['dns/edge'], nodes: [] }, 43);
    term.settle();
    expect(term.turns).toMatchObject([{ services: [{ observedMs: 42 }], decidedMs: term.clock.nowMs(), sentMs: term.clock.nowMs() }]);
  });

  it('is not, where nothing is affected', () => {
    const { term } = announced();
    term.pipeline.mark({ services: [], nodes: [] }, 0);
    term.clock.advance(1_000);
    expect(term.turns).toEqual([]);
  });

  it('is not, while another replica leads; what came up meanwhile is decided when this one does', () => {
    const { term, n1 } = announced();
    term.epoch = undefined;
    term.put(aSlice([notReady('n1'), ready('n2')]));
    term.settle();
    expect([term.turns.length, n1.heard.length]).toEqual([0, 0]);
    term.epoch = 8;
    term.pipeline.markAll();
    term.settle();
    expect(outcomes(term)).toEqual(['withdraw n1']);
    expect(term.turns[0]?.nodes.map(({ proposal }) => proposal.node)).toEqual(['n1', 'n2']);
  });

  it('forgets what was marked, and what was to wake it, when the term ends', () => {
    const { term } = announced();
    term.put(anUnreadyNode('n1'));
    term.settle();
    term.put(aNode('n1', { readySinceMs: term.clock.nowMs() }), aSlice([notReady('n1'), ready('n2')]));
    term.settle();
    term.pipeline.mark({ services: ['dns/edge'], nodes: ['n1'] }, 0);
    term.turns.length = 0;
    term.pipeline.stop();
    term.clock.advance(120_000);
    expect(term.turns).toEqual([]);
  });

  it('that concerns very many takes some of them at a time, and what concerns few goes first', () => {
    const { term } = announced();
    const many = Array.from({ length: 3 * limits.bulkPerTurn }, (_, count) => `dns/s${count}`);
    term.pipeline.mark({ services: many, nodes: [] }, 1);
    term.pipeline.mark({ services: many, nodes: [] }, 2);
    const first = term.turns.length;
    term.pipeline.mark({ services: ['dns/edge', 'dns/s99'], nodes: [] }, 3);
    term.pipeline.mark({ services: [...many, 'dns/edge'], nodes: [] }, 4);
    term.settle();
    const decided = term.turns.slice(first).map(({ services }) => services.map(({ intent }) => intent.service));
    expect(decided[0]?.slice(0, 2)).toEqual(['dns/edge', 'dns/s99']);
    expect(decided.map((services) => services.length)).toEqual([limits.bulkPerTurn, limits.bulkPerTurn, limits.bulkPerTurn, 1]);
    expect(new Set(decided.flat()).size).toBe(3 * limits.bulkPerTurn + 1);
    expect(term.turns[first]?.services.map(({ observedMs }) => observedMs).slice(0, 3)).toEqual([3, 1, 1]);
  });

  it('takes some at a time also where very many came one by one, as the objects of a list do', () => {
    const { term } = announced();
    const first = term.turns.length;
    const many = Array.from({ length: 2 * limits.bulkPerTurn + 1 }, (_, count) => `dns/s${count}`);
    for (const [index, service] of many.entries()) term.pipeline.mark({ services: [service], nodes: [] }, index);
    term.settle();
    const decided = term.turns.slice(first).map(({ services }) => services.map(({ intent }) => intent.service));
    expect(decided.map((services) => services.length)).toEqual([limits.bulkPerTurn, limits.bulkPerTurn, 1]);
    expect(decided.flat()).toEqual(many);
    expect(term.turns[first + 1]?.services[0]?.observedMs).toBe(limits.bulkPerTurn);
  });

  it('comes by time where only time changes what is decided', () => {
    const { term } = announced();
    term.put(anUnreadyNode('n1'), aSlice([notReady('n1'), ready('n2')]));
    term.clock.advance(60_000);
    expect(outcomes(term)).toEqual(['hold n1']);
    term.put(aNode('n1', { readySinceMs: term.clock.nowMs() }));
    term.turns.length = 0;
    term.clock.advance(29_999);
    expect(outcomes(term)).toEqual(['hold n1']);
    term.clock.advance(1);
    expect(outcomes(term)).toEqual(['hold n1', 'withdraw n1']);
  });
});
