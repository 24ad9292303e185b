/** Bounds of the linux room. */
export const limits = {
  /** Connections that one listener holds at a time; more are closed at once. */
  acceptedConnections: 1_024,
  /** Bytes that a stream in memory buffers before `write` asks to wait: as many as Node's sockets do. The kernel's buffer comes on top. */
  writeBufferBytes: 64 * 1_024,
} as const;
