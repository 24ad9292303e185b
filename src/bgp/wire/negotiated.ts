import type { Asn } from '#net/asn.ts';
import type { AddressFamily } from '#net/ip-address.ts';
import { limits } from './limits.ts';
import type { Role } from './messages.ts';

/** What encoding a message depends on. */
export type EncodeContext = {
  /** Whether AS numbers take four octets on this session: both sides offered it (RFC 6793). */
  readonly fourOctetAsn: boolean;
  /** Octets of the longest message that the router takes: 4096, or 65535 where it offered that (RFC 8654). */
  readonly maxMessageLength: number;
};

/** What decoding a message depends on. */
export type DecodeContext = EncodeContext & {
  /** iBGP where both ends are in one AS: some attributes are legal there only. */
  readonly peerType: 'ebgp' | 'ibgp';
  /** Families that both sides offered. Routes of others are ignored. */
  readonly families: readonly AddressFamily[];
  /** Octets of the longest message that we take: 4096, or 65535 where we offered that, whatever the router did (RFC 8654 §4). */
  readonly maxReceivedLength: number;
  /** Families of which the router sends several paths for one prefix: it offered to, and we to receive them (RFC 7911). Default: none. */
  readonly addPath?: readonly AddressFamily[];
  /** Both sides offered IPv4 routes with IPv6 next hops (RFC 8950). Default false: such a next hop is malformed. */
  readonly extendedNextHop?: boolean;
  /** Who we are to the router, and its AS: what Only to Customer is judged by (RFC 9234 §5). eBGP only. Default: it is not judged. */
  readonly relation?: { readonly role: Role; readonly peerAsn: Asn };
};

/** Until both OPENs were read nothing is agreed, and UPDATEs are not expected. */
export const nothingNegotiated: DecodeContext = {
  fourOctetAsn: false,
  maxMessageLength: limits.messageOctets,
  peerType: 'ebgp',
  families: [],
  maxReceivedLength: limits.messageOctets,
};
