/**
 * RFC 7606 a second time, from its text and without a line of the decoder: what an UPDATE may do to a session at most. The
 * campaign compares both; where they differ one of them is wrong.
 *
 * Deliberately another shape than `bgp/wire`: one pass over the octets, predicates by attribute code, no values.
 */

/** What both sides of a session agreed on, as far as the rule depends on it. */
export type Agreed = {
  readonly fourOctetAsn: boolean;
  readonly peerType: 'ebgp' | 'ibgp';
  readonly families: readonly ('IPv4' | 'IPv6')[];
  readonly addPath?: readonly ('IPv4' | 'IPv6')[];
  readonly extendedNextHop?: boolean;
  readonly relation?: { readonly role: string; readonly peerAsn: number };
};

/** Weakest first. What is discarded or ignored leaves routes and session alone. */
export const outcomes = ['fine', 'withdraw', 'disableFamily', 'reset'] as const;
export type Outcome = (typeof outcomes)[number];

type Family = 'IPv4' | 'IPv6';
type Attribute = { readonly flags: number; readonly code: number; readonly value: Uint8Array };

const strongest = (all: readonly Outcome[]): Outcome => outcomes[Math.max(0, ...all.map((one) => outcomes.indexOf(one)))] ?? 'fine';
const u16 = (bytes: Uint8Array, at: number): number => (bytes[at] ?? 0) * 256 + (bytes[at + 1] ?? 0);
const u32 = (bytes: Uint8Array, at: number): number => u16(bytes, at) * 65_536 + u16(bytes, at + 2);

/** What the UPDATE, header included, does at most. */
export function outcomeOf(frame: Uint8Array, agreed: Agreed): Outcome {
  const attributesAt = 23 + u16(frame, 19);
  if (attributesAt > frame.length) return 'reset'; // §3.b
  const nlriAt = attributesAt + u16(frame, attributesAt - 2);
  if (nlriAt > frame.length) return 'reset';
  const nlri = frame.subarray(nlriAt);
  if (!isNlri('IPv4', frame.subarray(21, attributesAt - 2), agreed) || !isNlri('IPv4', nlri, agreed)) return 'reset'; // §5.3
  const { attributes, isCut } = split(frame.subarray(attributesAt, nlriAt));
  const codes = attributes.map(({ code }) => code);
  for (const code of [14, 15]) if (codes.filter((one) => one === code).length > 1) return 'reset'; // §3.g
  const first = attributes.filter(({ code }, index) => codes.indexOf(code) === index);
  const verdicts = first.map((attribute) => verdictOf(attribute, agreed));
  if (isCut) verdicts.push('withdraw'); // §4
  const reach = first.find(({ code }) => code === 14);
  const state = reach === undefined ? 'none' : stateOf(reach, agreed);
  const announces = nlri.length > 0 || state === 'foreign' || state === 'unreadable' || (reach !== undefined && hasRoutes(reach.value));
  const others = isCut || codes.some((code) => code !== 15);
  if (!announces && others && strongest(verdicts) !== 'fine') return 'reset'; // §5.2
  const groups: Group[] = nlri.length > 0 ? [{ family: 'IPv4', nextHop: goodValue(first, 3, agreed) }] : [];
  if (reach !== undefined && state === 'readable' && hasRoutes(reach.value)) {
    groups.push({ family: familyOf(reach.value) as Family, nextHop: reach.value.subarray(4, 4 + Math.min(16, reach.value[3] ?? 0)) });
  }
  return strongest([...verdicts, ...groups.map((group) => (isComplete(group, first, agreed) ? 'fine' : 'withdraw'))]);
}

type Group = { readonly family: Family; readonly nextHop: Uint8Array | undefined };

/** §3.d, RFC 4271 §6.3 (next hop), RFC 9234 §5: only routes of a family that was agreed on can lack something. */
function isComplete({ family, nextHop }: Group, attributes: readonly Attribute[], agreed: Agreed): boolean {
  if (!agreed.families.includes(family)) return true;
  if (goodValue(attributes, 1, agreed) === undefined || goodValue(attributes, 2, agreed) === undefined) return false;
  if (nextHop === undefined || nextHop.every((octet) => octet === 0)) return false;
  const [head = 0] = nextHop;
  if (nextHop.length === 4 ? head === 0 || head > 223 : head === 255) return false;
  const otc = goodValue(attributes, 35, agreed);
  const { role, peerAsn } = agreed.relation ?? {};
  if (otc === undefined || role === undefined) return true;
  return role !== 'Provider' && role !== 'RouteServer' && (role !== 'Peer' || u32(otc, 0) === peerAsn);
}

const goodValue = (attributes: readonly Attribute[], wanted: number, agreed: Agreed): Uint8Array | undefined =>
  attributes.find((attribute) => attribute.code === wanted && verdictOf(attribute, agreed) === 'fine')?.value;

function split(field: Uint8Array): { attributes: Attribute[]; isCut: boolean } {
  const attributes: Attribute[] = [];
  for (let at = 0; at < field.length; ) {
    const flags = field[at] ?? 0;
    const head = (flags & 0x10) === 0 ? 3 : 4;
    if (at + head > field.length) return { attributes, isCut: true };
    const end = at + head + (head === 3 ? (field[at + 2] ?? 0) : u16(field, at + 2));
    if (end > field.length) return { attributes, isCut: true };
    attributes.push({ flags, code: field[at + 1] ?? 0, value: field.subarray(at + head, end) });
    at = end;
  }
  return { attributes, isCut: false };
}

