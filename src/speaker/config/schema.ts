/**
 * config — a speaker without an operator: one YAML file says what the node announces, and to whom.
 *
 * A file is taken as a whole or not at all; what is wrong with it is one line that names file, field and value. What it says
 * becomes the same entries that an operator would send, so that everything behind it is the same code.
 */
import { z } from 'zod';
import { maxAsn } from '#net/asn.ts';
import { parseCommunity, parseLargeCommunity } from '#net/community.ts';
import { formatIpAddress, isLinkLocal, parseIpAddress } from '#net/ip-address.ts';
import { formatPrefix, parsePrefix } from '#net/prefix.ts';
import type { Result } from '#runtime/result.ts';
import { peerRoles, tcpAoAlgorithms } from '#state/session-options.ts';
import { limits } from '../limits.ts';

/** A text that a parser of `net` understands; the value is what `form` makes of it. */
const parsed = <T, Out>(parse: (text: string) => Result<T, string>, form: (value: T) => Out) =>
  z.string().transform((text, context) => {
    const result = parse(text);
    if (result.ok) return form(result.value);
    context.issues.push({ code: 'custom', message: result.error, input: text });
    return z.NEVER;
  });

const address = parsed(parseIpAddress, formatIpAddress);
const ipv4Address = address.refine((text) => !text.includes(':'), 'an IPv4 address is needed');
const ipv6Address = address.refine((text) => text.includes(':'), 'an IPv6 address is needed');
const asn = z
  .int()
  .min(1)
  .max(maxAsn - 1);
const uint32 = z.int().min(0).max(0xffffffff);

/** BGP attributes of a route; all may be left out. */
const attributes = z.strictObject({
  /** `64500:100` or a well-known name such as `no-export` (RFC 1997). */
  communities: z.array(parsed(parseCommunity, (value) => value)).default([]),
  /** `64500:1:2` (RFC 8092). */
  largeCommunities: z.array(parsed(parseLargeCommunity, (value) => value)).default([]),
  /** MULTI_EXIT_DISC; not sent when left out. */
  med: uint32.optional(),
  /** LOCAL_PREF, on iBGP only; default 100 there. */
  localPref: uint32.optional(),
  /** How many extra times the own AS stands in AS_PATH, on eBGP only; default 0. */
  prepend: z.int().min(0).max(16).default(0),
});

/** Name of a network device: Linux takes 15 characters. */
const device = z.string().regex(/^[^\s/]{1,15}$/, 'a name of 1 to 15 characters is needed, without space or slash');

const peerFields = z.strictObject({
  /** How the peer is called in logs and at the admin socket; default: its address, else its interface. */
  name: z.string().min(1).max(253).optional(),
  /** Without one the peer is unnumbered: the router behind `interface`, whose link-local address is discovered. */
  address: address.optional(),
  /** Interface of a link-local address, or that the router is behind. */
  interface: device.optional(),
  /** Default 179. */
  port: z.int().min(1).max(65_535).default(179),
  /** The router's AS; our own means iBGP. */
  peerASN: asn,
  /** `IPv4`, `IPv6`; default: the family of the address. */
  families: z
    .array(z.enum(['IPv4', 'IPv6']))
    .min(1)
    .optional(),
  /** Hold time that we propose: 0 (no keepalives) or 3–65535; default 9. */
  holdTimeSeconds: z
    .int()
    .min(0)
    .max(65_535)
    .refine((seconds) => seconds === 0 || seconds >= 3, 'must be 0 or at least 3 (RFC 4271 §4.2)')
    .default(9),
  /** Time between connection attempts; default 5. */
  connectRetrySeconds: z.int().min(1).max(3_600).default(5),
  /** Local address to connect from; default: --source-address, else the kernel chooses. */
  sourceAddress: address.optional(),
  /** Next hop of our routes by family; default: our end of the session. */
  nextHop: z.strictObject({ ipv4: ipv4Address.optional(), ipv6: ipv6Address.optional() }).default({}),
  /** Hops to an eBGP router that is not on the link, 2–255. */
  multihopTTL: z.int().min(2).max(255).optional(),
  /** TTL security (RFC 5082): how many hops away the router is, 1–254. */
  ttlSecurityHops: z.int().min(1).max(254).optional(),
  /** A file with the key of TCP MD5 (RFC 2385) in its first line, 1–80 octets. Relative to this file. */
  passwordFile: z.string().min(1).optional(),
  /** TCP-AO (RFC 5925) in place of TCP MD5, with the key of `passwordFile`. */
  tcpAO: z
    .strictObject({
      keyID: z.int().min(0).max(255),
      receiveKeyID: z.int().min(0).max(255),
      algorithm: z.enum(tcpAoAlgorithms).default('HMAC-SHA-1-96'),
    })
    .optional(),
  /** VRF device that the session is bound to. */
  vrf: device.optional(),
  /** True: wait for the router to connect, at `--listen`. Default false. */
  passive: z.boolean().optional(),
  /** Graceful restart (RFC 4724): routers keep our routes for so long, 1–4095 s; `notification` (RFC 8538): over NOTIFICATIONs too. */
  gracefulRestart: z.strictObject({ restartTimeSeconds: z.int().min(1).max(4_095), notification: z.boolean().default(false) }).optional(),
  /** Our role (RFC 9234), eBGP only. */
  role: z.enum(peerRoles).optional(),
  /** The router has to say a role too. Default false. */
  roleStrict: z.boolean().optional(),
  /** Another AS of ours that only this router sees, eBGP only; `replaceAS`: alone, without ours behind it. */
  localAS: z.strictObject({ asn, replaceAS: z.boolean().default(false) }).optional(),
  /** IPv4 routes with IPv6 next hops (RFC 8950). Default: with link-local and unnumbered routers. */
  extendedNextHop: z.boolean().optional(),
  /** Messages beyond 4,096 octets (RFC 8654). Default true. */
  extendedMessages: z.boolean().optional(),
  /** How long our OPEN waits for that of the router, 1–240 s. Default: not. */
  delayOpenSeconds: z.int().min(1).max(240).optional(),
  /** Most prefixes that the router is told; what exceeds it waits. Default: no bound. */
  maxPrefixes: z.int().min(1).max(10_000_000).optional(),
  /** Add NO_LLGR (RFC 9494) to every route. Default false. */
  noLLGR: z.boolean().optional(),
});

