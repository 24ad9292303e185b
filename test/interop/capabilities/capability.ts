import type { Lab } from '../lab.ts';

/** A row of docs/interop.md: one thing that our speaker and a router do together. */
export type Capability = {
  /** Stable name, for {@link file://./cannot.ts}. */
  readonly id: string;
  /** As the document says it. */
  readonly title: string;
  /** Whether the router asks for TCP MD5 and TTL security. Default: no. */
  readonly secured?: true;
  /**
   * Tries it on every session of the lab, from {@link Lab.baseline} on. Throws where it does not work. What it returns is shown in
   * the document: what was seen where routers differ; it must be the same in every run.
   */
  check(lab: Lab): Promise<string | undefined>;
  /** Shows with a router that can't that this is so: throws where it can. Default: it is taken as known. */
  readonly showCannot?: (lab: Lab) => Promise<void>;
};
