import { z } from 'zod';
import { maxAsn } from '#net/asn.ts';
import { parseCommunity, parseLargeCommunity, wellKnownCommunities } from '#net/community.ts';
import { formatIpAddress, type IpAddress, isLinkLocal, parseIpAddress } from '#net/ip-address.ts';
import { hostPrefix, type Prefix, parsePrefix } from '#net/prefix.ts';
import { err, type Result } from '#runtime/result.ts';
import { limits } from './limits.ts';

/**
 * Something that must hold beyond the type of a value, said twice: in CEL for the API server, which refuses the object when it
 * is written, and in TypeScript for us, who may read objects that were written before the rule.
 */
export type Rule<T> = {
  /** The expression for the API server; `self` is the value. */
  readonly cel: string;
  /** What to do about it. Field and value need not be in it: whoever says it names them. */
  readonly message: string;
  /** The field below the value that is wrong, such as `nextHop.ipv4`. Default: the value itself. */
  readonly field?: string;
  /** The same for us. Absent where only the API server can know: rules about changes, and those that parsing includes. */
  readonly holds?: (value: T) => boolean;
};

/** What the API server is told of a rule: an item of `x-kubernetes-validations`. */
type Validation = { readonly rule: string; readonly message: string; readonly fieldPath?: string };

/** The rules as the API server reads them. */
export const validationsOf = (rules: readonly Rule<never>[]): Validation[] =>
  rules.map(({ cel, message, field }) => ({ rule: cel, message, ...(field !== undefined && { fieldPath: `.${field}` }) }));

/** A schema whose values keep rules, beside those that it has already. */
export function withRules<S extends z.ZodType>(schema: S, rules: readonly Rule<z.output<S>>[]): S {
  let checked = schema;
  for (const { holds, message, field } of rules) {
    if (holds !== undefined) checked = checked.refine(holds, { message, path: field?.split('.') ?? [] });
  }
  const before = (schema.meta()?.['x-kubernetes-validations'] ?? []) as readonly Validation[];
  return checked.meta({ 'x-kubernetes-validations': [...before, ...validationsOf(rules)] });
}

/** How a list merges when several writers apply it: as a whole, by value, or by the named fields of its items. */
export type ListType = 'atomic' | 'set' | readonly [string, ...string[]];

/** A bounded list. */
export function list<S extends z.ZodType>(item: S, type: ListType, size: { readonly min?: number; readonly max: number }): z.ZodArray<S> {
  const array = z.array(item).max(size.max);
  const bounded = size.min === undefined ? array : array.min(size.min);
  if (typeof type === 'string') return bounded.meta({ 'x-kubernetes-list-type': type });
  return bounded.meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': type });
}

/** A text of bounded length, not empty. */
export const text = (maxLength: number) => z.string().min(1).max(maxLength);

/** A text of bounded length that may be empty. */
export const sentence = z.string().max(limits.sentenceLength);

/** Name of a Kubernetes object. */
export const objectName = text(limits.nameLength);

/** Name of a Kubernetes object whose kind takes DNS subdomain names (RFC 1123), as most do. */
export const subdomainName = objectName.regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/);

/** A moment, RFC 3339. */
export const date = z.string().max(limits.dateLength).meta({ format: 'date-time' });

/** A whole number that fits 32 bits with a sign. */
export const int32 = (min: number, max: number) => z.int().min(min).max(max).meta({ format: 'int32' });

/** A count in a status. */
export const count = int32(0, 0x7fffffff);

/** A whole number that only grows: generations, versions, terms. */
export const serial = z.int().min(0).max(Number.MAX_SAFE_INTEGER).meta({ format: 'int64' });

/** An unsigned 32-bit number of BGP. */
export const uint32 = z.int().min(0).max(0xffffffff).meta({ format: 'int64' });

/** An AS number without the reserved 0 and 4294967295 (RFC 7607, RFC 7300). */
export const asn = z
  .int()
  .min(1)
  .max(maxAsn - 1)
  .meta({ format: 'int64' });

export const addressFamily = z.enum(['IPv4', 'IPv6']);

