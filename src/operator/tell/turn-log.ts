/**
 * tell — what was decided, for people: log lines and metrics. Everything is written from the decision records, after the
 * messages to the speakers are sent.
 */
import type { Logger } from '#obs/logger.ts';
import { toMicroseconds } from '#runtime/to-microseconds.ts';
import type { Turn } from '../pipeline/pipeline.ts';

/** A node whose speaker has not come yet is the ordinary case at every start: it is said for those who look closely. */
const levelOf = (rule: string): 'debug' | 'info' => (rule === 'speakerHeard' ? 'debug' : 'info');

/** Writes one line per decision. A hold that goes on was told when it began. */
export function logTurn(logger: Logger, turn: Turn): void {
  for (const { decisions, observedMs } of turn.services) {
    for (const decision of decisions) {
      if (decision.outcome === 'hold' && decision.sinceMs < turn.decidedMs) continue;
      const { outcome, place, peers, service, cause, rule, reason, evidence, inputs, exit, epoch } = decision;
      logger[levelOf(rule)]({
        event: outcome,
        service,
        prefix: place.prefix,
        node: place.node,
        peers,
        reason,
        cause,
        rule,
        evidence,
        ...(outcome === 'hold' && { inputs, exit }),
        epoch,
        observedMs: toMicroseconds(observedMs),
        latencyMs: toMicroseconds(turn.sentMs - observedMs),
      });
    }
  }
  for (const { decisions } of turn.nodes) {
    for (const decision of decisions) {
      if (decision.outcome === 'hold' && decision.sinceMs < turn.decidedMs) continue;
      const { outcome, node, peer, effect, cause, rule, reason, evidence, inputs, exit, epoch } = decision;
      logger[levelOf(rule)]({
        event: `session-${outcome}`,
        node,
        peer,
        effect,
        reason,
        cause,
        rule,
        evidence,
        ...(outcome === 'hold' && { inputs, exit }),
        epoch,
      });
    }
  }
}
