/** Bounds of the collector. */
export const limits = {
  /** Sessions at a time, whatever their state; a further connection is closed at once. */
  sessions: 256,
  /** Prefixes kept of one session; what is new beyond that is counted and refused. */
  prefixesPerSession: 1_000_000,
  /** Ended sessions that `GET /sessions` still shows, the most recent ones. */
  endedSessions: 64,
  /** Hold time that we propose, in milliseconds: RFC 4271 §10. The smaller of both sides counts. */
  holdTimeMs: 90_000,
} as const;
