import fc from 'fast-check';
import { type AddressFamily, addressBits, type IpAddress } from '#net/ip-address.ts';
import { maskedPrefix, type Prefix } from '#net/prefix.ts';
import type { Message, OpenMessage, PathAttributes, Reachable, UpdateMessage } from '../messages.ts';
import { capability } from './capability-arbitraries.ts';

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const u32 = fc.integer({ min: 0, max: 0xffffffff });
const asn = fc.oneof(fc.integer({ min: 1, max: 0xffff }), fc.integer({ min: 1, max: 0xfffffffe }));
const octets = (minLength: number, maxLength = minLength) => fc.uint8Array({ minLength, maxLength });
const family = fc.constantFrom<AddressFamily>('IPv4', 'IPv6');

/** An address that a router could be reached at. */
const address = (of: AddressFamily): fc.Arbitrary<IpAddress> =>
  octets(addressBits(of) / 8).map((bytes) => ({ family: of, octets: Uint8Array.of(of === 'IPv4' ? 10 : 0x20, ...bytes.slice(1)) }));

/** Any prefix of the family, host bits zero. */
export const prefixes = (of: AddressFamily): fc.Arbitrary<Prefix> =>
  fc
    .tuple(octets(addressBits(of) / 8), fc.integer({ min: 0, max: addressBits(of) }))
    .map(([bytes, length]) => maskedPrefix({ family: of, octets: bytes }, length));

/** Any OPEN that decoding accepts, with few capabilities or so many that RFC 9072 is needed. */
export const opens: fc.Arbitrary<OpenMessage> = fc
  .record({
    asn,
    holdTimeS: fc.oneof(fc.constant(0), fc.integer({ min: 3, max: 0xffff })),
    routerId: fc.integer({ min: 1, max: 0xffffffff }),
    capabilities: fc.array(capability, { maxLength: 30 }),
  })
  .map((open) => ({ kind: 'open', ...open, capabilities: [{ kind: 'fourOctetAsn', asn: open.asn }, ...open.capabilities] }));

const sortedUnique = (values: number[]): number[] => [...new Set(values)].sort((a, b) => a - b);

/** What any route may carry. Those of iBGP only where `internal`. */
export function pathAttributes(internal: boolean): fc.Arbitrary<PathAttributes> {
  const required = {
    origin: fc.constantFrom('IGP' as const, 'EGP' as const, 'INCOMPLETE' as const),
    asPath: fc.array(asn, { maxLength: 300 }),
  };
  const optional = {
    med: u32,
    atomicAggregate: fc.constant(true as const),
    aggregator: fc.record({ asn, address: address('IPv4') }),
    communities: fc.array(u32, { minLength: 1, maxLength: 70 }).map(sortedUnique),
    largeCommunities: fc.tuple(u32, u32, u32).map((one) => [one]),
    extendedCommunities: fc.constantFrom(8, 16).chain((length) => octets(length)),
    ipv6ExtendedCommunities: octets(20),
    otc: asn,
    unknown: fc.record({ code: fc.integer({ min: 200, max: 255 }), value: octets(0, 300) }).map((one) => [one]),
  };
  const internalOnly = {
    prefixSid: fc.constant(Uint8Array.of(1, 0, 1, 7)),
    localPref: u32,
    originatorId: u32,
    clusterList: fc.array(u32, { minLength: 1, maxLength: 3 }),
  };
  return internal
    ? fc.record({ ...required, ...optional, ...internalOnly }, { requiredKeys: ['origin', 'asPath'] })
    : fc.record({ ...required, ...optional }, { requiredKeys: ['origin', 'asPath'] });
}

const reachables = (internal: boolean): fc.Arbitrary<Reachable> =>
  family.chain((of) =>
    fc.record(
      {
        family: fc.constant(of),
        prefixes: fc.array(prefixes(of), { minLength: 1, maxLength: 40 }),
        nextHop: address(of),
        attributes: pathAttributes(internal),
        ...(of === 'IPv6' && { linkLocalNextHop: address(of) }),
      },
      { requiredKeys: ['family', 'prefixes', 'nextHop', 'attributes'] },
    ),
  );

/** Any UPDATE that we could send. */
export const updates = (internal: boolean): fc.Arbitrary<UpdateMessage> =>
  fc.oneof(
    reachables(internal).map((group): UpdateMessage => ({ kind: 'update', unreachable: [], reachable: [group], faults: [] })),
    family
      .chain((of) => fc.record({ family: fc.constant(of), prefixes: fc.array(prefixes(of), { minLength: 1, maxLength: 40 }) }))
      .map((group): UpdateMessage => ({ kind: 'update', unreachable: [group], reachable: [], faults: [] })),
    family.map((of): UpdateMessage => ({ kind: 'update', unreachable: [], reachable: [], endOfRib: of, faults: [] })),
  );

/** Any message that we could send. */
export const messages: fc.Arbitrary<Message> = fc.oneof(
  opens,
  updates(true),
  fc.record({ kind: fc.constant('notification' as const), code: u8, subcode: u8, data: octets(0, 300) }),
  fc.constant<Message>({ kind: 'keepalive' }),
  fc.record({ kind: fc.constant('routeRefresh' as const), afi: u16, safi: u8, subtype: u8 }),
);
