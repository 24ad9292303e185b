/** An identity: BGP Identifier as unsigned 32-bit number, then AS for equal identifiers (RFC 6286 §2.3). */
export type Speaker = { readonly routerId: number; readonly asn: number };

/**
 * Whose connection stays of two that lead to the same router: the one that the side with the higher BGP Identifier opened, or with
 * equal identifiers the side with the higher AS (RFC 4271 §6.8, RFC 6286 §2.3). True: ours.
 */
export const weDominate = (us: Speaker, them: Speaker): boolean =>
  us.routerId === them.routerId ? us.asn > them.asn : us.routerId > them.routerId;
