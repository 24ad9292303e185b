/** What the benchmark tells the sink. */
export type ToSink =
  | { readonly kind: 'listen'; readonly port: number; readonly holdTimeSeconds: number; readonly extendedMessages: boolean }
  /** Forgets all counts; answers `reached` once so many prefixes were announced and withdrawn since, over all sessions. */
  | { readonly kind: 'expect'; readonly announced: number; readonly withdrawn: number }
  /** Asks every router for its routes again (RFC 2918). */
  | { readonly kind: 'refresh' }
  /** Answers `counts`. */
  | { readonly kind: 'count' };

/** What the sink saw on one session. Times on the clock that all processes of the machine share, in milliseconds. */
export type SessionCounts = {
  /** First KEEPALIVE of the speaker: the session is Established. */
  readonly establishedMs: number;
  readonly announced: number;
  readonly withdrawn: number;
  readonly updates: number;
  readonly octets: number;
  /** Octets of path attributes in the last UPDATE that announced. */
  readonly attributeOctets: number;
  /** When the last prefix, announced or withdrawn, was read. */
  readonly lastPrefixMs: number;
  /** End-of-RIB of IPv4 (RFC 4724 §2); NaN before it came. */
  readonly endOfRibMs: number;
  /** Prefixes announced before End-of-RIB. */
  readonly announcedBeforeEndOfRib: number;
  /** Longest time between two KEEPALIVEs of the speaker. */
  readonly longestKeepaliveGapMs: number;
};

/** What the sink tells the benchmark. */
export type FromSink =
  | { readonly kind: 'listening' }
  | { readonly kind: 'reached' | 'counts'; readonly sessions: readonly SessionCounts[] }
  /** A withdrawal of one prefix alone was read. */
  | { readonly kind: 'withdrawn'; readonly prefix: string; readonly atMs: number };
