import { z } from 'zod';
import { isLinkLocal, parseIpAddress } from '#net/ip-address.ts';
import { statusFields } from './conditions.ts';
import { ageColumn, conditionColumn, defineKind, messageColumn, reasonColumn } from './kind.ts';
import { limits } from './limits.ts';
import { parserOf } from './parse.ts';
import { addressFamily, asn, hostAddress, hostAddressOf, int32, list, routerAddress, subdomainName, text, withRules } from './schema.ts';
import { selecting } from './selector.ts';

/** As RFC 9234 §4.1 names them. */
const peerRoles = ['Provider', 'RouteServer', 'RouteServerClient', 'Customer', 'Peer'] as const;

const nextHop = z.object({
  ipv4: hostAddressOf(4).exactOptional().describe('Next hop of IPv4 routes.'),
  ipv6: hostAddressOf(6).exactOptional().describe('Next hop of IPv6 routes.'),
});

/** As RFC 5926 names them. */
const tcpAOAlgorithms = ['HMAC-SHA-1-96', 'AES-128-CMAC-96'] as const;

const tcpAO = z.object({
  keyID: int32(0, 255).describe('KeyID of what we send, 0 to 255; the RecvID of the router.'),
  receiveKeyID: int32(0, 255).describe('KeyID of what the router sends, 0 to 255; its SendID.'),
  algorithm: z
    .enum(tcpAOAlgorithms)
    .default('HMAC-SHA-1-96')
    .describe('HMAC-SHA-1-96 or AES-128-CMAC-96 (RFC 5926). Default HMAC-SHA-1-96.'),
});

/** Name of a network device: Linux takes 15 characters. */
const deviceName = z
  .string()
  .min(1)
  .max(15)
  .regex(/^[^\s/]+$/);

const gracefulRestart = z.object({
  restartTimeSeconds: int32(1, 4_095).describe(
    'For how long the router keeps our routes after the session is lost, in seconds, 1 to 4095.',
  ),
  notification: z
    .boolean()
    .default(false)
    .describe('True: over NOTIFICATIONs and an expired hold time too (RFC 8538); a final stop is a Hard Reset then. Default false.'),
});

const localAS = z.object({
  asn: asn.describe('What our OPEN says, 1 to 4294967294.'),
  replaceAS: z.boolean().default(false).describe('True: alone in AS_PATH. False: before localASN. Default false.'),
});

