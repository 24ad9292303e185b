/** Bounds of the kube room. */
export const limits = {
  /** Objects asked for per page of a list. */
  pageSize: 200,
  /** Pages of one list; a server that never ends its list is an error. */
  pages: 10_000,
  /** How often one list begins anew because its continue token expired on the way. */
  listRestarts: 3,
  /** Largest body of an answer, one page of a list included, in bytes. */
  bodyBytes: 64 << 20,
  /** Largest watch event, in bytes; the API server's own limit of an object is 3 MiB as JSON. */
  eventBytes: 8 << 20,
  /** One request must be answered within this time, in milliseconds. A page of a list counts as one request. */
  requestTimeoutMs: 30_000,
  /** Tries of an idempotent request, the first included. */
  tries: 4,
  /** Delays between these tries, in milliseconds. */
  retryFirstMs: 100,
  retryMaxMs: 5_000,
  /** Longest Retry-After that a request waits for itself, in milliseconds; beyond it the error is returned. */
  retryAfterMaxMs: 10_000,
  /** How often the API server sends bookmarks, in milliseconds (measured: about every minute). */
  bookmarkIntervalMs: 60_000,
  /** A watch that brought neither event nor bookmark for this long is opened again, in milliseconds. */
  watchSilenceMs: 75_000,
  /** The server is asked to end a watch after a random time between these, in seconds, so that watches spread over servers. */
  watchMinSeconds: 300,
  watchMaxSeconds: 600,
  /**
   * After an outage a watch is opened for this short time, in seconds: the API server sends a bookmark two seconds before its end,
   * which proves within seconds, and not within a minute, that nothing was missed. Longer than `watchHealthyMs`.
   */
  watchCatchUpSeconds: 6,
  /** Delays before a list or watch is tried again, in milliseconds. */
  reopenFirstMs: 200,
  reopenMaxMs: 5_000,
  /** Longest Retry-After that lists and watches obey, in milliseconds. */
  reopenRetryAfterMaxMs: 60_000,
  /** A watch that lived this long has proved healthy: delays start from the first again. In milliseconds. */
  watchHealthyMs: 5_000,
  /** Watches that may end in a row without having brought anything before the list is read again: some servers close instead of 410. */
  emptyWatches: 3,
  /** Connections to the API server at a time, watches included. */
  connections: 64,
  /** A connection must be made, its TLS handshake included, within this time, in milliseconds. */
  connectTimeoutMs: 5_000,
  /** Credentials and certificates are read again when they are older than this, in milliseconds. */
  credentialsMs: 10_000,
  /** Retries of one key in the work queue: delays double between these, in milliseconds. */
  keyRetryFirstMs: 5,
  keyRetryMaxMs: 60_000,
  /** Retries of all keys of one work queue together: per second, and how many at once. */
  queueRetriesPerSecond: 10,
  queueRetryBurst: 100,
  /**
   * Leader election, in milliseconds (client-go's times): how long a lease is valid, after how long without renewal its holder
   * steps down, how often it renews.
   */
  leaseDurationMs: 15_000,
  leaseRenewDeadlineMs: 10_000,
  leaseRenewMs: 2_000,
  /** How often those who wait look at the lease, in milliseconds: a leader that left is followed within this time. */
  leaseLookMs: 1_000,
  /** How long a leader that leaves tries to give the lease back, in milliseconds. */
  leaseReleaseMs: 2_000,
  /** Changes that a source in memory can look back on. */
  memoryHistory: 100_000,
  /** Events remembered for aggregation; the one unused for longest is forgotten first. */
  eventSeries: 1_024,
  /** Requests for events: per second, and how many at once. What exceeds it is dropped and counted. */
  eventsPerSecond: 5,
  eventBurst: 50,
  /** Longest note of an event, in characters (the API server's limit: 1 kB). */
  eventNote: 1_000,
  /** Time within which repeated events are one series, in milliseconds (Kubernetes' own: 6 minutes). */
  eventSeriesMs: 360_000,
} as const;
