/** Bounds of the operator room. */
export const limits = {
  /**
   * Terms that a speaker may be ahead of the leader that it says Hello to. Each acquisition is one term: what is further ahead was
   * made up, and a leader that got above it would soon have no number left.
   */
  termsAhead: 1_000_000,
  /** How long it may take to learn whether a leaving speaker is replaced, in milliseconds: it waits a second for its answer. */
  successorTimeoutMs: 700,
  /** Deleted objects that are remembered until nothing rests on them. Beyond this the oldest are forgotten. */
  tombstones: 10_000,
  /**
   * Services that one turn decides because something concerned very many at once: a node, a pool, a new term. Each costs about
   * 0.1 ms, and what concerns few, such as readiness, waits no longer than that many.
   */
  bulkPerTurn: 64,
  /** How often it is looked at whether the watches are heard of, in milliseconds. */
  freshnessCheckMs: 1_000,
  /** At most one write of the addresses per Service in this time, in milliseconds: routes wait for the first one only. */
  serviceStatusIntervalMs: 250,
  /** At most one write per AnycastService, pool, advertisement, peer or config in this time, in milliseconds. */
  statusIntervalMs: 1_000,
  /** At most one write per AnycastSpeaker in this time, in milliseconds. */
  speakerStatusIntervalMs: 10_000,
  /** At most so many writes to AnycastSpeakers per second, over all of them. */
  speakerStatusPerSecond: 20,
  /** How long a new term waits for the speakers that were there before, until statuses say what is known without them, in milliseconds. */
  termSettleMs: 15_000,
  /** Status writes at a time. */
  statusWriters: 8,
  /** Routes listed in one AnycastSpeaker (design: a status object must stay small). */
  speakerDifferences: 50,
  /** Logs, statuses and events of a turn wait this long, in milliseconds: speakers and routers have the processor first. */
  tellAfterMs: 5,
  /** And until nothing is left to decide, but no longer than this, in milliseconds. */
  tellLatestMs: 1_000,
  /** What keeps a Service from being announced is told when it lasts this long, in milliseconds: what is applied together comes in parts. */
  obstacleSettleMs: 3_000,
  /** An object that vanished from a list is asked for when a second list agrees after this time, in milliseconds. */
  absenceConfirmMs: 10_000,
  /** Of what vanished together nothing is believed above this number, or above this share of its kind where it is two or more. */
  absencesAtOnce: 100,
  absenceShare: 0.25,
} as const;
