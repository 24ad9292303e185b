import type { AddressFamily } from '#net/ip-address.ts';

/** BGP message types. */
export const messageType = { open: 1, update: 2, notification: 3, keepalive: 4, routeRefresh: 5 } as const;

/** Capability codes that this room reads (RFC 5492 registry). */
export const capabilityCode = {
  multiprotocol: 1,
  routeRefresh: 2,
  extendedNextHop: 5,
  extendedMessages: 6,
  role: 9,
  gracefulRestart: 64,
  fourOctetAsn: 65,
  addPath: 69,
  enhancedRouteRefresh: 70,
  longLivedGracefulRestart: 71,
  fqdn: 73,
  softwareVersion: 75,
  prestandardRouteRefresh: 128,
} as const;

/** BGP roles by the number on the wire (RFC 9234 §4.1). */
export const roles = ['Provider', 'RouteServer', 'RouteServerClient', 'Customer', 'Peer'] as const;

/** Path attribute type codes that this room reads. */
export const attributeCode = {
  origin: 1,
  asPath: 2,
  nextHop: 3,
  med: 4,
  localPref: 5,
  atomicAggregate: 6,
  aggregator: 7,
  communities: 8,
  originatorId: 9,
  clusterList: 10,
  mpReach: 14,
  mpUnreach: 15,
  extendedCommunities: 16,
  as4Path: 17,
  as4Aggregator: 18,
  ipv6ExtendedCommunities: 25,
  aigp: 26,
  bgpLs: 29,
  largeCommunities: 32,
  otc: 35,
  prefixSid: 40,
} as const;

/** Address family identifiers; the subsequent one is unicast. */
export const afi: Readonly<Record<AddressFamily, number>> = { IPv4: 1, IPv6: 2 };
export const safiUnicast = 1;

/** Our name for what the wire calls AFI and SAFI; undefined for what we don't carry. */
export function familyOf(afiNumber: number, safiNumber: number): AddressFamily | undefined {
  if (safiNumber !== safiUnicast) return undefined;
  if (afiNumber === afi.IPv4) return 'IPv4';
  return afiNumber === afi.IPv6 ? 'IPv6' : undefined;
}

/** What a ROUTE-REFRESH asks or says (RFC 7313 §3.2). */
export const refreshSubtype = { request: 0, begin: 1, end: 2 } as const;

/** NOTIFICATION error codes. */
export const errorCode = {
  messageHeader: 1,
  open: 2,
  update: 3,
  holdTimerExpired: 4,
  finiteStateMachine: 5,
  cease: 6,
  routeRefresh: 7,
  sendHoldTimerExpired: 8,
} as const;

/** NOTIFICATION subcodes that we answer with (RFC 4271 §6, RFC 5492, RFC 7313, RFC 9234). */
export const errorSubcode = {
  connectionNotSynchronized: 1,
  badMessageLength: 2,
  badMessageType: 3,
  openUnspecific: 0,
  unsupportedVersion: 1,
  badPeerAs: 2,
  badBgpIdentifier: 3,
  unsupportedOptionalParameter: 4,
  unacceptableHoldTime: 6,
  unsupportedCapability: 7,
  roleMismatch: 11,
  malformedAttributeList: 1,
  attributeFlagsError: 4,
  optionalAttributeError: 9,
  invalidNetworkField: 10,
  refreshInvalidLength: 1,
} as const;

/** Cease subcodes (RFC 4486, RFC 8538, RFC 9384). */
export const ceaseSubcode = {
  maximumPrefixes: 1,
  administrativeShutdown: 2,
  peerDeconfigured: 3,
  administrativeReset: 4,
  connectionRejected: 5,
  otherConfigurationChange: 6,
  connectionCollision: 7,
  outOfResources: 8,
  hardReset: 9,
  bfdDown: 10,
} as const;

type CodeNames = { readonly name: string; readonly subcodes: Readonly<Record<number, string>> };

/** The registries' names, for people. */
export const notificationNames: Readonly<Record<number, CodeNames>> = {
  1: {
    name: 'Message Header Error',
    subcodes: { 1: 'Connection Not Synchronized', 2: 'Bad Message Length', 3: 'Bad Message Type' },
  },
  2: {
    name: 'OPEN Message Error',
    subcodes: {
      1: 'Unsupported Version Number',
      2: 'Bad Peer AS',
      3: 'Bad BGP Identifier',
      4: 'Unsupported Optional Parameter',
      6: 'Unacceptable Hold Time',
      7: 'Unsupported Capability',
      11: 'Role Mismatch',
    },
  },
  3: {
    name: 'UPDATE Message Error',
    subcodes: {
      1: 'Malformed Attribute List',
      2: 'Unrecognized Well-known Attribute',
      3: 'Missing Well-known Attribute',
      4: 'Attribute Flags Error',
      5: 'Attribute Length Error',
      6: 'Invalid ORIGIN Attribute',
      8: 'Invalid NEXT_HOP Attribute',
      9: 'Optional Attribute Error',
      10: 'Invalid Network Field',
      11: 'Malformed AS_PATH',
    },
  },
  4: { name: 'Hold Timer Expired', subcodes: {} },
  5: {
    name: 'Finite State Machine Error',
    subcodes: {
      1: 'Receive Unexpected Message in OpenSent State',
      2: 'Receive Unexpected Message in OpenConfirm State',
      3: 'Receive Unexpected Message in Established State',
    },
  },
  6: {
    name: 'Cease',
    subcodes: {
      1: 'Maximum Number of Prefixes Reached',
      2: 'Administrative Shutdown',
      3: 'Peer De-configured',
      4: 'Administrative Reset',
      5: 'Connection Rejected',
      6: 'Other Configuration Change',
      7: 'Connection Collision Resolution',
      8: 'Out of Resources',
      9: 'Hard Reset',
      10: 'BFD Down',
    },
  },
  7: { name: 'ROUTE-REFRESH Message Error', subcodes: { 1: 'Invalid Message Length' } },
  8: { name: 'Send Hold Timer Expired', subcodes: {} },
};
