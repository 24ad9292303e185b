import { describe, expect, it } from 'vitest';
import { aSlice, notReady, ready } from '#decide/testing/builders.ts';
import { type LogFields, silentLogger } from '#obs/logger.ts';
import { Metrics } from '#obs/metrics.ts';
import { TestTerm, truth } from '../testing/term.ts';
import { OperatorMetrics } from './operator-metrics.ts';
import { logTurn } from './turn-log.ts';

const prefix = '192.0.2.53/32';

function aTerm() {
  const term = TestTerm.ordinary();
  const speakers = [term.speaker('n1'), term.speaker('n2')];
  for (const speaker of speakers) {
    speaker.ack();
    speaker.report([truth(prefix, ['tor'])]);
  }
  return term;
}

/** Lines of all turns so far. */
function linesOf(term: TestTerm): LogFields[] {
  const lines: LogFields[] = [];
  const write = (fields: LogFields): void => void lines.push(fields);
  for (const turn of term.turns) logTurn({ ...silentLogger, info: write, debug: (fields) => write({ ...fields, level: 'debug' }) }, turn);
  return lines;
}

describe('the log', () => {
  it('has one line for each decision, with its evidence and how long it took', () => {
    const term = aTerm();
    const events = linesOf(term).map(({ event, node, peer }) => `${event} ${node} ${peer ?? ''}`);
    expect(events).toContain('announce n1 ');
    expect(events).toContain('session-open n2 tor');
    term.turns.length = 0;
    term.put(aSlice([notReady('n1'), ready('n2')], { resourceVersion: '99' }));
    term.settle();
    expect(linesOf(term)).toEqual([
      {
        event: 'withdraw',
        service: 'dns/edge',
        prefix,
        node: 'n1',
        peers: ['tor'],
        reason: 'NoReadyEndpoint',
        cause: 'soft',
        rule: 'Admitted',
        evidence: [{ source: 'EndpointSlice', object: 'dns/edge-1', resourceVersion: '99', fact: 'ready=false (1 of 1) on n1' }],
        epoch: 7,
        observedMs: term.clock.nowMs(),
        latencyMs: 0,
      },
    ]);
  });

  it('has times in milliseconds with microseconds, and no more digits', () => {
    const term = aTerm();
    const [turn] = term.turns;
    if (turn === undefined) throw new Error('nothing was decided');
    const service = turn.services[0];
    const seen = linesOf({ turns: [{ ...turn, services: [{ ...service, observedMs: 1 / 3 }], sentMs: 15.205 }] } as unknown as TestTerm);
    expect(seen[0]).toMatchObject({ observedMs: 0.333, latencyMs: 14.872 });
  });

  it('tells of a hold when it begins, with its exit, and not while it goes on', () => {
    const term = TestTerm.ordinary();
    term.settle();
    const holds = linesOf(term).filter(({ event }) => event === 'hold' || event === 'session-hold');
    const held = { node: 'n1', rule: 'speakerHeard', exit: expect.stringContaining('speaker on n1'), level: 'debug' };
    expect(holds).toContainEqual(expect.objectContaining({ ...held, event: 'hold' }));
    expect(holds).toContainEqual(expect.objectContaining({ ...held, event: 'session-hold', peer: 'tor' }));
    term.turns.length = 0;
    term.clock.advance(1_000);
    term.pipeline.markAll();
    term.settle();
    expect(linesOf(term)).toEqual([]);
  });
});

describe('the metrics', () => {
  function metricsOf(term: TestTerm) {
    const metrics = new Metrics();
    const gauges = {
      leading: () => true,
      speakers: () => 2,
      rewound: () => 3,
      removals: () => ({ grace: 1, held: 2 }),
      places: () => ({ announced: 4, held: 1, orphans: 0 }),
    };
    const operator = new OperatorMetrics(metrics, gauges);
    const take = (): void => {
      for (const turn of term.turns.splice(0)) operator.turn(turn);
    };
    const lines = async (start: string) => (await metrics.expose()).split('\n').filter((line) => line.startsWith(start));
    return { operator, take, lines };
  }

  it('count decisions, and how long withdrawals take by stage', async () => {
    const term = aTerm();
    const { operator, take, lines } = metricsOf(term);
    term.turns.length = 0;
    term.pipeline.mark(term.view.put(aSlice([notReady('n1'), ready('n2')])), term.clock.nowMs() - 5);
    term.settle();
    take();
    const report = { kind: 'report' as const, routes: [truth(prefix)], sessions: [] };
    operator.report('n2', report, term.clock.nowMs());
    operator.report('n1', { ...report, routes: [truth(prefix, ['tor'])] }, term.clock.nowMs());
    operator.report('n1', report, term.clock.nowMs() + 20);
    operator.report('n1', report, term.clock.nowMs() + 90);
    expect(await lines('anycast_decisions_total')).toEqual(['anycast_decisions_total{outcome="withdraw",cause="soft",rule="Admitted"} 1']);
    expect(await lines('anycast_withdraw_duration_seconds_sum')).toEqual([
      'anycast_withdraw_duration_seconds_sum{stage="operator"} 0.005',
      'anycast_withdraw_duration_seconds_sum{stage="router"} 0.025',
    ]);
    expect(await lines('anycast_places{')).toEqual([
      'anycast_places{state="announced"} 4',
      'anycast_places{state="held"} 1',
      'anycast_places{state="orphans"} 0',
    ]);
    expect(await lines('anycast_input_rewound')).toEqual(['anycast_input_rewound_kinds 3']);
    expect(await lines('anycast_leading')).toEqual(['anycast_leading 1']);
    expect(await lines('anycast_speakers_connected')).toEqual(['anycast_speakers_connected 2']);
  });

  it('do not wait for routers after a route was announced again, or the term ended', async () => {
    for (const end of ['announce', 'term'] as const) {
      const term = aTerm();
      const { operator, take, lines } = metricsOf(term);
      term.turns.length = 0;
      term.put(aSlice([notReady('n1'), ready('n2')]));
      term.settle();
      take();
      if (end === 'announce') term.put(aSlice([ready('n1'), ready('n2')]));
      else operator.forgetTerm();
      term.settle();
      take();
      operator.report('n1', { kind: 'report', routes: [truth(prefix)], sessions: [] }, term.clock.nowMs());
      expect(await lines('anycast_withdraw_duration_seconds_count{stage="router"')).toEqual([]);
    }
  });

  it('count sessions, and holds when they begin', async () => {
    const term = TestTerm.ordinary();
    const { take, lines } = metricsOf(term);
    term.settle();
    term.clock.advance(1_000);
    term.pipeline.markAll();
    term.settle();
    take();
    const counted = await lines('anycast_decisions_total');
    expect(counted).toContain('anycast_decisions_total{outcome="hold",cause="bringUp",rule="speakerHeard"} 2');
    expect(counted).toContain('anycast_decisions_total{outcome="session-hold",cause="bringUp",rule="speakerHeard"} 4');
  });
});