const isOnLink = (text: string | undefined): boolean => {
  const at = parseIpAddress(text ?? '');
  return at.ok && isLinkLocal(at.value);
};

/** What two fields of a peer must not say together. */
const peer = peerFields
  .refine(({ address: at, interface: behind }) => at !== undefined || behind !== undefined, {
    message: 'names no router: give its address, or the interface that it is behind',
  })
  .refine(({ address: at, interface: behind }) => !isOnLink(at) || behind !== undefined, {
    path: ['interface'],
    message: 'is missing: a link-local address needs the interface that it is on',
  })
  .refine(({ address: at, interface: behind }) => at === undefined || isOnLink(at) || behind === undefined, {
    path: ['interface'],
    message: 'only a link-local address is on an interface: remove it, or the address of a router that is to be discovered',
  })
  .refine(({ interface: behind, sourceAddress, multihopTTL }) => behind === undefined || (sourceAddress ?? multihopTTL) === undefined, {
    path: ['interface'],
    message: 'excludes sourceAddress and multihopTTL: the router is on the link, and so is our end',
  })
  .refine(({ ttlSecurityHops, multihopTTL }) => ttlSecurityHops === undefined || multihopTTL === undefined, {
    path: ['ttlSecurityHops'],
    message: 'excludes multihopTTL: with TTL security our packets begin with 255',
  })
  .refine(({ tcpAO, passwordFile }) => tcpAO === undefined || passwordFile !== undefined, {
    path: ['passwordFile'],
    message: 'is missing: tcpAO needs a key',
  });

/** One router is behind one interface. */
function oneUnnumberedEach(peers: readonly z.output<typeof peer>[], context: z.core.$RefinementCtx): void {
  const behind = peers.map(({ address: at, interface: name }) => (at === undefined ? name : undefined));
  for (const [index, name] of behind.entries()) {
    if (name === undefined || behind.indexOf(name) === index) continue;
    const message = `is the interface of the unnumbered peer peers[${behind.indexOf(name)}] already: one router is behind one interface`;
    context.addIssue({ code: 'custom', path: [index, 'interface'], message });
  }
}

const route = z.strictObject({ prefix: parsed(parsePrefix, formatPrefix), attributes: attributes.prefault({}) });

/** The file of `anycast speaker --config`. */
export const configSchema = z.strictObject({
  /** Name of this node; default: --node. */
  node: z.string().min(1).max(253).optional(),
  /** Our AS. */
  asn,
  /** BGP Identifier, an IPv4 address that no other speaker has (RFC 6286). */
  routerId: ipv4Address.refine((text) => text !== '0.0.0.0', '0.0.0.0 is no BGP Identifier'),
  peers: z.array(peer).min(1).max(limits.configPeers).superRefine(oneUnnumberedEach),
  /** Default: none. */
  routes: z.array(route).max(limits.configRoutes).default([]),
  /** A file with one prefix per line, announced without attributes; `#` begins a comment. Relative to this file. */
  routesFile: z.string().min(1).optional(),
});

export type Config = z.infer<typeof configSchema>;
export type ConfigPeer = Config['peers'][number];
export type ConfigRoute = Config['routes'][number];
