import type { PeerSessionTruth } from '#bgp/peer/truth.ts';
import type { Metrics } from '#obs/metrics.ts';

/** What the metrics show, asked for at each scrape. */
export type MetricSources = {
  readonly sessions: () => readonly PeerSessionTruth[];
  /** Prefixes that some router has. */
  readonly announced: () => number;
  /** Prefixes that this node is told to announce. */
  readonly ordered: () => number;
  readonly isolated: () => boolean;
  readonly epoch: () => number;
  readonly operators: () => number;
  /** Whether the last write of the state failed. */
  readonly diskFails: () => boolean;
};

/** Counts and durations that the speaker sets itself. */
export type SpeakerMetrics = {
  /** Seconds from the order that takes a route away: until it is handed to the kernel, and until the last router's TCP has it. */
  readonly withdraw: { observe(labels: { stage: 'written' | 'acknowledged' }, seconds: number): void };
  /** Messages of operators that changed what this node runs, and that did not. */
  readonly messages: { inc(labels: { result: 'applied' | 'nacked' | 'refused' }): void };
};

/** Registers what a speaker shows. */
export function speakerMetrics(metrics: Metrics, sources: MetricSources): SpeakerMetrics {
  const number = (name: string, help: string, value: () => number): void => {
    metrics.gauge(name, help, { collect: (gauge) => gauge.set(value()) });
  };
  metrics.gauge('anycast_session_established', 'Whether the session with the peer is Established.', {
    labels: ['peer'],
    collect: (gauge) => {
      gauge.reset();
      for (const { peer, state } of sources.sessions()) gauge.set({ peer }, state === 'Established' ? 1 : 0);
    },
  });
  metrics.gauge('anycast_session_announced_prefixes', 'Prefixes that the peer has from this node, acknowledged by its TCP.', {
    labels: ['peer'],
    collect: (gauge) => {
      gauge.reset();
      for (const { peer, announcedPrefixes } of sources.sessions()) gauge.set({ peer }, announcedPrefixes);
    },
  });
  metrics.gauge('anycast_session_malformed_updates', 'UPDATEs of the peer in which something was wrong, since the process began.', {
    labels: ['peer'],
    collect: (gauge) => {
      gauge.reset();
      for (const { peer, malformedUpdates } of sources.sessions()) gauge.set({ peer }, malformedUpdates);
    },
  });
  number('anycast_routes_announced', 'Prefixes that at least one router has from this node.', sources.announced);
  number('anycast_routes_ordered', 'Prefixes that this node is told to announce.', sources.ordered);
  number('anycast_speaker_isolated', 'Whether a person isolated this speaker.', () => (sources.isolated() ? 1 : 0));
  number('anycast_speaker_epoch', 'Highest epoch of a leader that this speaker heard.', sources.epoch);
  number('anycast_speaker_operators', 'Operators with an open stream.', sources.operators);
  number('anycast_speaker_state_write_failing', 'Whether the state could not be written to disk.', () => (sources.diskFails() ? 1 : 0));
  return {
    withdraw: metrics.latency('anycast_withdraw_duration_seconds', 'From the order to withdraw a route until the stage is reached.', [
      'stage',
    ]),
    messages: metrics.counter('anycast_speaker_messages_total', 'State messages of operators by what became of them.', ['result']),
  };
}
