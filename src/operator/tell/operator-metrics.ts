import type { Metrics } from '#obs/metrics.ts';
import { placeKey } from '#state/decision.ts';
import type { Report } from '#state/messages.ts';
import { isAnnounced } from '#state/truth.ts';
import type { Turn } from '../pipeline/pipeline.ts';

/** What the gauges show; asked for when somebody scrapes. */
export type OperatorGauges = {
  readonly leading: () => boolean;
  readonly speakers: () => number;
  /** Kinds that went back in time and wait for a person. */
  readonly rewound: () => number;
  /** Prefixes that the removal guard keeps. */
  readonly removals: () => { readonly grace: number; readonly held: number };
  /** Places by how they stand. */
  readonly places: () => { readonly announced: number; readonly held: number; readonly orphans: number };
};

/** The operator's metrics: what a person on call looks at. */
export class OperatorMetrics {
  readonly #withdrawals;
  readonly #decisions;
  /** Withdrawals that no report has confirmed yet: when the change behind each arrived. */
  readonly #unconfirmed = new Map<string, number>();

  constructor(metrics: Metrics, gauges: OperatorGauges) {
    this.#withdrawals = metrics.latency(
      'anycast_withdraw_duration_seconds',
      'From the watch event: until the order was sent to the speaker (stage operator), until the speaker reported that routers acknowledged (stage router).',
      ['stage'],
    );
    this.#decisions = metrics.counter('anycast_decisions_total', 'Decisions by what was decided and which rule decided.', [
      'outcome',
      'cause',
      'rule',
    ]);
    metrics.gauge('anycast_leading', '1 while this replica decides.', { collect: (gauge) => gauge.set(gauges.leading() ? 1 : 0) });
    metrics.gauge('anycast_speakers_connected', 'Speakers with a live stream.', { collect: (gauge) => gauge.set(gauges.speakers()) });
    metrics.gauge('anycast_input_rewound_kinds', 'Kinds whose watch went back in time, until a person confirms it.', {
      collect: (gauge) => gauge.set(gauges.rewound()),
    });
    metrics.gauge(
      'anycast_removals',
      'Prefixes that would be withdrawn everywhere: for a moment (grace), or until a person approves (held).',
      {
        labels: ['state'],
        collect: (gauge) => {
          for (const [state, count] of Object.entries(gauges.removals())) gauge.set({ state }, count);
        },
      },
    );
    metrics.gauge('anycast_places', 'Routes on nodes: announced to at least one router, held by a rule, without an object.', {
      labels: ['state'],
      collect: (gauge) => {
        for (const [state, count] of Object.entries(gauges.places())) gauge.set({ state }, count);
      },
    });
  }

  /** Counts what a turn decided. */
  turn({ services, nodes, sentMs, decidedMs }: Turn): void {
    for (const { decisions, observedMs } of services) {
      for (const { outcome, cause, reason, rule, place, sinceMs } of decisions) {
        if (outcome !== 'hold' || sinceMs >= decidedMs) this.#decisions.inc({ outcome, cause, rule });
        if (outcome === 'withdraw') {
          this.#withdrawals.observe({ stage: 'operator' }, (sentMs - observedMs) / 1000);
          // Where only some routers lose the route, reports do not tell which of them have.
          if (reason !== 'PeerNotSelected') this.#unconfirmed.set(placeKey(place), observedMs);
        } else if (outcome !== 'hold') {
          this.#unconfirmed.delete(placeKey(place));
        }
      }
    }
    for (const { decisions } of nodes) {
      for (const { outcome, cause, rule, sinceMs } of decisions)
        if (outcome !== 'hold' || sinceMs >= decidedMs) this.#decisions.inc({ outcome: `session-${outcome}`, cause, rule });
    }
  }

  /** The term ended: whatever is acknowledged from now on, another leader waits for. */
  forgetTerm(): void {
    this.#unconfirmed.clear();
  }

  /** A speaker said what routers have now. */
  report(node: string, report: Report, nowMs: number): void {
    for (const truth of report.routes) {
      if (isAnnounced(truth)) continue;
      const key = placeKey({ prefix: truth.prefix, node });
      const observedMs = this.#unconfirmed.get(key);
      if (observedMs === undefined) continue;
      this.#unconfirmed.delete(key);
      this.#withdrawals.observe({ stage: 'router' }, (nowMs - observedMs) / 1000);
    }
  }
}
