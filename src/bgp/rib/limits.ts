/** Bounds of the rib room. */
export const limits = {
  /** Prefixes of one family for which a table has room at first, a power of two. It doubles when full, and does not shrink. */
  firstPrefixes: 64,
} as const;
