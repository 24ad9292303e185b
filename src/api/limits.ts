/** Bounds of what a resource may hold. They keep objects small, and the cost of validation rules below the API server's budget. */
export const limits = {
  /** Characters of a Kubernetes object name. */
  nameLength: 253,
  /** Characters of an IP address as text. */
  addressLength: 45,
  /** Characters of an IP prefix as text. */
  prefixLength: 49,
  /** Addresses of one Service. */
  serviceAddresses: 16,
  /** Prefixes of one AnycastPool. */
  poolAddresses: 256,
  /** Communities, and large communities, of one AnycastAdvertisement. */
  communities: 64,
  /** Characters of one community as text. */
  communityLength: 32,
  /** How often the own AS may be repeated in AS_PATH. */
  prepend: 16,
  /** Claims of the AnycastConfig. */
  claims: 32,
  /** Labels that one selector may name, and expressions, and values of an expression. */
  selectorTerms: 64,
  /** Characters of a label's key: 253 for the prefix, a slash, 63 for the name. */
  labelKeyLength: 317,
  /** Characters of a label's value. */
  labelValueLength: 63,
  /** How long announcing may wait for the data plane, in milliseconds. */
  announceDelayMs: 60_000,
  /** Longest time between connection attempts, in seconds. */
  connectRetrySeconds: 3_600,
  /** Prefixes that one AnycastHold lists. */
  holdRemovals: 2_000,
  /** Characters of the hash of an AnycastHold. */
  holdHashLength: 16,
  /** Longest that what was deleted may come back as if it had not been, in seconds. */
  removalGraceSeconds: 60,
  /** Conditions of one object. */
  conditions: 16,
  /** Characters of a CamelCase word: condition types, reasons, states. */
  wordLength: 128,
  /** Characters of a sentence for a person in a status. */
  sentenceLength: 1_024,
  /** Characters of a date. */
  dateLength: 64,
  /** Sessions that one AnycastSpeaker lists. */
  speakerSessions: 128,
  /** Routes that one AnycastSpeaker lists because their truth differs from the intent. */
  speakerDifferences: 50,
} as const;
