/** Bounds of the peer room. Times in milliseconds. */
export const limits = {
  /** Code point of all that is sent: CS6, network control (RFC 4594 §3.1). */
  dscp: 48,
  /** Kinds of malformed UPDATEs that are logged of one router; others are only counted. */
  malformedKinds: 64,
  /** After a disconnect, how long what was sent last (a NOTIFICATION) may take to leave before the connection is cut. */
  lingerMs: 2_000,
  /** How long an OPEN goes unanswered because the other of two connections is to win, which has not got one yet. */
  collisionWaitMs: 5_000,
  /** Longest time that End-of-RIB is held back for the first routes, or half the restart time if that is shorter. */
  initialRoutesMs: 10_000,
  /** Longest wait at a stop for the router's TCP to acknowledge the withdrawals. */
  withdrawalAckMs: 3_000,
  /** Nothing that we wrote was acknowledged for so long: the session ends (RFC 9687 §5), or twice the hold time if that is longer. */
  sendHoldMs: 480_000,
  /** Looks of the send hold timer in one hold time: how exactly it is kept. */
  sendHoldLooks: 8,
  /** Routes that one slice of work takes over for a session: with a chunk that is written, about a millisecond. */
  sliceRoutes: 4_096,
  /** The same of routes that are taken back, which go first and many at once: a person's request may name as many. */
  sliceWithdrawals: 10_000,
  /** Bytes of UPDATEs that withdraw, handed to a stream at once: what a slice may hold. */
  withdrawalBytes: 64 * 1_024,
  /** Bytes of UPDATEs that announce, handed to a stream at once. What a stalled router leaves unsent is this much, not its whole table. */
  chunkBytes: 16 * 1_024,
  /**
   * UPDATE bytes on their way to one router that its TCP has not acknowledged. The kernel would take megabytes, and a withdrawal
   * would wait behind them.
   */
  inFlightBytes: 256 * 1_024,
  /** Forms of one set of attributes that are kept to be shared: as many kinds of sessions, past ones included. */
  sharedPolicies: 256,
  /** While a large table is being written it is looked this often at what TCP acknowledged. */
  ackPollBusyMs: 100,
  /** Chunks whose acknowledgement is seen to in one turn of the event loop: less than a millisecond of work. */
  acksPerTurn: 2,
  /** First and longest pause between two looks at what TCP acknowledged, while something is not. */
  ackPollFirstMs: 1,
  ackPollMaxMs: 50,
} as const;