const fields = z.object({
  address: routerAddress
    .exactOptional()
    .describe(
      "The router's IP address. A link-local one needs interface. Absent: the router behind interface, whose link-local address is discovered (unnumbered). A change starts the session anew.",
    ),
  interface: deviceName
    .exactOptional()
    .describe(
      'Interface of the node that a link-local address is on, or that the router of an unnumbered peer is behind, as the only one there; that needs the capability NET_RAW. A change starts the session anew. Default: none.',
    ),
  port: int32(1, 65_535).default(179).describe("The router's TCP port, 1 to 65535. Default 179."),
  localASN: asn.describe('Our AS number, 1 to 4294967294.'),
  peerASN: asn.describe("The router's AS number, 1 to 4294967294. Equal to localASN: iBGP."),
  families: list(addressFamily, 'set', { min: 1, max: 2 })
    .exactOptional()
    .describe(
      'Address families of the session, IPv4 and IPv6. Default: the family of address, or both without one; one session per family is the robust way.',
    ),
  holdTimeSeconds: withRules(int32(0, 65_535), [
    {
      cel: 'self == 0 || self >= 3',
      message: 'a hold time is at least 3 seconds, or 0 for none (RFC 4271 section 4.2)',
      holds: (seconds) => seconds === 0 || seconds >= 3,
    },
  ])
    .default(9)
    .describe(
      'After how long a silence the session ends, in seconds: 3 to 65535, or 0 for never. The lower of ours and that of the router counts. A shorter time notices a dead router or node sooner, and tolerates less. Default 9.',
    ),
  connectRetrySeconds: int32(1, limits.connectRetrySeconds)
    .default(5)
    .describe('Time between attempts to connect, in seconds, 1 to 3600; it grows while attempts fail. Default 5.'),
  sourceAddress: hostAddress
    .exactOptional()
    .describe(
      "Our end of the session, an address that every selected node has, of the same family as address. Excludes interface. Default: the kernel's choice.",
    ),
  nextHop: nextHop
    .prefault({})
    .describe(
      'Where routers shall send traffic, by family. Default: our end of the session if it is of that family, else a global address of that family on the interface that reaches the router.',
    ),
  multihopTTL: int32(2, 255)
    .exactOptional()
    .describe('How many hops away an eBGP router may be, 2 to 255. Default: it is on the same link. iBGP has no such bound.'),
  passwordSecret: subdomainName
    .exactOptional()
    .describe(
      'A Secret of type kubernetes.io/basic-auth in the namespace of the operator, whose key password has the password of the session: 1 to 80 octets, its first line counts. Connections are signed with it (TCP MD5, RFC 2385); the router has to have the same. Without a Secret that was ever read no session is opened; one that goes takes nothing away. A change starts the session anew, and so does another password in the Secret. Default: none.',
    ),
  tcpAO: tcpAO
    .exactOptional()
    .describe(
      'Sign with TCP-AO (RFC 5925) in place of TCP MD5, with the password of passwordSecret as master key. A node whose kernel does not have it goes on with the session as it was, and says so. A change starts the session anew. Default: TCP MD5.',
    ),
  ttlSecurityHops: int32(1, 254)
    .exactOptional()
    .describe(
      'TTL security (RFC 5082): how many hops away the router is, 1 to 254. We send with 255, and take nothing that comes from further away; the router has to do the same. Excludes multihopTTL. A change starts the session anew. Default: none.',
    ),
  vrf: deviceName
    .exactOptional()
    .describe('VRF device of the node that the session is bound to. A change starts the session anew. Default: none.'),
  passive: z
    .boolean()
    .exactOptional()
    .describe(
      'True: speakers never connect, the router does; they have to listen (anycast speaker --listen). A change starts the session anew. Default false.',
    ),
  gracefulRestart: gracefulRestart
    .exactOptional()
    .describe(
      'Graceful restart (RFC 4724): the router keeps our routes while a speaker restarts, and also while its node is dead. A change starts the session anew. Default: not offered.',
    ),
  role: z
    .enum(peerRoles)
    .exactOptional()
    .describe(
      'Our role towards the router (RFC 9234), eBGP only: it refuses sessions that do not fit, and marks routes so that leaks are seen. A change starts the session anew. Default: none.',
    ),
  roleStrict: z
    .boolean()
    .exactOptional()
    .describe('True: a router that says no role is refused. A change starts the session anew. Default false.'),
  localAS: localAS
    .exactOptional()
    .describe(
      'Another AS of ours that only this router sees, eBGP only (RFC 7705). Routes received are none of ours, so that there is no no-prepend. A change starts the session anew. Default: localASN.',
    ),
  extendedNextHop: z
    .boolean()
    .exactOptional()
    .describe(
      'Offer IPv4 routes with IPv6 next hops (RFC 8950). A change starts the session anew. Default: true with interface, else false.',
    ),
  extendedMessages: z
    .boolean()
    .exactOptional()
    .describe('Offer messages of up to 65535 octets (RFC 8654). A change starts the session anew. Default true.'),
  delayOpenSeconds: int32(1, 240)
    .exactOptional()
    .describe(
      'How long our OPEN waits for that of the router, in seconds, 1 to 240 (DelayOpen, RFC 4271). Counts from the next connection on. Default: not.',
    ),
  maxPrefixes: int32(1, 10_000_000)
    .exactOptional()
    .describe(
      'Most prefixes that the router is told by one node, 1 to 10000000. What exceeds it waits, nothing is withdrawn. Counts at once. Default: no bound.',
    ),
  noLLGR: z
    .boolean()
    .exactOptional()
    .describe(
      'True: add NO_LLGR (RFC 9494) to every route, so that the router does not keep it as a long-lived stale one. Counts at once. Default false.',
    ),
  nodeSelector: selecting('Which Nodes have a session with this router'),
});

type Fields = z.output<typeof fields>;

const isIpv6 = (address: string): boolean => address.includes(':');

const carries = (peer: Fields, family: 'IPv4' | 'IPv6'): boolean =>
  peer.families?.includes(family) ?? (peer.address === undefined || isIpv6(peer.address) === (family === 'IPv6'));

const nextHopRule = (field: 'ipv4' | 'ipv6', family: 'IPv4' | 'IPv6', number: 4 | 6) => ({
  cel: `!has(self.nextHop) || !has(self.nextHop.${field}) || (has(self.families) ? '${family}' in self.families : !has(self.address) || !isIP(self.address) || ip(self.address).family() == ${number})`,
  message: `the session does not carry ${family} routes: add ${family} to families, or remove this next hop`,
  field: `nextHop.${field}`,
  holds: (peer: Fields) => peer.nextHop[field] === undefined || carries(peer, family),
});

const isOnLink = ({ address = '' }: Fields): boolean => {
  const ip = parseIpAddress(address);
  return ip.ok && isLinkLocal(ip.value);
};
const celIsOnLink = '(isIP(self.address) && ip(self.address).family() == 6 && ip(self.address).isLinkLocalUnicast())';

