import type { AnycastSpeakerStatus } from '#api/anycast-speaker.ts';
import { kinds } from '#api/kinds.ts';
import { limits as apiLimits } from '#api/limits.ts';
import { observingConfig } from '#decide/observing.ts';
import { apiVersionOf } from '#kube/resource.ts';
import { timestamp } from '#kube/times.ts';
import { sameValue } from '#runtime/same-value.ts';
import { peerKey } from '#state/entry.ts';
import { limits } from '../limits.ts';
import { speakerType } from '../resource-types.ts';
import type { ConnectedSpeaker, Difference } from '../speakers.ts';
import { conditionsOf, isFalse, isTrue, type WantedCondition } from './conditions.ts';
import type { StatusFacts } from './facts.ts';
import { anyLackOn } from './lacks.ts';
import type { ConditionReason } from './reasons.ts';
import type { Subject } from './status-writer.ts';

/**
 * AnycastSpeakers: one per node that a speaker came from, made at its first Hello. It goes when the Node is gone and the last
 * word of its speaker was that it announces nothing. Where that is not known, it stays until a person deletes it, which says
 * that the node is gone for good: its routes then hold up nothing any more.
 */
export function speakerSubject(facts: StatusFacts): Subject {
  return {
    intervalMs: limits.speakerStatusIntervalMs,
    perSecond: limits.speakerStatusPerSecond,
    // Until it is there, a next leader would not know that this node's speaker has to be heard.
    isUrgent: (node) => facts.speakerObjects.store.get(node) === undefined && facts.speakers.get(node) !== undefined,
    next(node) {
      const object = facts.speakerObjects.store.get(node);
      const speaker = facts.speakers.get(node);
      if (object === undefined) {
        const create = { apiVersion: apiVersionOf(kinds.AnycastSpeaker), kind: kinds.AnycastSpeaker.kind, metadata: { name: node } };
        return speaker === undefined ? undefined : { type: speakerType, create };
      }
      if (!facts.canTell()) return undefined;
      const { resourceVersion } = object.metadata;
      const before = (object.status ?? {}) as Partial<AnycastSpeakerStatus>;
      const status = speaker === undefined ? disconnected(facts, node, before) : connected(facts, speaker, before);
      const isOver = speaker === undefined && nodeIsGone(facts, node) && status.announcedRoutes === 0;
      if (isOver) return { type: speakerType, ref: { name: node }, delete: { resourceVersion } };
      if (sameValue({ ...before, observedAt: '' }, { ...before, ...status, observedAt: '' })) return undefined;
      return { type: speakerType, ref: { name: node }, subresource: 'status', patch: { metadata: { resourceVersion }, status } };
    },
  };
}

/** A Node that was never seen is gone only where all Nodes were. */
function nodeIsGone({ observer }: StatusFacts, node: string): boolean {
  const seen = observer.view.node(node);
  return seen === undefined ? observer.view.isFresh('Node') : seen.presence === 'deleted';
}

function disconnected(facts: StatusFacts, node: string, before: Partial<AnycastSpeakerStatus>): Partial<AnycastSpeakerStatus> {
  const gone = 'the speaker has no stream to this operator; what it announces stays as it was';
  const wanted = [isFalse('Connected', 'Disconnected', gone), isFalse('Ready', 'Disconnected', gone)];
  return {
    conditions: [...conditionsOf(before.conditions, wanted, 0, facts.clock.wallMs())],
    ...(facts.ledger().heard(node) ? { announcedRoutes: facts.speakers.announcedRoutes(node) } : pick(before)),
  };
}

const pick = ({ announcedRoutes }: Partial<AnycastSpeakerStatus>) => (announcedRoutes === undefined ? {} : { announcedRoutes });

