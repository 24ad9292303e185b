import type { EventRecord } from '#kube/events.ts';
import type { Decision } from '#state/decision.ts';
import { reasons } from '#state/reasons.ts';
import type { Service } from '../core-objects.ts';
import type { Turn } from '../pipeline/pipeline.ts';

/** What an event calls a decision: reasons and actions are stable, programs read them. */
const told = {
  announce: { type: 'Normal', reason: 'Announced', action: 'Announce', says: 'announced' },
  withdraw: { type: 'Warning', reason: 'Withdrawn', action: 'Withdraw', says: 'withdrawn' },
  hold: { type: 'Warning', reason: 'Held', action: 'Hold', says: 'stays as it is' },
} as const;

/**
 * Kubernetes events on the Services of a turn: where a route came up, went, or is held back, and why. `kubectl describe service`
 * shows them. Of each outcome a Service gets one event per turn, which names the first place and counts the others.
 */
export function turnEvents(turn: Turn, service: (key: string) => Service | undefined): EventRecord[] {
  return turn.services.flatMap(({ intent, decisions }) => {
    const object = service(intent.service);
    if (object === undefined) return [];
    return (['announce', 'withdraw', 'hold'] as const).flatMap((outcome) => {
      const concerned = decisions.filter((decision) => decision.outcome === outcome && isNews(decision, turn));
      return concerned.length === 0 ? [] : [eventOf(object, outcome, concerned)];
    });
  });
}

/** A hold is news when it begins; that a node's speaker has not come yet is none. */
const isNews = (decision: Decision, turn: Turn): boolean =>
  decision.outcome !== 'hold' || (decision.sinceMs >= turn.decidedMs && decision.rule !== 'speakerHeard');

function eventOf(service: Service, outcome: keyof typeof told, decisions: readonly Decision[]): EventRecord {
  const { type, reason, action, says } = told[outcome];
  const { namespace = '', name, uid } = service.metadata;
  const places = decisions.map(({ place, reason: why }) => `${place.prefix} ${says} on ${place.node}: ${reasons[why].says}`);
  const others = places.length > 1 ? ` (and ${places.length - 1} more)` : '';
  return { regarding: { apiVersion: 'v1', kind: 'Service', namespace, name, uid }, type, reason, action, note: `${places[0]}${others}` };
}
