import { describe, expect, it } from 'vitest';
import type { Decision } from '#state/decision.ts';
import { projectService } from '../core-objects.ts';
import type { Turn } from '../pipeline/pipeline.ts';
import { turnEvents } from './turn-events.ts';

const service = projectService({ metadata: { namespace: 'dns', name: 'edge', uid: 'u1', resourceVersion: '1' }, spec: {} });

function turnOf(decisions: readonly Partial<Decision>[]): Turn {
  const full = decisions.map((decision) => ({
    place: { prefix: '192.0.2.53/32', node: 'n1' },
    reason: 'Serving',
    rule: 'Admitted',
    sinceMs: 5,
    ...decision,
  }));
  return { services: [{ intent: { service: 'dns/edge' }, decisions: full }], nodes: [], decidedMs: 5, sentMs: 6 } as unknown as Turn;
}

const eventsOf = (...decisions: Partial<Decision>[]) => turnEvents(turnOf(decisions), () => service);

describe('the events of a turn', () => {
  it('say on the Service where a route went, and why', () => {
    expect(eventsOf({ outcome: 'withdraw', reason: 'NoReadyEndpoint' })).toEqual([
      {
        regarding: { apiVersion: 'v1', kind: 'Service', namespace: 'dns', name: 'edge', uid: 'u1' },
        type: 'Warning',
        reason: 'Withdrawn',
        action: 'Withdraw',
        note: '192.0.2.53/32 withdrawn on n1: no endpoint that this place counts is ready',
      },
    ]);
  });

  it('are one per outcome, and count the other places', () => {
    const other = { prefix: '192.0.2.53/32', node: 'n2' };
    const events = eventsOf({ outcome: 'announce' }, { outcome: 'announce', place: other }, { outcome: 'withdraw' });
    expect(events.map((event) => [event.reason, event.note.includes('(and 1 more)')])).toEqual([
      ['Announced', true],
      ['Withdrawn', false],
    ]);
  });

  it('tell of a hold when it begins, and not that a speaker has yet to come', () => {
    expect(eventsOf({ outcome: 'hold', reason: 'NodeUnknown', rule: 'nodeKnown' })).toMatchObject([{ reason: 'Held', type: 'Warning' }]);
    expect(eventsOf({ outcome: 'hold', reason: 'NodeUnknown', rule: 'nodeKnown', sinceMs: 4 })).toEqual([]);
    expect(eventsOf({ outcome: 'hold', reason: 'SpeakerNotHeard', rule: 'speakerHeard' })).toEqual([]);
  });

  it('are none for changes of attributes, and for a Service that is gone', () => {
    expect(eventsOf({ outcome: 'update' })).toEqual([]);
    expect(turnEvents(turnOf([{ outcome: 'withdraw' }]), () => undefined)).toEqual([]);
  });
});
