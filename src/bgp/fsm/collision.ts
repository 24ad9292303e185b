/** One of several connections with the same router, as the rule for collisions sees it. */
export type CollidingConnection = {
  readonly state: 'OpenSent' | 'OpenConfirm' | 'Established';
  /** Whether we opened it. */
  readonly initiatedByUs: boolean;
};

/** An identity: BGP Identifier as unsigned 32-bit number, then AS for equal identifiers (RFC 6286 §2.3). */
export type Speaker = { readonly routerId: number; readonly asn: number };

/**
 * Which connection stays when an OPEN shows that two lead to the same router (RFC 4271 §6.8): an Established one; else the one that
 * the side with the higher BGP Identifier opened, or with equal identifiers the side with the higher AS. Where that does not
 * tell them apart, the older stays. The other is ended with Cease, Connection Collision Resolution.
 */
export function resolveCollision(
  existing: CollidingConnection,
  incoming: CollidingConnection,
  us: Speaker,
  them: Speaker,
): 'keepExisting' | 'keepIncoming' {
  if (existing.state === 'Established' || existing.initiatedByUs === incoming.initiatedByUs) return 'keepExisting';
  const weDecide = us.routerId === them.routerId ? us.asn > them.asn : us.routerId > them.routerId;
  return incoming.initiatedByUs === weDecide ? 'keepIncoming' : 'keepExisting';
}
