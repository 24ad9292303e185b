import { describe, expect, it } from 'vitest';
import { aNode, anAdvertisement, aPeer, aService, aSlice, ready } from '#decide/testing/builders.ts';
import { Outcomes } from './outcomes.ts';
import { TestTerm, truth } from './testing/term.ts';

const prefix = '192.0.2.53/32';

/** What a term decided so far, as outcomes. */
function outcomesOf(term: TestTerm): Outcomes & { take(): void } {
  const outcomes = new Outcomes(() => term.ledger);
  const take = (): void => {
    for (const { services, nodes } of term.turns.splice(0)) {
      for (const outcome of services) outcomes.setService(outcome);
      for (const outcome of nodes) outcomes.setNode(outcome);
    }
  };
  term.settle();
  take();
  return Object.assign(outcomes, { take });
}

describe('outcomes', () => {
  it('know the last of each Service and node', () => {
    const term = TestTerm.ordinary();
    const outcomes = outcomesOf(term);
    expect(outcomes.service('dns/edge')?.intent.ownership).toBe('own');
    expect([...outcomes.services()]).toHaveLength(1);
    expect(outcomes.node('n1')?.proposal.identity?.routerId).toBe('10.0.0.1');
    outcomes.clear();
    expect([outcomes.service('dns/edge'), outcomes.node('n1'), outcomes.assigned('edge'), [...outcomes.nodesOf('tor')]]).toEqual([
      undefined,
      undefined,
      0,
      [],
    ]);
  });

  it('keep of decisions those that are held', () => {
    const term = TestTerm.ordinary();
    const outcomes = outcomesOf(term);
    const kept = (): string[] | undefined => outcomes.service('dns/edge')?.decisions.map(({ outcome, rule }) => `${outcome} ${rule}`);
    expect(kept()).toEqual(['hold speakerHeard', 'hold speakerHeard']);
    for (const node of ['n1', 'n2']) term.speaker(node);
    term.settle();
    expect(term.turns.flatMap(({ services }) => services.flatMap(({ decisions }) => decisions))).not.toEqual([]);
    outcomes.take();
    expect(kept()).toEqual([]);
  });

  it('count the addresses of a pool that Services hold, and not those that are refused', () => {
    const term = TestTerm.ordinary();
    term.put(aService({ addresses: ['192.0.2.1', '203.0.113.1'], ingress: [] }, 'dns/other'));
    term.put(aService({ createdAt: '2026-05-01', ingress: [] }, 'dns/late'));
    const outcomes = outcomesOf(term);
    expect([outcomes.assigned('edge'), outcomes.assigned('unknown')]).toEqual([2, 0]);
    outcomes.forgetService('dns/other');
    outcomes.forgetService('dns/never');
    expect(outcomes.assigned('edge')).toBe(1);
  });

  it('find the nodes of a peer', () => {
    const term = TestTerm.ordinary();
    term.put(aPeer('r1', { nodeSelector: { matchLabels: { rack: 'r1' } } }), aNode('n1', { labels: { rack: 'r1' } }));
    const outcomes = outcomesOf(term);
    expect([[...outcomes.nodesOf('tor')].sort(), [...outcomes.nodesOf('r1')]]).toEqual([['n1', 'n2'], ['n1']]);
    outcomes.forgetNode('n1');
    expect([[...outcomes.nodesOf('tor')], [...outcomes.nodesOf('r1')]]).toEqual([['n2'], []]);
  });

  it('find a note about an object, as long as a decision leaves it', () => {
    const term = TestTerm.ordinary();
    term.speaker('n1');
    term.put(anAdvertisement({ attributes: { med: 1 } }), anAdvertisement({ attributes: { med: 2 }, createdAt: '2026-02-01' }, 'late'));
    const outcomes = outcomesOf(term);
    expect(outcomes.noteAbout('AnycastAdvertisement', 'late')?.reason).toBe('AttributeIgnored');
    expect(outcomes.noteAbout('AnycastAdvertisement', 'all')).toBeUndefined();
    outcomes.forgetService('dns/edge');
    expect(outcomes.noteAbout('AnycastAdvertisement', 'late')).toBeUndefined();
  });

  it('know whether some router has a route that the configuration does not want', () => {
    const term = TestTerm.ordinary();
    const n1 = term.speaker('n1');
    n1.ack();
    n1.report([truth(prefix, ['tor'])]);
    const before = outcomesOf(term);
    expect(before.someRouteIsUnwanted).toBe(false);
    term.put(anAdvertisement({ presence: 'deleting' }));
    const outcomes = outcomesOf(term);
    expect(outcomes.someRouteIsUnwanted).toBe(true);
    n1.ack();
    n1.report([truth(prefix)]);
    outcomes.routesChanged('dns/edge');
    outcomes.routesChanged('dns/never');
    expect(outcomes.someRouteIsUnwanted).toBe(false);
  });

  it('want a route whose endpoints fail: that is no matter of the configuration', () => {
    const term = TestTerm.ordinary();
    const n1 = term.speaker('n1');
    n1.ack();
    n1.report([truth(prefix, ['tor'])]);
    term.put(aSlice([{ ...ready('n1'), ready: false }, ready('n2')]));
    expect(outcomesOf(term).someRouteIsUnwanted).toBe(false);
  });
});
