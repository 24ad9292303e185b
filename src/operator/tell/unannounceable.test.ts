import { describe, expect, it } from 'vitest';
import { aConfig, anAdvertisement, aPeer, aPool, aRefinement, aService } from '#decide/testing/builders.ts';
import type { EventRecord } from '#kube/events.ts';
import { silentLogger } from '#obs/logger.ts';
import { projectService } from '../core-objects.ts';
import { limits } from '../limits.ts';
import { TestTerm } from '../testing/term.ts';
import { Unannounceable } from './unannounceable.ts';

/** What is told of `dns/edge` in a term; `raw` is the Service as the API has it. */
function telling(raw: { readonly type?: string; readonly deletionTimestamp?: string } = {}) {
  const term = TestTerm.ordinary();
  const { type = 'LoadBalancer', deletionTimestamp } = raw;
  const metadata = { namespace: 'dns', name: 'edge', uid: 'u1', resourceVersion: '1', deletionTimestamp };
  const service = projectService({ metadata, spec: { type } });
  const events: EventRecord[] = [];
  const observer = { view: term.view, raw: () => (term.view.service('dns/edge') === undefined ? undefined : service) };
  const speakerObjects = { store: new Map(), freshness: { listedCompletely: true } };
  const facts = { observer, ledger: () => term.ledger, speakerObjects } as never;
  const logger = { ...silentLogger, warn: (fields: (typeof term.lines)[number]) => void term.lines.push(fields) };
  const teller = new Unannounceable({ facts, clock: term.clock, logger, recordEvent: (event) => events.push(event) });
  const settle = (ms: number = limits.obstacleSettleMs): string[] => {
    term.settle();
    for (const turn of term.turns.splice(0)) teller.turn(turn);
    term.clock.advance(ms);
    return events.splice(0).map(({ reason, note }) => `${reason}: ${note}`);
  };
  return { term, teller, events, settle };
}

const stray = { addresses: ['203.0.113.1'], ingress: [] };
const inNoPool =
  'AddressNotInPool: Service dns/edge: address 203.0.113.1 is in no AnycastPool that namespace dns may use. Add it to one. It may use: edge.';

describe('a Service that can not be announced', () => {
  it('has a Warning event and a log line with the reason and the sentence of a condition', () => {
    const { term, teller, events } = telling();
    term.put(aService(stray));
    term.settle();
    for (const turn of term.turns.splice(0)) teller.turn(turn);
    term.clock.advance(limits.obstacleSettleMs);
    const [, message = ''] = inNoPool.split('AddressNotInPool: ');
    const regarding = { apiVersion: 'v1', kind: 'Service', namespace: 'dns', name: 'edge', uid: 'u1' };
    expect(events).toEqual([{ regarding, type: 'Warning', reason: 'AddressNotInPool', action: 'Refuse', note: message, series: message }]);
    expect(term.lines).toEqual([{ event: 'not-announced', service: 'dns/edge', reason: 'AddressNotInPool', message }]);
  });

  it('is told of once, and again when the reason or the sentence is another', () => {
    const { term, teller, settle } = telling();
    term.put(aService(stray));
    expect(settle()).toEqual([inNoPool]);
    term.pipeline.markAll();
    expect(settle()).toEqual([]);
    term.put(aService({ addresses: ['203.0.113.2'], ingress: [] }));
    expect(settle()).toEqual([inNoPool.replace('203.0.113.1', '203.0.113.2')]);
    term.put(aService({ addresses: [], ingress: [] }));
    expect(settle()).toEqual([
      expect.stringMatching(/^NoAddress: no address is asked for: .* anycast-operator\.io\/addresses; .* never chosen/),
    ]);
    teller.forgetTerm();
    term.pipeline.markAll();
    expect(settle()).toHaveLength(1);
  });

  it('is not told of while what it needs may be on its way, nor after it came', () => {
    const { term, settle } = telling();
    term.put(aService(stray));
    expect(settle(limits.obstacleSettleMs - 1)).toEqual([]);
    term.put(aService());
    expect(settle()).toEqual([]);
    term.put(aService(stray));
    expect(settle(limits.obstacleSettleMs - 1)).toEqual([]);
    term.put(aService({ addresses: [], ingress: [] }));
    expect(settle(1)).toEqual([]);
    expect(settle()).toHaveLength(1);
  });

  it('is not told of when the term ends meanwhile, or the Service is being deleted', () => {
    const { term, teller, settle } = telling();
    term.put(aService(stray));
    expect(settle(1)).toEqual([]);
    teller.forgetTerm();
    expect(settle()).toEqual([]);
    const ending = telling({ deletionTimestamp: '2026-01-01T00:00:00Z' });
    ending.term.put(aService(stray));
    expect(ending.settle()).toEqual([]);
  });

  it('names what is written where an address should be, beside addresses that are announced', () => {
    const { term, settle } = telling();
    term.put(aService({ unreadableAddresses: ['192.0.2.300'] }));
    expect(settle()).toEqual([expect.stringContaining('AddressUnreadable: Service dns/edge: "192.0.2.300" is not an IP address: correct')]);
    term.put(aRefinement({ addresses: ['192.0.2.53'] }));
    expect(settle()).toEqual([]);
  });

  it('is one whose address no advertisement selects from any node', () => {
    const { term, settle } = telling();
    term.put(anAdvertisement({ serviceSelector: { matchLabels: { team: 'other' } } }));
    expect(settle()).toEqual(['NotSelected: Service dns/edge: no AnycastAdvertisement selects this service, node and a peer']);
    term.put(anAdvertisement({ nodeSelector: { matchLabels: { 'kubernetes.io/hostname': 'n2' } } }), aPeer(), aPool(), aConfig([]));
    expect(settle()).toHaveLength(0);
  });

  it('is one that an AnycastService names and that is not ours, with the one cause', () => {
    const { term, settle } = telling({ type: 'ClusterIP' });
    term.put(aRefinement({ addresses: ['192.0.2.53'] }), aService({ class: 'none', ingress: [] }));
    expect(settle()).toEqual([
      expect.stringMatching(/^NotOurs: Service dns\/edge has no spec\.loadBalancerClass, .* spec\.claim, or make it anew/),
    ]);
    term.put(aService({ class: 'none', ingress: ['192.0.2.53'] }));
    expect(settle()).toEqual([]);
    term.put(aService({ class: 'none', isLoadBalancer: false, ingress: [] }));
    const says = 'is of type ClusterIP: give it spec.type: LoadBalancer and spec.loadBalancerClass: anycast-operator.io/anycast';
    expect(settle()).toEqual([`NotOurs: Service dns/edge ${says}`]);
  });
});
