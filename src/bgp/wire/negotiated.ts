import type { AddressFamily } from '#net/ip-address.ts';
import { limits } from './limits.ts';

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
};

/** Until both OPENs were read nothing is agreed, and UPDATEs are not expected. */
export const nothingNegotiated: DecodeContext = {
  fourOctetAsn: false,
  maxMessageLength: limits.messageOctets,
  peerType: 'ebgp',
  families: [],
};
