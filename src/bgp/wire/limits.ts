/** Bounds of the wire room, in octets. */
export const limits = {
  /** The fixed header: marker, length, type (RFC 4271 §4.1). */
  headerOctets: 19,
  /** The longest message without RFC 8654. */
  messageOctets: 4_096,
  /** The longest message with RFC 8654. */
  extendedMessageOctets: 65_535,
  /** Longest capability value, and longest parameter without RFC 9072. */
  shortLength: 255,
  /** AS numbers in one AS_PATH segment. */
  segmentAsns: 255,
} as const;
