/** Bounds of the wire room, in octets. */
export const limits = {
  /** The fixed header: marker, length, type (RFC 4271 §4.1). */
  headerOctets: 19,
  /** The longest message without RFC 8654. */
  messageOctets: 4_096,
  /** The longest message with RFC 8654. */
  extendedMessageOctets: 65_535,
  /** All optional parameters of an OPEN together, without RFC 9072. */
  optionalParametersOctets: 255,
  /** A text in a capability that we send, as a host name; received ones may be longer. */
  textOctets: 64,
  /** AS numbers in one AS_PATH segment. */
  segmentAsns: 255,
} as const;
