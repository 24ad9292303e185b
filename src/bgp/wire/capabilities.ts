import { capabilityCode, roles } from './iana.ts';
import { limits } from './limits.ts';
import type { AfiSafi, Capability, GracefulRestartCapability } from './messages.ts';
import { Reader } from './reader.ts';
import { Writer } from './writer.ts';

type Known = Exclude<Capability, { kind: 'unknown' }>;
type Kind = Known['kind'];
type OfKind<K extends Kind> = Extract<Known, { kind: K }>;

/** How one capability's value is read and written. What a reader leaves over, or reads beyond, makes it unknown; so does undefined. */
type Codec<K extends Kind> = {
  readonly read: (reader: Reader) => OfKind<K> | undefined;
  readonly write: (writer: Writer, capability: OfKind<K>) => void;
};

/** RFC 4724 §3, RFC 8538 §2: bits of the graceful restart capability. */
const restartingBit = 0x8000;
const notificationBit = 0x4000;
const restartTimeMask = 0x0fff;
/** RFC 4724 §3, RFC 9494 §3.1: F bit of a family. */
const forwardingBit = 0x80;
/** RFC 7911 §4. */
const receiveBit = 1;
const sendBit = 2;

/** A capability that says all by being there. */
const bare = <K extends Kind>(capability: OfKind<K>): Codec<K> => ({ read: () => capability, write: () => undefined });

const codecs: { readonly [K in Kind]: Codec<K> } = {
  multiprotocol: {
    read: (reader) => ({ kind: 'multiprotocol', afi: reader.u16(), safi: reader.u16() & 0xff }), // its upper octet is reserved
    write: (writer, { afi, safi }) => writer.u16(afi).u16(safi),
  },
  routeRefresh: bare({ kind: 'routeRefresh' }),
  extendedNextHop: {
    read: (reader) => ({
      kind: 'extendedNextHop',
      entries: readAll(reader, () => ({ afi: reader.u16(), safi: reader.u16(), nextHopAfi: reader.u16() })),
    }),
    write: (writer, { entries }) => {
      for (const { afi, safi, nextHopAfi } of entries) writer.u16(afi).u16(safi).u16(nextHopAfi);
    },
  },
  extendedMessages: bare({ kind: 'extendedMessages' }),
  role: {
    read: (reader) => {
      const number = reader.u8();
      return { kind: 'role', role: roles[number] ?? number };
    },
    write: (writer, { role }) => writer.u8(typeof role === 'number' ? role : roles.indexOf(role)),
  },
  gracefulRestart: { read: readGracefulRestart, write: writeGracefulRestart },
  fourOctetAsn: {
    read: (reader) => ({ kind: 'fourOctetAsn', asn: reader.u32() }),
    write: (writer, { asn }) => writer.u32(asn),
  },
  addPath: { read: readAddPath, write: writeAddPath },
  enhancedRouteRefresh: bare({ kind: 'enhancedRouteRefresh' }),
  longLivedGracefulRestart: {
    read: (reader) => ({
      kind: 'longLivedGracefulRestart',
      families: readAll(reader, () => ({ ...readForwarding(reader), staleTimeS: reader.u8() * 0x10000 + reader.u16() })),
    }),
    write: (writer, { families }) => {
      for (const family of families) {
        writeForwarding(writer, family)
          .u8(family.staleTimeS >> 16)
          .u16(family.staleTimeS & 0xffff);
      }
    },
  },
  fqdn: {
    read: (reader) => ({ kind: 'fqdn', hostName: readText(reader), domainName: readText(reader) }),
    write: (writer, { hostName, domainName }) => {
      writeText(writer, hostName);
      writeText(writer, domainName);
    },
  },
  softwareVersion: {
    read: (reader) => ({ kind: 'softwareVersion', version: readText(reader) }),
    write: (writer, { version }) => writeText(writer, version),
  },
};

const kindOf: ReadonlyMap<number, Kind> = new Map((Object.keys(codecs) as Kind[]).map((kind) => [capabilityCode[kind], kind]));

/** Reads one capability's value. A known code whose value is not as its RFC says comes back as unknown: it offers nothing. */
export function decodeCapability(code: number, value: Uint8Array): Capability {
  return decodeKnown(code, value) ?? { kind: 'unknown', code, value: value.slice() };
}

