import fc from 'fast-check';
import type { Capability } from '../messages.ts';

const u8 = fc.integer({ min: 0, max: 0xff });
const u16 = fc.integer({ min: 0, max: 0xffff });
const family = { afi: u16, safi: u8 };
const text = fc.string({ maxLength: 20 });
const kind = <K extends Capability['kind']>(name: K) => fc.constant(name);

/** Some of what a capability may list. */
const some = <T>(member: fc.Arbitrary<T>) => fc.array(member, { maxLength: 3 });

/** Any capability but that of four-octet AS numbers, which has to fit to the OPEN. */
export const capability: fc.Arbitrary<Capability> = fc.oneof(
  fc.record({ kind: kind('multiprotocol'), ...family }),
  fc.constantFrom<Capability>(
    { kind: 'routeRefresh' },
    { kind: 'routeRefresh', prestandard: true },
    { kind: 'extendedMessages' },
    { kind: 'enhancedRouteRefresh' },
  ),
  fc.record({ kind: kind('extendedNextHop'), entries: some(fc.record({ afi: u16, safi: u16, nextHopAfi: u16 })) }),
  fc.record({
    kind: kind('role'),
    role: fc.oneof(fc.constantFrom('Provider', 'RouteServer', 'RouteServerClient', 'Customer', 'Peer'), fc.integer({ min: 5, max: 0xff })),
  }),
  fc.record({
    kind: kind('gracefulRestart'),
    restarting: fc.boolean(),
    notification: fc.boolean(),
    restartTimeS: fc.integer({ min: 0, max: 4_095 }),
    families: some(fc.record({ ...family, forwardingPreserved: fc.boolean() })),
  }),
  fc.record({
    kind: kind('longLivedGracefulRestart'),
    families: some(fc.record({ ...family, forwardingPreserved: fc.boolean(), staleTimeS: fc.integer({ min: 0, max: 0xffffff }) })),
  }),
  fc.record({
    kind: kind('addPath'),
    entries: some(fc.record({ ...family, send: fc.boolean(), receive: fc.boolean() }).filter(({ send, receive }) => send || receive)),
  }),
  fc.record({ kind: kind('fqdn'), hostName: text, domainName: text }),
  fc.record({ kind: kind('softwareVersion'), version: text }),
  fc.record({ kind: kind('unknown'), code: fc.constantFrom(3, 67, 239), value: fc.uint8Array({ maxLength: 20 }) }),
);
