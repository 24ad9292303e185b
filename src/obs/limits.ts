/** Bounds of the obs room. */
export const limits = {
  /** Log text waiting for a slow reader, in bytes. What does not fit is dropped and counted, so that logging never stops the process. */
  logBufferBytes: 1 << 20,
  /** Largest request body that the HTTP server reads, in bytes. */
  requestBodyBytes: 1 << 20,
  /**
   * Events waiting for a slow reader of a stream, in bytes; beyond it the reader is cut off. A router's whole table may change at
   * once: that is some ten thousand events.
   */
  eventBufferBytes: 8 << 20,
  /** Connections at one HTTP server at a time. */
  httpConnections: 256,
  /** So many before that, the oldest connection without a complete request is ended for each new one. */
  httpConnectionsSpare: 32,
  /** A request must have arrived completely within this time, in milliseconds. */
  requestTimeoutMs: 10_000,
} as const;
