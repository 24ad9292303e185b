/** Every bound of the room, with its unit and what happens at it. */

/** How long a node that became Ready again is not believed about its endpoints, in milliseconds (design: NodeUnknown). */
export const nodeSettleMs = 30_000;

/** Hold-down after the second withdrawal of a place, in milliseconds; it doubles with each further one. */
export const holdDownFirstMs = 10_000;

/** No hold-down is longer, in milliseconds. */
export const holdDownMaxMs = 600_000;

/** A place that stayed free of withdrawals this long after its hold-down ended starts anew, in milliseconds. */
export const holdDownForgetMs = 600_000;

/** A place counts as announcing this long after TCP acknowledged the announcement, in milliseconds (settle within a fabric). */
export const settleMs = 2_000;

/** Pieces of evidence in one decision; further ones say nothing that these do not. */
export const maxEvidence = 4;

/** Places whose withdrawals are remembered for hold-down; beyond, the longest unchanged are forgotten. */
export const maxRememberedWithdrawals = 100_000;

/** Routes of one node that are taken note of by its speaker's word alone; further ones that nobody ordered there are not. */
export const maxRoutesByWord = 50_000;

/** How long a route's going up waits for the data plane where no AnycastService says otherwise, in milliseconds. */
export const defaultAnnounceDelayMs = 1_000;

/** The removal guard counts the removals of so long, in milliseconds (governor.md: a sliding hour). */
export const removalWindowMs = 3_600_000;

/** A batch of held removals is closed when nothing joined it for so long, in milliseconds: then its hash stays as it is. */
export const batchQuietMs = 60_000;

/** Prefixes in one batch: its list has to fit into one object. Beyond, the next batch begins. */
export const maxBatchSize = 2_000;

/** What the removal guard does where no AnycastConfig says otherwise. */
export const defaultRemovalGuard = { graceMs: 5_000, maxPercent: 25, maxPrefixes: 100, holdsLastOfPool: true } as const;
