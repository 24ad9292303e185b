import { capabilityCode } from './iana.ts';
import { limits } from './limits.ts';
import type { Capability, GracefulRestartCapability } from './messages.ts';
import { Reader } from './reader.ts';
import { Writer } from './writer.ts';

/** RFC 4724 §3, RFC 8538 §2: bits of the graceful restart capability. */
const restartingBit = 0x8000;
const notificationBit = 0x4000;
const restartTimeMask = 0x0fff;
const forwardingBit = 0x80;

/** Reads one capability's value. A known code whose value is not as its RFC says comes back as unknown: it offers nothing. */
export function decodeCapability(code: number, value: Uint8Array): Capability {
  return decodeKnown(code, value) ?? { kind: 'unknown', code, value: value.slice() };
}

function decodeKnown(code: number, value: Uint8Array): Capability | undefined {
  const reader = new Reader(value);
  const capability = readKnown(code, reader);
  return reader.failed || reader.remaining > 0 ? undefined : capability;
}

function readKnown(code: number, reader: Reader): Capability | undefined {
  switch (code) {
    case capabilityCode.multiprotocol:
      return { kind: 'multiprotocol', afi: reader.u16(), safi: reservedThenSafi(reader) };
    case capabilityCode.routeRefresh:
      return { kind: 'routeRefresh' };
    case capabilityCode.extendedMessage:
      return { kind: 'extendedMessage' };
    case capabilityCode.gracefulRestart:
      return readGracefulRestart(reader);
    case capabilityCode.fourOctetAsn:
      return { kind: 'fourOctetAsn', asn: reader.u32() };
    case capabilityCode.enhancedRouteRefresh:
      return { kind: 'enhancedRouteRefresh' };
    case capabilityCode.fqdn:
      return { kind: 'fqdn', hostName: readText(reader), domainName: readText(reader) };
    default:
      return undefined;
  }
}

function reservedThenSafi(reader: Reader): number {
  reader.u8();
  return reader.u8();
}

function readText(reader: Reader): string {
  return new TextDecoder().decode(reader.take(reader.u8()));
}

function readGracefulRestart(reader: Reader): GracefulRestartCapability {
  const flagsAndTime = reader.u16();
  const families: GracefulRestartCapability['families'][number][] = [];
  while (reader.remaining > 0) {
    families.push({ afi: reader.u16(), safi: reader.u8(), forwardingPreserved: (reader.u8() & forwardingBit) !== 0 });
  }
  return {
    kind: 'gracefulRestart',
    restarting: (flagsAndTime & restartingBit) !== 0,
    notification: (flagsAndTime & notificationBit) !== 0,
    restartTimeS: flagsAndTime & restartTimeMask,
    families,
  };
}

/** Code and value of a capability. */
export function encodeCapability(capability: Capability): { readonly code: number; readonly value: Uint8Array } {
  if (capability.kind === 'unknown') return capability;
  const value = new Writer();
  switch (capability.kind) {
    case 'multiprotocol':
      value.u16(capability.afi).u8(0).u8(capability.safi);
      break;
    case 'gracefulRestart':
      writeGracefulRestart(value, capability);
      break;
    case 'fourOctetAsn':
      value.u32(capability.asn);
      break;
    case 'fqdn':
      writeText(value, capability.hostName);
      writeText(value, capability.domainName);
      break;
  }
  return { code: capabilityCode[capability.kind], value: value.finish() };
}

function writeGracefulRestart(value: Writer, capability: GracefulRestartCapability): void {
  const flags = (capability.restarting ? restartingBit : 0) | (capability.notification ? notificationBit : 0);
  value.u16(flags | (capability.restartTimeS & restartTimeMask));
  for (const { afi, safi, forwardingPreserved } of capability.families) {
    value
      .u16(afi)
      .u8(safi)
      .u8(forwardingPreserved ? forwardingBit : 0);
  }
}

function writeText(value: Writer, text: string): void {
  const buffer = new Uint8Array(limits.hostNameOctets);
  const { written } = new TextEncoder().encodeInto(text, buffer);
  value.u8(written).bytes(buffer.subarray(0, written));
}