/** A text that a parser of `net` understands; the value is what the parser makes of it. */
function parsed<T>(maxLength: number, parse: (text: string) => Result<T, string>, rules: readonly Rule<T>[]) {
  const schema = text(maxLength).transform((input, context): T => {
    const result = parse(input);
    if (result.ok) return result.value;
    context.issues.push({ code: 'custom', message: result.error, input });
    return z.NEVER;
  });
  return withRules(schema, rules);
}

const isAddress = { cel: 'isIP(self)', message: 'write an IPv4 or IPv6 address such as 192.0.2.53 or 2001:db8::53' };

const canonicalAddress = (input: string): Result<string, string> => {
  const result = parseIpAddress(input);
  return result.ok ? { ok: true, value: formatIpAddress(result.value) } : result;
};

/** An IP address; the value is its canonical text. */
export const address = parsed(limits.addressLength, canonicalAddress, [isAddress]);

const isUnspecified = (ip: IpAddress): boolean => ip.octets.every((octet) => octet === 0);

/** The address of a router: one that means the same on every link, or with an interface beside it a link-local one. */
export const routerAddress = parsed(limits.addressLength, canonicalAddress, [
  isAddress,
  {
    cel: '!isIP(self) || !ip(self).isUnspecified()',
    message: 'name one host: 0.0.0.0 and :: are none',
    holds: (canonical) => {
      const ip = parseIpAddress(canonical);
      return ip.ok && !isUnspecified(ip.value);
    },
  },
]);

/** An address of one host that means the same on every link: our end of a session, a next hop. */
export const hostAddress = parsed(limits.addressLength, canonicalAddress, [
  isAddress,
  {
    cel: '!isIP(self) || !(ip(self).isUnspecified() || (ip(self).family() == 6 && ip(self).isLinkLocalUnicast()))',
    message: 'name one host: 0.0.0.0 and :: are none, and fe80:: addresses mean another host on every link; use a global address',
    holds: (canonical) => {
      const ip = parseIpAddress(canonical);
      return ip.ok && !isUnspecified(ip.value) && !isLinkLocal(ip.value);
    },
  },
]);

/** A {@link hostAddress} of one family. */
export const hostAddressOf = (family: 4 | 6) =>
  withRules(hostAddress, [
    {
      cel: `!isIP(self) || ip(self).family() == ${family}`,
      message: `write an IPv${family} address here`,
      holds: (canonical) => canonical.includes(':') === (family === 6),
    },
  ]);

/** A prefix, or an address that stands for the prefix of this one host. */
export const prefix = parsed(
  limits.prefixLength,
  (input): Result<Prefix, string> => {
    if (input.includes('/')) return parsePrefix(input);
    const ip = parseIpAddress(input);
    return ip.ok ? { ok: true, value: hostPrefix(ip.value) } : err(`"${input}" is neither a prefix nor an IP address`);
  },
  [
    { cel: 'isCIDR(self) || isIP(self)', message: 'write a prefix such as 192.0.2.0/24 or 2001:db8:53::/64, or one address' },
    {
      cel: '!isCIDR(self) || cidr(self) == cidr(self).masked()',
      message: 'host bits are set: write the first address of the prefix, as in 192.0.2.0/24',
    },
  ],
);

const number = (digits: number) => `(0|[1-9][0-9]{0,${digits - 1}})`;

/** A community; the value is a number. */
export const community = parsed(limits.communityLength, parseCommunity, [
  {
    cel:
      `self in [${Object.keys(wellKnownCommunities)
        .map((name) => `'${name}'`)
        .join(', ')}]` + ` || (self.matches('^${number(5)}:${number(5)}$') && self.split(':').all(part, int(part) <= 65535))`,
    message: `write two numbers from 0 to 65535 as in 64500:100, or one of ${Object.keys(wellKnownCommunities).join(', ')}`,
  },
]);

/** A large community; the value is three numbers. */
export const largeCommunity = parsed(limits.communityLength, parseLargeCommunity, [
  {
    cel: `self.matches('^${number(10)}:${number(10)}:${number(10)}$') && self.split(':').all(part, int(part) <= 4294967295)`,
    message: 'write three numbers from 0 to 4294967295 as in 64500:1:2',
  },
]);
