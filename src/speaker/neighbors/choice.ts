/** Which router an unnumbered peer is, of those that were heard on its link. */
export type Choice = {
  /** Its link-local address. */
  readonly router: string;
  /** When it was last heard. */
  readonly heardMs: number;
  /** Others that were heard since it was chosen, in their order; not more than {@link maxRivals}. */
  readonly rivals: readonly string[];
};

/** How many others are remembered: enough for whoever looks for them. */
export const maxRivals = 4;

/** A router without a session that is silent for longer than this gives way to another. Three of our own advertisements take as long. */
export const silentMs = 20_000;

/**
 * What a router that was heard makes of the choice. The first one that is heard is the router. It stays while it has the session, or
 * is heard: only then it gives way to another, as when a line was plugged into another router. So two routers on one link never
 * take turns; the second is a rival, of which people should know.
 */
export function hear(choice: Choice | undefined, router: string, nowMs: number, hasSession: boolean): Choice {
  if (choice === undefined) return { router, heardMs: nowMs, rivals: [] };
  if (choice.router === router) return { ...choice, heardMs: nowMs };
  if (!hasSession && nowMs - choice.heardMs > silentMs) return { router, heardMs: nowMs, rivals: [] };
  if (choice.rivals.includes(router) || choice.rivals.length >= maxRivals) return choice;
  return { ...choice, rivals: [...choice.rivals, router] };
}
