import type { AnycastSpeakerStatus } from '#api/anycast-speaker.ts';
import { kinds } from '#api/kinds.ts';
import { apiVersionOf } from '#kube/resource.ts';
import type { ReadonlyStore } from '#kube/store.ts';
import type { CustomObject } from '../custom-object.ts';
import { limits } from '../limits.ts';
import { speakerType } from '../resource-types.ts';
import type { ConnectedSpeaker } from '../speakers.ts';
import { conditionsOf, isFalse, isTrue, sameJson, timeText, type WantedCondition } from './conditions.ts';
import type { StatusFacts } from './facts.ts';
import type { Subject } from './status-writer.ts';

/** AnycastSpeakers: one per node that a speaker came from, made at its first Hello. */
export function speakerSubject(facts: StatusFacts, objects: ReadonlyStore<CustomObject>): Subject {
  return {
    intervalMs: limits.speakerStatusIntervalMs,
    writes(node) {
      const object = objects.get(node);
      const speaker = facts.speakers.get(node);
      if (object === undefined) {
        const create = { apiVersion: apiVersionOf(kinds.AnycastSpeaker), kind: kinds.AnycastSpeaker.kind, metadata: { name: node } };
        return speaker === undefined ? [] : [{ type: speakerType, create }];
      }
      const before = (object.status ?? {}) as Partial<AnycastSpeakerStatus>;
      const status = statusOf(facts, node, speaker, before);
      if (sameJson({ ...before, observedAt: '' }, { ...before, ...status, observedAt: '' })) return [];
      const patch = { metadata: { resourceVersion: object.metadata.resourceVersion }, status };
      return [{ type: speakerType, ref: { name: node }, subresource: 'status', patch }];
    },
  };
}

function statusOf(
  facts: StatusFacts,
  node: string,
  speaker: ConnectedSpeaker | undefined,
  before: Partial<AnycastSpeakerStatus>,
): Partial<AnycastSpeakerStatus> {
  const wallMs = facts.clock.wallMs();
  if (speaker === undefined) {
    const gone = 'the speaker has no stream to this operator; what it announces stays as it was';
    return {
      conditions: conditionsOf(
        before.conditions,
        [isFalse('Connected', 'Disconnected', gone), isFalse('Ready', 'Disconnected', gone)],
        0,
        wallMs,
      ),
    };
  }
  const sessions = [...speaker.sessions.values()].sort((a, b) => (a.peer < b.peer ? -1 : 1));
  const established = sessions.filter((session) => session.state === 'Established').length;
  const differences = facts.speakers.differences(node).slice(0, limits.speakerDifferences);
  const delivery = facts.deliveries.peek(node);
  return {
    conditions: conditionsOf(
      before.conditions,
      conditionsFor(sessions.length, established, differences.length, delivery?.rejected[0]?.message),
      0,
      wallMs,
    ),
    observedAt: timeText(wallMs),
    software: speaker.hello.software,
    epoch: speaker.hello.epoch,
    version: delivery?.version ?? 0,
    routerID: facts.node(node)?.proposal.identity?.routerId ?? '',
    peers: sessions.length,
    established,
    announcedRoutes: facts.speakers.announcedRoutes(node),
    sessions: sessions.map(({ peer, state, ageMs, families, announcedPrefixes, lastError }) => ({
      peer,
      state,
      // A state that goes on keeps the moment that was written, which two clocks would otherwise move to and fro.
      since: before.sessions?.find((item) => item.peer === peer && item.state === state)?.since ?? timeText(wallMs - ageMs),
      families: [...families],
      announcedPrefixes,
      lastError,
    })),
    differences: differences.map(({ prefix, peer, reason, ageMs }) => ({
      prefix,
      peer,
      reason,
      since: before.differences?.find((item) => item.prefix === prefix && item.peer === peer)?.since ?? timeText(wallMs - ageMs),
    })),
  };
}

function conditionsFor(sessions: number, established: number, differences: number, rejected: string | undefined): WantedCondition[] {
  const connected = isTrue('Connected', 'Connected');
  if (rejected !== undefined) return [connected, isFalse('Ready', 'EntryRejected', rejected)];
  if (established < sessions) return [connected, isFalse('Ready', 'SessionDown', `${established} of ${sessions} sessions are established`)];
  if (differences > 0) return [connected, isFalse('Ready', 'RoutesDiffer', `${differences} routes are not as they should be`)];
  return [connected, isTrue('Ready', 'AsWanted')];
}
