/** Bounds of the speaker room. */
export const limits = {
  /** The state on disk is written at most once in this time, in milliseconds; a higher epoch and what a person says are written at once. */
  saveEveryMs: 1_000,
  /** After a failed write the next try comes after this time, in milliseconds. */
  saveRetryMs: 10_000,
  /** Largest state file that is read, in bytes: 50,000 routes fit. */
  stateFileBytes: 64 << 20,
  /** Reports that bring no transition are sent at most once in this time, in milliseconds. */
  reportEveryMs: 1_000,
  /** How long a route that was withdrawn for good is still named in Hello, in milliseconds: a new leader's hold-down counts it. */
  rememberWithdrawnMs: 600_000,
  /** Routes that are remembered so; what was withdrawn longest ago is forgotten first. */
  rememberedWithdrawals: 10_000,
  /** How long a leaving speaker waits for the operator's answer, in milliseconds. */
  leaveAnswerMs: 1_000,
  /** Messages of operators that wait while a higher epoch is written to disk. More closes the stream that brought them. */
  waitingMessages: 64,
  /** Prefixes in one request at the admin socket. */
  adminPrefixes: 10_000,
  /** Prefixes that a person may have withdrawn at the admin socket at a time. */
  withdrawnPrefixes: 100_000,
  /** Largest configuration file, and largest file of routes, in bytes. */
  configFileBytes: 64 << 20,
  /** Longest line of a file of routes, in bytes. */
  configLineBytes: 4_096,
  /** Peers in a configuration file. */
  configPeers: 128,
  /** Prefixes in a configuration file, and in its file of routes. */
  configRoutes: 1_000_000,
} as const;
