import { encodeCapability } from '#bgp/wire/capabilities.ts';
import { type DecodeError, openError } from '#bgp/wire/errors.ts';
import { afi, errorSubcode, familyOf, safiUnicast } from '#bgp/wire/iana.ts';
import { limits as wireLimits } from '#bgp/wire/limits.ts';
import type { Capability, OpenMessage } from '#bgp/wire/messages.ts';
import type { DecodeContext } from '#bgp/wire/negotiated.ts';
import type { AddressFamily } from '#net/ip-address.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import { roleOf } from './roles.ts';
import type { FsmSettings } from './session.ts';
import { printable } from './shutdown-text.ts';

type OfKind<K extends Capability['kind']> = Extract<Capability, { kind: K }>;

/** RFC 8950 §4: IPv4 routes may have next hops of IPv6. */
const ipv4OverIpv6 = { afi: afi.IPv4, safi: safiUnicast, nextHopAfi: afi.IPv6 };

/** Every capability that the settings let us offer. */
export function offers(settings: FsmSettings): readonly Capability[] {
  const { families, localAsn, gracefulRestart } = settings;
  const unicast = families.map((family) => ({ afi: afi[family], safi: safiUnicast }));
  const role = roleOf(settings);
  return [
    ...multiprotocol(families),
    { kind: 'routeRefresh' },
    { kind: 'enhancedRouteRefresh' },
    { kind: 'fourOctetAsn', asn: localAsn },
    ...when(settings.extendedMessages, { kind: 'extendedMessages' }),
    ...when(settings.extendedNextHop, { kind: 'extendedNextHop', entries: [ipv4OverIpv6] }),
    ...when(settings.receivesAddPath, { kind: 'addPath', entries: unicast.map((family) => ({ ...family, send: false, receive: true })) }),
    ...(role === undefined ? [] : [{ kind: 'role', role } as const]),
    ...(gracefulRestart === undefined ? [] : [restartOffer(gracefulRestart, families)]),
  ];
}

const when = (wanted: boolean | undefined, capability: Capability): readonly Capability[] => (wanted === true ? [capability] : []);

const multiprotocol = (families: readonly AddressFamily[]): readonly OfKind<'multiprotocol'>[] =>
  families.map((family) => ({ kind: 'multiprotocol', afi: afi[family], safi: safiUnicast }));

/** RFC 4724 §3, RFC 8538 §2. */
const restartOffer = (
  { restartSeconds, notification, restarted, forwardingPreserved }: NonNullable<FsmSettings['gracefulRestart']>,
  families: readonly AddressFamily[],
): OfKind<'gracefulRestart'> => ({
  kind: 'gracefulRestart',
  restarting: restarted,
  notification,
  restartTimeS: restartSeconds,
  families: families.map((family) => ({ afi: afi[family], safi: safiUnicast, forwardingPreserved })),
});

/** A capability that an OPEN offers; the first where there are several. */
export const offered = <K extends Capability['kind']>({ capabilities }: OpenMessage, kind: K): OfKind<K> | undefined =>
  capabilities.find((capability): capability is OfKind<K> => capability.kind === kind);

/**
 * How messages are encoded and read: what both OPENs offer. A family that only one side offers hurts no other; where none is left,
 * the router lacks what we need, and is told which (RFC 5492 §3).
 */
export function agreedContext(theirs: OpenMessage, ours: OpenMessage, settings: FsmSettings): Result<DecodeContext, DecodeError> {
  const mine = familiesOf(ours);
  const families = settings.families.filter((family) => mine.has(family) && familiesOf(theirs).has(family));
  if (families.length === 0) {
    const data = multiprotocol(settings.families).map(encodeCapability);
    const message = `the router carries none of ${settings.families.join(', ')}, which is all that is configured`;
    return err(openError(errorSubcode.unsupportedCapability, message, Uint8Array.from(data.flatMap((bytes) => [...bytes]))));
  }
  const both = (kind: Capability['kind']): boolean => offered(ours, kind) !== undefined && offered(theirs, kind) !== undefined;
  const role = roleOf(settings);
  return ok({
    fourOctetAsn: both('fourOctetAsn'),
    maxMessageLength: both('extendedMessages') ? wireLimits.extendedMessageOctets : wireLimits.messageOctets,
    maxReceivedLength: offered(ours, 'extendedMessages') === undefined ? wireLimits.messageOctets : wireLimits.extendedMessageOctets,
    peerType: theirs.asn === settings.localAsn ? 'ibgp' : 'ebgp',
    families,
    addPath: families.filter((family) => both('addPath') && sendsAddPath(theirs, family)),
    extendedNextHop: both('extendedNextHop') && takesIpv6NextHops(theirs),
    ...(role !== undefined && { relation: { role, peerAsn: theirs.asn } }),
  });
}

/** The families that an OPEN offers. Without any multiprotocol capability that is IPv4 unicast, as before RFC 4760. */
function familiesOf({ capabilities }: OpenMessage): ReadonlySet<AddressFamily> {
  const named = capabilities.filter((capability) => capability.kind === 'multiprotocol');
  if (named.length === 0) return new Set(['IPv4']);
  return new Set(named.flatMap((offer) => familyOf(offer.afi, offer.safi) ?? []));
}

const sendsAddPath = (open: OpenMessage, family: AddressFamily): boolean =>
  offered(open, 'addPath')?.entries.some((entry) => entry.send && familyOf(entry.afi, entry.safi) === family) === true;

const takesIpv6NextHops = (open: OpenMessage): boolean =>
  offered(open, 'extendedNextHop')?.entries.some((entry) => familyOf(entry.afi, entry.safi) === 'IPv4' && entry.nextHopAfi === afi.IPv6) ===
  true;

/** The router's name, safe to print; empty where it says none. */
export function hostNameOf(open: OpenMessage): string {
  const fqdn = offered(open, 'fqdn');
  if (fqdn === undefined) return '';
  return printable([fqdn.hostName, fqdn.domainName].filter((part) => part !== '').join('.'));
}