function connected(facts: StatusFacts, speaker: ConnectedSpeaker, before: Partial<AnycastSpeakerStatus>): Partial<AnycastSpeakerStatus> {
  const { node } = speaker;
  const wallMs = facts.clock.wallMs();
  const delivery = facts.deliveries.peek(node);
  // What was last said of a session stays known; it counts while its entry is there.
  const there = [...speaker.sessions.values()].filter(({ peer }) => delivery?.isGone(peerKey(peer)) !== true);
  const sessions = there.sort((a, b) => (a.peer < b.peer ? -1 : 1));
  const established = sessions.filter((session) => session.state === 'Established').length;
  const orphans = orphansOf(facts, node);
  const troubled = facts.speakers.differences(node);
  // A route is named once with each peer: the API server takes no second.
  const isTroubled = new Set(troubled.map(({ prefix, peer }) => `${prefix} ${peer}`));
  const others = orphans.filter(({ prefix, peer }) => !isTroubled.has(`${prefix} ${peer}`));
  const differences = [...troubled, ...others].slice(0, limits.speakerDifferences);
  const applied = delivery?.applied ?? speaker.hello;
  const wanted = conditionsFor(facts, node, {
    sessions: sessions.length,
    established,
    differences: troubled.length,
    orphans: new Set(orphans.map(({ prefix }) => prefix)).size,
  });
  return {
    conditions: [...conditionsOf(before.conditions, wanted, 0, wallMs)],
    observedAt: timestamp(wallMs),
    software: speaker.hello.software,
    epoch: applied.epoch,
    version: applied.version,
    routerID: facts.outcomes.node(node)?.proposal.identity?.routerId ?? '',
    peers: sessions.length,
    established,
    announcedRoutes: facts.speakers.announcedRoutes(node),
    sessions: sessions.slice(0, apiLimits.speakerSessions).map(({ peer, state, ageMs, families, announcedPrefixes, lastError }) => ({
      peer,
      state,
      // A state that goes on keeps the moment that was written, which two clocks would otherwise move to and fro.
      since: before.sessions?.find((item) => item.peer === peer && item.state === state)?.since ?? timestamp(wallMs - ageMs),
      families: [...families],
      announcedPrefixes,
      lastError,
    })),
    differences: differences.map(({ prefix, peer, reason, ageMs }) => ({
      prefix,
      peer,
      reason,
      since: before.differences?.find((item) => item.prefix === prefix && item.peer === peer)?.since ?? timestamp(wallMs - ageMs),
    })),
  };
}

/** Routes of the node that no Service explains, as each peer has them. */
function orphansOf({ ledger, clock }: StatusFacts, node: string): SpeakerDifference[] {
  return [...ledger().orphansOn(node)].flatMap(({ place, order, announced, announcedSinceMs }) =>
    (announced.length > 0 ? announced : (order?.peers ?? [])).map((peer) => ({
      prefix: place.prefix,
      peer,
      reason: 'Orphan' as const,
      ageMs: announcedSinceMs === undefined ? 0 : clock.nowMs() - announcedSinceMs,
    })),
  );
}

type SpeakerDifference = Omit<Difference, 'reason'> & { readonly reason: ConditionReason };

type Counts = { readonly sessions: number; readonly established: number; readonly differences: number; readonly orphans: number };

function conditionsFor(facts: StatusFacts, node: string, { sessions, established, differences, orphans }: Counts): WantedCondition[] {
  const connectedNow = isTrue('Connected', 'Connected');
  const notReady = (reason: ConditionReason, message: string) => [connectedNow, isFalse('Ready', reason, message)];
  const [note] = facts.outcomes.node(node)?.proposal.notes ?? [];
  if (note !== undefined) return notReady(note.reason, note.message);
  const [rejected] = facts.deliveries.peek(node)?.rejected ?? [];
  if (rejected !== undefined) return notReady('EntryRejected', rejected.message);
  const lack = anyLackOn(facts, node);
  if (lack !== undefined) return notReady('FeatureMissing', lack);
  if (established < sessions) return notReady('SessionDown', `${established} of ${sessions} sessions are established`);
  if (differences > 0) return notReady('RoutesDiffer', `${differences} routes are not as they should be`);
  if (orphans > 0) return notReady('Orphan', `${orphans} routes have no Service that explains them, and stay: see docs/guides/look.md`);
  if (observingConfig(facts.observer.view) !== undefined)
    return [connectedNow, isTrue('Ready', 'ObserveOnly', 'the mode of the AnycastConfig is Observe: no session is opened')];
  return [connectedNow, isTrue('Ready', 'AsWanted')];
}
