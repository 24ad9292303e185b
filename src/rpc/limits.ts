/** Bounds of the rpc room. */
export const limits = {
  /** Largest message in either direction, in bytes: a Full or Hello of 50,000 routes fits. */
  messageBytes: 16 * 1024 * 1024,
  /** Routes that a speaker may name in one message; with more the stream is ended. */
  routesPerMessage: 50_000,
  /** Messages written to a link and not yet taken by the other side from which on the link counts as congested. */
  congestedMessages: 16,
  /** Messages written to a link and not yet taken by the other side at which the link is closed: the other side does not read. */
  unsentMessages: 256,
  /** Silence after which either side asks whether the other is alive, in milliseconds. */
  keepaliveTimeMs: 10_000,
  /** How long the answer to that may take before the connection is given up, in milliseconds. */
  keepaliveTimeoutMs: 5_000,
  /** How long the API server may take to review a token, in milliseconds; waiting for others counts. */
  reviewTimeoutMs: 5_000,
  /** Tokens under review at a time: half as many as there are connections to the API server. */
  reviewsAtOnce: 32,
  /** Time from the operator's readiness until Hello is heard, in milliseconds. */
  helloTimeoutMs: 5_000,
  /** Streams that an operator serves at once, greeted or not. More speakers than this are refused by name. */
  streams: 5_000,
  /** Streams on one connection: a speaker needs one. */
  streamsPerConnection: 4,
  /** A connection without a stream is closed after this time, in milliseconds. */
  connectionIdleMs: 30_000,
  /** Largest token that is looked at, in characters. */
  tokenCharacters: 16_384,
  /** Reviewed tokens that are kept; the one that was used longest ago goes first. */
  reviewedTokens: 10_000,
  /** How often the token of a live stream is reviewed again, in milliseconds. */
  reviewEveryMs: 600_000,
  /** How often live streams are looked through for tokens whose review is due, in milliseconds. */
  reviewSweepMs: 60_000,
  /** A token whose expiry can't be read is kept as reviewed for this time, in milliseconds. */
  reviewKeptMs: 3_600_000,
  /** How long a speaker waits for the operator to answer a dial, in milliseconds. */
  dialTimeoutMs: 10_000,
  /** Delay before a lost operator is dialled again; doubles up to `redialMaxMs`. In milliseconds. */
  redialFirstMs: 100,
  redialMaxMs: 10_000,
  /** A link that lived this long was a good one: the next loss starts with the first delay again. In milliseconds. */
  redialForgetMs: 10_000,
  /** How often names of operators are resolved again, in milliseconds. */
  resolveEveryMs: 5_000,
  /** Operators that a speaker dials at most. */
  operators: 16,
  /** How long the end of a link waits for the other side to agree before it is cut, in milliseconds. */
  closeTimeoutMs: 1_000,
  /** How often certificate files are looked at, in milliseconds. */
  certificatePollMs: 10_000,
  /** Longest text for people that is kept of what the other side says, in characters. */
  reasonCharacters: 1_024,
} as const;
