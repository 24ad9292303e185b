/**
 * state — the words that operator and speaker share: entries, truth, evidence, decisions, messages, digest.
 *
 * Pure data and total functions. Addresses and prefixes are canonical texts here (`192.0.2.53/32`, see net): they are keys,
 * they are written to disk and shown to people. The operator says with entries what a node shall announce; the speaker says
 * with truth what its routers really have. The bytes between them are rpc's business.
 */
import type { Community, LargeCommunity } from '#net/community.ts';

/** What a route carries to a peer, beside what the session itself decides (AS_PATH, NEXT_HOP, ORIGIN). */
export type ExportAttributes = {
  /** COMMUNITIES (RFC 1997), ascending, without repeats. */
  readonly communities: readonly Community[];
  /** LARGE_COMMUNITY (RFC 8092), ascending, without repeats. */
  readonly largeCommunities: readonly LargeCommunity[];
  /** MULTI_EXIT_DISC (RFC 4271 §5.1.4), 0–4294967295. Absent: not sent. */
  readonly med?: number;
  /** LOCAL_PREF (RFC 4271 §5.1.5), 0–4294967295; sent on iBGP only, default 100 there. */
  readonly localPref?: number;
  /** How many extra times the own AS stands in AS_PATH, 0–16. On eBGP only. */
  readonly prepend: number;
};