/** Optional and Transitive bits that an attribute must have. */
const flagsOf: Readonly<Record<number, number>> = {
  1: 0x40, 2: 0x40, 3: 0x40, 4: 0x80, 5: 0x40, 6: 0x40, 7: 0xc0, 8: 0xc0, 9: 0x80, 10: 0x80, 14: 0x80, 15: 0x80, 16: 0xc0,
  17: 0xc0, 18: 0xc0, 25: 0xc0, 26: 0x80, 29: 0x80, 32: 0xc0, 35: 0xc0, 40: 0xc0,
}; // biome-ignore format: a table

/** Attributes of which some kind of session knows nothing: dropped there whatever they are. */
const isOutOfPlace = (code: number, { peerType, fourOctetAsn }: Agreed): boolean =>
  ([5, 9, 10, 40].includes(code) && peerType === 'ebgp') || ([17, 18].includes(code) && fourOctetAsn);

function verdictOf({ flags, code, value }: Attribute, agreed: Agreed): Outcome {
  const expected = flagsOf[code];
  if (expected === undefined) return (flags & 0x80) === 0 ? 'withdraw' : 'fine';
  if (isOutOfPlace(code, agreed)) return 'fine';
  if (code === 14 || code === 15) return routesVerdict({ flags, code, value }, agreed);
  if ((flags & 0xc0) !== expected) return 'withdraw'; // §3.c
  return isWithdrawn(code, value, agreed) ? 'withdraw' : 'fine';
}

/** §7 and the RFCs of newer attributes: what is treated as withdrawn; what is discarded when malformed is not here. */
function isWithdrawn(code: number, value: Uint8Array, { fourOctetAsn }: Agreed): boolean {
  const octets = value.length;
  const isNoMultipleOf = (unit: number): boolean => octets === 0 || octets % unit !== 0;
  switch (code) {
    case 1:
      return octets !== 1 || (value[0] ?? 0) > 2;
    case 2:
      return !isPath(value, fourOctetAsn ? 4 : 2);
    case 3:
    case 4:
    case 5:
    case 9:
    case 35:
      return octets !== 4;
    case 8:
    case 10:
      return isNoMultipleOf(4);
    case 16:
      return isNoMultipleOf(8);
    case 17:
      return octets >= 6 && hasSet(value);
    case 25:
      return isNoMultipleOf(20);
    case 32:
      return isNoMultipleOf(12);
    default:
      return false;
  }
}

/** RFC 7606 §7.2, RFC 7607, RFC 9774: sequences of AS numbers other than 0, to the last octet. */
function isPath(value: Uint8Array, width: number): boolean {
  let at = 0;
  while (at < value.length) {
    const [type, count] = [value[at], value[at + 1] ?? 0];
    if (type !== 2 || count === 0 || at + 2 + count * width > value.length) return false;
    for (let index = 0; index < count; index++) {
      const place = at + 2 + index * width;
      if ((width === 4 ? u32(value, place) : u16(value, place)) === 0) return false;
    }
    at += 2 + count * width;
  }
  return true;
}

/** RFC 9774: whether AS4_PATH has a set before anything else is wrong with it. */
function hasSet(value: Uint8Array): boolean {
  for (let at = 0; at < value.length; ) {
    const [type, count] = [value[at] ?? 0, value[at + 1] ?? 0];
    if (count === 0 || at + 2 + count * 4 > value.length || type < 1 || type > 4) return false;
    if (type === 1 || type === 4) return true;
    at += 2 + count * 4;
  }
  return false;
}

const familyOf = (value: Uint8Array): Family | undefined => {
  const [family, subsequent] = [u16(value, 0), value[2]];
  if (subsequent !== 1) return undefined;
  return ([undefined, 'IPv4', 'IPv6'] as const)[family];
};
const hasRoutes = (value: Uint8Array): boolean => value.length > 5 + (value[3] ?? 0);

/** §5.3, §7.11, §7.12: routes that can't be read end their family, if they say which and it was agreed on. */
function routesVerdict(attribute: Attribute, agreed: Agreed): Outcome {
  const state = stateOf(attribute, agreed);
  if (state === 'nameless') return 'reset';
  const family = familyOf(attribute.value);
  return state === 'unreadable' && family !== undefined && agreed.families.includes(family) ? 'disableFamily' : 'fine';
}

/** Whether MP_REACH_NLRI (14) or MP_UNREACH_NLRI (15) says its family, and whether its routes can be read. */
function stateOf({ flags, code, value }: Attribute, agreed: Agreed): 'nameless' | 'foreign' | 'unreadable' | 'readable' {
  if (value.length < 3) return 'nameless';
  const family = familyOf(value);
  if (family === undefined) return 'foreign';
  if ((flags & 0xc0) !== flagsOf[code]) return 'unreadable';
  if (code === 15) return isNlri(family, value.subarray(3), agreed) ? 'readable' : 'unreadable';
  const octets = value[3] ?? 0;
  const ipv6Lengths = [16, 32];
  const lengths = family === 'IPv6' ? ipv6Lengths : [4, ...(agreed.extendedNextHop ? ipv6Lengths : [])];
  const isReadable = value.length >= 5 + octets && lengths.includes(octets) && isNlri(family, value.subarray(5 + octets), agreed);
  return isReadable ? 'readable' : 'unreadable';
}

function isNlri(family: Family, field: Uint8Array, { addPath = [] }: Agreed): boolean {
  const identifier = addPath.includes(family) ? 4 : 0;
  let at = 0;
  while (at < field.length) {
    const bits = field[at + identifier];
    if (bits === undefined || bits > (family === 'IPv4' ? 32 : 128)) return false;
    at += identifier + 1 + Math.ceil(bits / 8);
  }
  return at === field.length;
}