const spec = withRules(fields, [
  {
    cel: 'has(self.address) || has(self.interface)',
    message: 'name the router: write its address, or the interface that it is behind',
    field: 'address',
    holds: (peer) => peer.address !== undefined || peer.interface !== undefined,
  },
  {
    cel: `!has(self.address) || has(self.interface) || !${celIsOnLink}`,
    message: 'fe80:: addresses mean another host on every link: write the interface that this one is on',
    field: 'interface',
    holds: (peer) => peer.interface !== undefined || !isOnLink(peer),
  },
  {
    cel: `!has(self.interface) || !has(self.address) || !isIP(self.address) || ${celIsOnLink}`,
    message: 'only a link-local address is on an interface: remove interface, or address for a router that is to be discovered',
    field: 'interface',
    holds: (peer) => peer.interface === undefined || peer.address === undefined || isOnLink(peer),
  },
  {
    cel: '!has(self.interface) || !(has(self.sourceAddress) || has(self.multihopTTL))',
    message: 'the router is on the link, and so is our end: remove sourceAddress and multihopTTL',
    field: 'interface',
    holds: (peer) => peer.interface === undefined || (peer.sourceAddress === undefined && peer.multihopTTL === undefined),
  },
  {
    cel: '!has(self.multihopTTL) || self.localASN != self.peerASN',
    message: 'iBGP (localASN equals peerASN) has no such bound: remove multihopTTL, or correct an AS number',
    field: 'multihopTTL',
    holds: (peer) => peer.multihopTTL === undefined || peer.localASN !== peer.peerASN,
  },
  {
    cel: '!has(self.sourceAddress) || !has(self.address) || !isIP(self.sourceAddress) || !isIP(self.address) || ip(self.sourceAddress).family() == ip(self.address).family()',
    message: 'both ends of a connection are of one family: write an address of the same family as address',
    field: 'sourceAddress',
    holds: ({ address, sourceAddress }) =>
      sourceAddress === undefined || address === undefined || isIpv6(sourceAddress) === isIpv6(address),
  },
  {
    cel: '!has(self.tcpAO) || has(self.passwordSecret)',
    message: 'TCP-AO has a key: name the Secret that holds it in passwordSecret, or remove tcpAO',
    field: 'tcpAO',
    holds: (peer) => peer.tcpAO === undefined || peer.passwordSecret !== undefined,
  },
  {
    cel: '!has(self.ttlSecurityHops) || !has(self.multihopTTL)',
    message: 'with TTL security our packets begin with 255: remove multihopTTL',
    field: 'ttlSecurityHops',
    holds: (peer) => peer.ttlSecurityHops === undefined || peer.multihopTTL === undefined,
  },
  {
    cel: '!has(self.role) || self.localASN != self.peerASN',
    message: 'roles are for eBGP (RFC 9234): remove role, or correct an AS number',
    field: 'role',
    holds: (peer) => peer.role === undefined || peer.localASN !== peer.peerASN,
  },
  {
    cel: '!has(self.localAS) || (self.localASN != self.peerASN && self.localAS.asn != self.peerASN)',
    message: "another AS is for eBGP, and is not the router's: remove localAS, or correct an AS number",
    field: 'localAS',
    holds: (peer) => peer.localAS === undefined || (peer.localASN !== peer.peerASN && peer.localAS.asn !== peer.peerASN),
  },
  nextHopRule('ipv4', 'IPv4', 4),
  nextHopRule('ipv6', 'IPv6', 6),
]);

const status = z.object({
  ...statusFields(
    'Accepted: the spec can be followed. ResolvedRefs, where there is a passwordSecret: it is there, with a password. Ready: the sessions of all selected nodes are established.',
  ),
  sessions: text(limits.wordLength).exactOptional().describe('Established sessions of all that there should be, such as 2/3.'),
});

export const anycastPeer = defineKind({
  kind: 'AnycastPeer',
  plural: 'anycastpeers',
  shortName: 'acpeer',
  namespaced: false,
  description: 'An AnycastPeer is one router that nodes speak BGP with. Each selected node has one session with it, and opens it.',
  spec: spec.describe('What is wanted.'),
  status: status.describe('What is so, as the operator sees it.'),
  columns: [
    { name: 'Address', type: 'string', jsonPath: '.spec.address', description: "The router's address." },
    {
      name: 'Interface',
      type: 'string',
      jsonPath: '.spec.interface',
      description: 'The interface that the router is behind.',
      wide: true,
    },
    { name: 'ASN', type: 'integer', jsonPath: '.spec.peerASN', description: "The router's AS number." },
    { name: 'Sessions', type: 'string', jsonPath: '.status.sessions', description: 'Established sessions, of those that there should be.' },
    conditionColumn('Ready', 'Whether all sessions are established.'),
    reasonColumn,
    ageColumn,
    messageColumn,
  ],
});

export type AnycastPeerSpec = z.output<typeof spec>;
export type AnycastPeerStatus = z.output<typeof status>;

/** Reads an AnycastPeer. */
export const parseAnycastPeer = parserOf(anycastPeer);
