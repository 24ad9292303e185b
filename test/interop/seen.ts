/** What one run saw with one router: what docs/interop.md is made from. */
export type Seen = {
  readonly router: string;
  /** Upstream's, without the distribution's revision. */
  readonly version: string;
  /** In the order of the document. */
  readonly rows: readonly Row[];
};

/** One capability. */
export type Row = { readonly id: string; readonly title: string; readonly cell: Cell };

/** How a capability went: it works, with what was seen; the router can't, and why; or it failed. */
export type Cell =
  | { readonly outcome: 'works'; readonly seen: string }
  | { readonly outcome: 'cannot'; readonly why: string }
  | { readonly outcome: 'fails' };