function decodeKnown(code: number, value: Uint8Array): Capability | undefined {
  const isPrestandard = code === capabilityCode.prestandardRouteRefresh;
  const kind = isPrestandard ? 'routeRefresh' : kindOf.get(code);
  if (kind === undefined) return undefined;
  const reader = new Reader(value);
  const capability = codecs[kind].read(reader);
  if (reader.failed || reader.remaining > 0) return undefined;
  return isPrestandard ? { kind: 'routeRefresh', prestandard: true } : capability;
}

/** A capability as it stands in an OPEN, and in the data of Unsupported Capability (RFC 5492 §4, §5): code, length, value. */
export function encodeCapability(capability: Capability): Uint8Array {
  const { code, value } = capability.kind === 'unknown' ? capability : { code: codeOf(capability), value: octetsOf(capability) };
  return new Writer().u8(code).u8(value.length).bytes(value).finish();
}

const codeOf = (capability: Known): number =>
  'prestandard' in capability ? capabilityCode.prestandardRouteRefresh : capabilityCode[capability.kind];

function octetsOf(capability: Known): Uint8Array {
  const writer = new Writer();
  // The codec is the capability's own: what the compiler can't see is that both come from one kind.
  (codecs[capability.kind] as Codec<Kind>).write(writer, capability);
  return writer.finish();
}

/** As many entries as there are. */
function readAll<T>(reader: Reader, read: () => T): T[] {
  const entries: T[] = [];
  while (reader.remaining > 0) entries.push(read());
  return entries;
}

type Forwarding = AfiSafi & { readonly forwardingPreserved: boolean };

const readForwarding = (reader: Reader): Forwarding => ({
  afi: reader.u16(),
  safi: reader.u8(),
  forwardingPreserved: (reader.u8() & forwardingBit) !== 0,
});

const writeForwarding = (writer: Writer, { afi, safi, forwardingPreserved }: Forwarding): Writer =>
  writer
    .u16(afi)
    .u8(safi)
    .u8(forwardingPreserved ? forwardingBit : 0);

function readGracefulRestart(reader: Reader): GracefulRestartCapability {
  const flagsAndTime = reader.u16();
  return {
    kind: 'gracefulRestart',
    restarting: (flagsAndTime & restartingBit) !== 0,
    notification: (flagsAndTime & notificationBit) !== 0,
    restartTimeS: flagsAndTime & restartTimeMask,
    families: readAll(reader, () => readForwarding(reader)),
  };
}

function writeGracefulRestart(writer: Writer, capability: GracefulRestartCapability): void {
  const flags = (capability.restarting ? restartingBit : 0) | (capability.notification ? notificationBit : 0);
  writer.u16(flags | (capability.restartTimeS & restartTimeMask));
  for (const family of capability.families) writeForwarding(writer, family);
}

/** RFC 7911 §4: with any other direction than 1, 2 or 3 the capability is not understood. */
function readAddPath(reader: Reader): OfKind<'addPath'> | undefined {
  const entries = readAll(reader, () => ({ afi: reader.u16(), safi: reader.u8(), direction: reader.u8() }));
  if (entries.some(({ direction }) => direction < receiveBit || direction > (receiveBit | sendBit))) return undefined;
  return {
    kind: 'addPath',
    entries: entries.map(({ afi, safi, direction }) => ({
      afi,
      safi,
      send: (direction & sendBit) !== 0,
      receive: (direction & receiveBit) !== 0,
    })),
  };
}

function writeAddPath(writer: Writer, { entries }: OfKind<'addPath'>): void {
  for (const { afi, safi, send, receive } of entries) {
    writer
      .u16(afi)
      .u8(safi)
      .u8((send ? sendBit : 0) | (receive ? receiveBit : 0));
  }
}

const readText = (reader: Reader): string => new TextDecoder().decode(reader.take(reader.u8()));

function writeText(writer: Writer, text: string): void {
  const buffer = new Uint8Array(limits.textOctets);
  const { written } = new TextEncoder().encodeInto(text, buffer);
  writer.u8(written).bytes(buffer.subarray(0, written));
}
