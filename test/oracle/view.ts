import { encodeCapability } from '#bgp/wire/capabilities.ts';
import { decodeMessage } from '#bgp/wire/decode.ts';
import type { Message, OpenMessage, PathAttributes, PrefixGroup, Reachable, UpdateMessage } from '#bgp/wire/messages.ts';
import type { DecodeContext } from '#bgp/wire/negotiated.ts';

/** How a message was taken; what is discarded from it counts as fine. `panic` is GoBGP's only. */
export type Handling = 'fine' | 'withdraw' | 'disableFamily' | 'reset' | 'panic';

/** Routes that share next hops; addresses in hexadecimal, so that no two ways to write one differ. */
export type Group = { readonly family: string; readonly nextHop: string; readonly prefixes: readonly string[] };

/** What a decoder made of a message, in words that both know: same shape as `View` of gobgp/main.go. */
export type View = {
  readonly kind: string;
  readonly handling: Handling;
  readonly problem?: string;
  readonly withdrawn?: readonly Group[];
  readonly announced?: readonly Group[];
  readonly attributes?: Readonly<Record<string, unknown>>;
  readonly fields?: Readonly<Record<string, unknown>>;
};

/** Our decoder's view. */
export function ourView(frame: Uint8Array, context: DecodeContext): View {
  const decoded = decodeMessage(frame, context);
  if (decoded.ok) return viewOf(decoded.value);
  const { notification, message } = decoded.error;
  return { kind: { 2: 'open', 3: 'update' }[notification.code] ?? 'error', handling: 'reset', problem: message };
}

function viewOf(message: Message): View {
  switch (message.kind) {
    case 'update':
      return updateView(message);
    case 'open':
      return { kind: 'open', handling: 'fine', fields: openFields(message) };
    case 'notification':
      return {
        kind: 'notification',
        handling: 'fine',
        fields: { code: message.code, subcode: message.subcode, data: hexOf(message.data) },
      };
    case 'routeRefresh':
      return { kind: 'routeRefresh', handling: 'fine', fields: { afi: message.afi, safi: message.safi, subtype: message.subtype } };
    case 'keepalive':
      return { kind: 'keepalive', handling: 'fine' };
  }
}

const openFields = ({ asn, holdTimeS, routerId, capabilities }: OpenMessage) => ({
  asn,
  holdTime: holdTimeS,
  id: routerId.toString(16).padStart(8, '0'),
  capabilities: capabilities.map((capability) => encodeCapability(capability)[0]),
});

function updateView({ reachable, unreachable, faults }: UpdateMessage): View {
  const verdicts = faults.map(({ verdict }) => verdict);
  const strongest = (['disableFamily', 'withdraw'] as const).find((verdict) => verdicts.includes(verdict));
  const [first] = reachable;
  return {
    kind: 'update',
    handling: strongest ?? 'fine',
    problem: faults.map(({ message }) => message).join('; '),
    withdrawn: unreachable.map((group) => ({ family: group.family, nextHop: '', prefixes: prefixTexts(group) })),
    announced: reachable.map((group) => ({ family: group.family, nextHop: nextHopsOf(group), prefixes: prefixTexts(group) })),
    attributes: first === undefined ? {} : attributeView(first.attributes),
  };
}

const hexOf = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

const nextHopsOf = ({ nextHop, linkLocalNextHop }: Reachable): string =>
  hexOf(nextHop.octets) + (linkLocalNextHop === undefined ? '' : hexOf(linkLocalNextHop.octets));

const prefixTexts = ({ prefixes, pathIds }: PrefixGroup): string[] =>
  prefixes.map(({ octets, length }, index) => `${pathIds?.[index] ?? 0} ${hexOf(octets)}/${length}`);

const origins = ['IGP', 'EGP', 'INCOMPLETE'];

function attributeView(attributes: PathAttributes): Record<string, unknown> {
  const { aggregator, originatorId, clusterList, otc, unknown = [] } = attributes;
  const id = (number: number): string => number.toString(16).padStart(8, '0');
  return {
    origin: origins.indexOf(attributes.origin),
    asPath: attributes.asPath,
    ...(attributes.med !== undefined && { med: attributes.med }),
    ...(attributes.localPref !== undefined && { localPref: attributes.localPref }),
    ...(attributes.atomicAggregate && { atomicAggregate: true }),
    ...(aggregator !== undefined && { aggregator: `${aggregator.asn} ${hexOf(aggregator.address.octets)}` }),
    ...(attributes.communities !== undefined && { communities: attributes.communities }),
    ...(originatorId !== undefined && { originatorId: id(originatorId) }),
    ...(clusterList !== undefined && { clusterList: clusterList.map(id) }),
    ...(attributes.largeCommunities !== undefined && { largeCommunities: attributes.largeCommunities.map((members) => members.join(':')) }),
    ...(otc !== undefined && { 'unknown 35': id(otc) }),
    ...Object.fromEntries(unknown.map(({ code, value }) => [`unknown ${code}`, hexOf(value)])),
  };
}
