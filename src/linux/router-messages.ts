import { type IpAddress, isLinkLocal } from '#net/ip-address.ts';

/**
 * The two messages by which routers on a link find each other (RFC 4861 §4.1, §4.2), as octets of ICMPv6. Pure.
 *
 *      0                   1                   2                   3
 *     |     type      |   code = 0    |           checksum            |
 *     solicitation: reserved, 4 octets; advertisement: hop limit, flags, router lifetime (2), reachable time (4), retransmission (4)
 *     options: type, length in units of 8 octets, value
 */
export type RouterMessage = 'solicitation' | 'advertisement';

/** Types of ICMPv6. */
export const icmpTypes = { solicitation: 133, advertisement: 134 } as const;

/** Octets before the options. */
const fixedOctets = { solicitation: 8, advertisement: 16 } as const;
const sourceLinkLayerAddress = 1;
const optionUnit = 8;
/** An Ethernet address: the only kind that is told, as the option has whole units and others would need padding of their own. */
const etherOctets = 6;

/**
 * A message of ours. An advertisement has router lifetime 0: we are a router that nobody may take as default router (§6.2.3), and
 * neither may it, after we are gone, be undone by a last one (§6.2.5). The kernel writes the checksum.
 */
export function encodeRouterMessage(message: RouterMessage, linkLayerAddress: Uint8Array | undefined): Uint8Array {
  const start = fixedOctets[message];
  const hasOption = linkLayerAddress?.length === etherOctets;
  const octets = new Uint8Array(start + (hasOption ? optionUnit : 0));
  octets[0] = icmpTypes[message];
  if (hasOption) {
    octets.set([sourceLinkLayerAddress, 1], start);
    octets.set(linkLayerAddress, start + 2);
  }
  return octets;
}

/**
 * What a message says, undefined where it has to be discarded (§6.1.1, §6.1.2) or is another one. The hop limit and the checksum
 * are the kernel's to check. No octets make it throw.
 */
export function decodeRouterMessage(octets: Uint8Array, source: IpAddress): RouterMessage | undefined {
  const [type, code] = octets;
  const message = type === icmpTypes.solicitation ? 'solicitation' : type === icmpTypes.advertisement ? 'advertisement' : undefined;
  if (message === undefined || code !== 0 || octets.length < fixedOctets[message]) return undefined;
  const options = optionTypes(octets.subarray(fixedOctets[message]));
  if (options === undefined) return undefined;
  if (message === 'advertisement') return isLinkLocal(source) ? message : undefined;
  const isUnspecified = source.octets.every((octet) => octet === 0);
  return isUnspecified && options.includes(sourceLinkLayerAddress) ? undefined : message;
}

/** Types of all options; undefined where one has no length, or is cut off. */
function optionTypes(octets: Uint8Array): number[] | undefined {
  const types: number[] = [];
  for (let at = 0; at < octets.length; ) {
    const [type, units] = octets.subarray(at);
    if (type === undefined || units === undefined || units === 0) return undefined;
    types.push(type);
    at += units * optionUnit;
    if (at > octets.length) return undefined;
  }
  return types;
}
