import { describe, expect, it } from 'vitest';
import { aNode, aService, aSlice, notReady, ready } from '#decide/testing/builders.ts';
import type { ObservedObject } from '#decide/view.ts';
import { counted, type Tally } from '../testing/counted.ts';
import { type TestSpeaker, TestTerm, truth } from '../testing/term.ts';
import { Pipeline, type Turn } from './pipeline.ts';

/** A term in which every Service is announced from n1 and n2, and nodes that have nothing to do with it. */
function aTerm(size: { services: number; nodes: number }) {
  const term = TestTerm.ordinary();
  const prefixes = Array.from({ length: size.services }, (_, index) => `192.0.2.${index}`);
  for (const [index, address] of prefixes.entries()) {
    const service = `dns/s${index}`;
    term.put(aService({ addresses: [address], ingress: [address] }, service), aSlice([ready('n1'), ready('n2')], { service }));
  }
  for (let node = 3; node <= size.nodes; node++) term.put(aNode(`n${node}`));
  const speakers = Array.from({ length: size.nodes }, (_, index) => term.speaker(`n${index + 1}`));
  for (const speaker of speakers) {
    for (let acknowledged = 0; acknowledged < speaker.heard.length; ) {
      acknowledged = speaker.heard.length;
      speaker.ack();
    }
  }
  for (const speaker of speakers.slice(0, 2)) speaker.report(prefixes.map((address) => truth(`${address}/32`, ['tor'])));
  for (const speaker of speakers) speaker.heard.length = 0;
  return { term, speakers };
}

type Work = { readonly services: number; readonly nodes: number; readonly reads: Tally; readonly touched: string[] };

/** What a pipeline does of one change: what it decides, what it looks at, and what speakers are sent. */
function workOf({ term, speakers }: { term: TestTerm; speakers: readonly TestSpeaker[] }, change: ObservedObject): Work {
  const reads: Tally = { calls: 0, items: 0 };
  const turns: Turn[] = [];
  const { deliveries, clock, epoch } = term;
  const view = counted(term.view, reads);
  const ledger = counted(term.ledger, reads);
  const pipeline = new Pipeline({
    view,
    ledger: () => ledger,
    deliveries,
    clock,
    epoch: () => epoch,
    nodes: () => [],
    onTurn: (turn) => turns.push(turn),
  });
  pipeline.mark(term.view.put(change), clock.nowMs());
  term.settle();
  return {
    services: turns.flatMap((turn) => turn.services).length,
    nodes: turns.flatMap((turn) => turn.nodes).length,
    reads,
    touched: speakers.flatMap((speaker, index) => (speaker.heard.length === 0 ? [] : speaker.last.map((key) => `n${index + 1} ${key}`))),
  };
}

const fails = aSlice([notReady('n1'), ready('n2')], { service: 'dns/s1' });

describe('the work of one change', () => {
  it('is the same with 5 Services and with 250: one decision, the same reads, one entry', () => {
    const few = workOf(aTerm({ services: 5, nodes: 2 }), fails);
    const many = workOf(aTerm({ services: 250, nodes: 2 }), fails);
    expect(few).toMatchObject({ services: 1, nodes: 0, touched: ['n1 -route/192.0.2.1/32'] });
    expect(few.reads.calls).toBeGreaterThan(10);
    expect(many).toEqual(few);
  });

  it('is the same with 2 nodes and with 60 that have nothing to do with it', () => {
    expect(workOf(aTerm({ services: 5, nodes: 60 }), fails)).toEqual(workOf(aTerm({ services: 5, nodes: 2 }), fails));
  });

  it('is none, where an object says what it said before', () => {
    const heartbeat = aNode('n2', { resourceVersion: '2' });
    expect(workOf(aTerm({ services: 5, nodes: 2 }), heartbeat)).toEqual({
      services: 0,
      nodes: 0,
      reads: { calls: 0, items: 0 },
      touched: [],
    });
  });

  it('is that of the Services on a node, where the node changes', () => {
    const alone = aTerm({ services: 30, nodes: 3 });
    alone.term.put(aService({ addresses: ['192.0.2.200'], ingress: ['192.0.2.200'] }, 'dns/alone'));
    alone.term.put(aSlice([ready('n3')], { service: 'dns/alone' }));
    alone.term.settle();
    expect(workOf(alone, aNode('n3', { excluded: true }))).toMatchObject({ services: 1, nodes: 1 });
  });
});
