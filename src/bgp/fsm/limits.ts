/** Bounds of the fsm room. Times in milliseconds. */
export const limits = {
  /** Hold timer while the router's OPEN is awaited: "a large value", RFC 4271 §8.2.2 suggests 4 minutes. */
  openHoldMs: 240_000,
  /** First wait in Idle after a failure. Doubles with each further one. */
  idleHoldFirstMs: 1_000,
  /** No wait in Idle is longer, after whatever failure but the next. */
  idleHoldMaxMs: 60_000,
  /** Wait in Idle after the router said that we announce too many prefixes: a person has to change something first. */
  maximumPrefixesHoldMs: 600_000,
  /** A session that was Established for so long has its earlier failures forgotten. */
  stableMs: 60_000,
  /** Octets of shutdown text: routers that know only RFC 8203 refuse more than 128. */
  shutdownTextOctets: 128,
} as const;
