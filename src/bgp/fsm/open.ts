import type { DecodeError } from '#bgp/wire/errors.ts';
import { openError } from '#bgp/wire/errors.ts';
import { afi, errorSubcode, familyOf, safiUnicast } from '#bgp/wire/iana.ts';
import { limits as wireLimits } from '#bgp/wire/limits.ts';
import type { Capability, OpenMessage } from '#bgp/wire/messages.ts';
import type { AddressFamily } from '#net/ip-address.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import type { FsmSettings, Negotiated } from './session.ts';

/** Our OPEN: the families, route refresh, and AS numbers of four octets. */
export function makeOpen(settings: FsmSettings): OpenMessage {
  const capabilities: Capability[] = [
    ...settings.families.map((family) => ({ kind: 'multiprotocol', afi: afi[family], safi: safiUnicast }) as const),
    { kind: 'routeRefresh' },
    { kind: 'fourOctetAsn', asn: settings.localAsn },
  ];
  return {
    kind: 'open',
    asn: settings.localAsn,
    holdTimeS: Math.ceil(settings.holdTimeMs / 1_000),
    routerId: settings.routerId,
    capabilities,
  };
}

/**
 * What both OPENs decide together, or what we answer to an OPEN that we can't accept (RFC 4271 §6.2). Version, hold time and a
 * BGP Identifier of zero were refused when it was decoded; here it is compared with what is configured.
 */
export function negotiate(open: OpenMessage, settings: FsmSettings): Result<Negotiated, DecodeError> {
  if (open.asn === 0) return err(openError(errorSubcode.badPeerAs, 'the router says AS 0, which is reserved (RFC 7607)'));
  if (settings.peerAsn !== undefined && open.asn !== settings.peerAsn) {
    const message = `the router says AS ${open.asn}, configured is AS ${settings.peerAsn}`;
    return err(openError(errorSubcode.badPeerAs, message));
  }
  const internal = open.asn === settings.localAsn;
  if (internal && open.routerId === settings.routerId) {
    return err(openError(errorSubcode.badBgpIdentifier, 'the router has our own BGP Identifier, which must be unique in an AS (RFC 6286)'));
  }
  return ok({
    peerAsn: open.asn,
    peerRouterId: open.routerId,
    holdTimeMs: Math.min(settings.holdTimeMs, open.holdTimeS * 1_000),
    context: {
      fourOctetAsn: open.capabilities.some((capability) => capability.kind === 'fourOctetAsn'),
      maxMessageLength: wireLimits.messageOctets,
      maxReceivedLength: wireLimits.messageOctets,
      peerType: internal ? 'ibgp' : 'ebgp',
      families: settings.families.filter((family) => offeredFamilies(open).has(family)),
    },
  });
}

/** The families that an OPEN offers. Without any multiprotocol capability that is IPv4 unicast, as before RFC 4760. */
function offeredFamilies(open: OpenMessage): ReadonlySet<AddressFamily> {
  const offers = open.capabilities.filter((capability) => capability.kind === 'multiprotocol');
  if (offers.length === 0) return new Set(['IPv4']);
  return new Set(offers.flatMap((offer) => familyOf(offer.afi, offer.safi) ?? []));
}
