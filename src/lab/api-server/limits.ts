/** Bounds of the API server in memory. */
export const limits = {
  /** Changes that a watch can look back on; an older resource version has expired. */
  history: 10_000,
  /** Lists that are being read in pages at a time; the oldest token expires first. */
  openLists: 64,
  /** Largest request body, in bytes. */
  bodyBytes: 3 << 20,
  /** A watch whose reader falls this far behind is cut, in bytes. */
  watchBacklogBytes: 16 << 20,
  /** How often a quiet watch gets a bookmark, in milliseconds. */
  bookmarkMs: 60_000,
} as const;
