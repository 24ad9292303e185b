/** Bounds of the linux room. Times in milliseconds. */
export const limits = {
  /** Connections that one listener holds at a time; more are closed at once. */
  acceptedConnections: 1_024,
  /** Bytes that a stream in memory buffers before `write` asks to wait: as many as Node's sockets do. The kernel's buffer comes on top. */
  writeBufferBytes: 64 * 1_024,
  /** Time between two router advertisements (MinRtrAdvInterval and MaxRtrAdvInterval, RFC 4861 §6.2.1). */
  advertisement: { minMs: 4_000, maxMs: 10_000 },
  /** Least time between two advertisements when routers ask for them (MIN_DELAY_BETWEEN_RAS, RFC 4861 §10). */
  betweenAdvertisementsMs: 3_000,
  /** Longest wait before an answer (MAX_RA_DELAY_TIME). */
  answerDelayMs: 500,
  /** Router solicitations of one link while no router is heard (MAX_RTR_SOLICITATIONS). */
  solicitations: 3,
  /** Time between two looks at what a link says. */
  lookMs: 100,
  /** Messages of a link that are read in one look. */
  messagesPerLook: 64,
  /** Time between attempts to open a link that can't be opened. */
  reopenLinkMs: 1_000,
} as const;
