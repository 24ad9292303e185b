import { maxAsn } from '#net/asn.ts';
import { type AddressFamily, formatIpAddress, isLinkLocal, parseIpAddress } from '#net/ip-address.ts';
import { formatPrefix, parsePrefix } from '#net/prefix.ts';
import { unwrap } from '#runtime/result.ts';
import { optional, type Problem, rangeProblem } from './checks.ts';
import type * as wire from './generated/anycast/speaker/v1/speaker.ts';
import { sessionOptionsProblem } from './session-options-codec.ts';
import { families, gateModes } from './wire-tables.ts';

export function nodeProblem(node: wire.NodeEntry): Problem {
  if (node.routerId === '0.0.0.0') return 'routerId is "0.0.0.0", which is no BGP Identifier (RFC 6286): give the node another one';
  return addressProblem('routerId', node.routerId, 'IPv4');
}

export function peerProblem(peer: wire.PeerEntry): Problem {
  return (
    nameProblem('name', peer.name) ??
    routerProblem(peer) ??
    rangeProblem('port', peer.port, 1, 65_535) ??
    rangeProblem('localAsn', peer.localAsn, 1, maxAsn - 1) ??
    rangeProblem('peerAsn', peer.peerAsn, 1, maxAsn - 1) ??
    familiesProblem(peer.families) ??
    (peer.holdTimeMs === 0 ? undefined : rangeProblem('holdTimeMs', peer.holdTimeMs, 3_000, 65_535_000)) ??
    rangeProblem('connectRetryMs', peer.connectRetryMs, 1, 3_600_000) ??
    optional(peer.sourceAddress, (value) => addressProblem('sourceAddress', value)) ??
    optional(peer.nextHopIpv4, (value) => addressProblem('nextHopIpv4', value, 'IPv4')) ??
    optional(peer.nextHopIpv6, (value) => addressProblem('nextHopIpv6', value, 'IPv6')) ??
    optional(peer.multihopTtl, (value) => rangeProblem('multihopTtl', value, 2, 255)) ??
    sessionOptionsProblem(peer)
  );
}

/** A router has an address; or an interface that it is behind, where it is discovered. */
function routerProblem({ address, interface: device }: wire.PeerEntry): Problem {
  if (address === '') return device === undefined ? 'address is empty: an unnumbered peer needs an interface' : undefined;
  const problem = addressProblem('address', address);
  if (problem !== undefined || device !== undefined) return problem;
  return isLinkLocal(unwrap(parseIpAddress(address))) ? `address is "${address}": a link-local address needs an interface` : undefined;
}

export function routeProblem(route: wire.RouteEntry): Problem {
  return (
    prefixProblem('prefix', route.prefix) ??
    (route.reason === '' ? 'reason is empty: it must say why the route is announced' : undefined) ??
    gateProblem(route.gate) ??
    exportsProblem(route.exports)
  );
}

/** Names the first field, however deep, that this version does not know. */
export function unknownFieldProblem(entry: wire.Entry): Problem {
  const at = unknownField(entry);
  return at && `field ${at} is not known to this version: upgrade the speaker before using what needs it`;
}

/** Every entry is walked through, and almost none has such a field: its path is put together on the way back. */
function unknownField(value: object): string | undefined {
  const fields = value as Readonly<Record<string, unknown>>;
  for (const name of Object.keys(fields)) {
    const inner = fields[name];
    if (typeof inner !== 'object' || inner === null) continue;
    if (name === '_unknownFields') {
      const [tag] = Object.keys(inner);
      // The key is the tag as it was read: field number and, in the lowest three bits, the wire type.
      if (tag !== undefined) return `#${Number(tag) >>> 3}`;
      continue;
    }
    const found = unknownField(inner);
    // `entry` and `value` are how a oneof looks in memory, not names that anybody wrote.
    if (found !== undefined) return name === 'entry' || name === 'value' ? found : `${name}.${found}`;
  }
  return undefined;
}

/** Whether a text is a prefix in its one form; the answer is a sentence when it is not. */
export function prefixProblem(field: string, text: string): Problem {
  const parsed = parsePrefix(text);
  if (!parsed.ok) return `${field}: ${parsed.error}`;
  const canonical = formatPrefix(parsed.value);
  return canonical === text ? undefined : `${field} is "${text}": write it as ${canonical}`;
}

function addressProblem(field: string, text: string, family?: AddressFamily): Problem {
  const parsed = parseIpAddress(text);
  if (!parsed.ok) return `${field}: ${parsed.error}`;
  if (family !== undefined && parsed.value.family !== family) return `${field} is "${text}": an ${family} address is needed`;
  const canonical = formatIpAddress(parsed.value);
  return canonical === text ? undefined : `${field} is "${text}": write it as ${canonical}`;
}

function nameProblem(field: string, text: string): Problem {
  return text.length >= 1 && text.length <= 253 ? undefined : `${field} has ${text.length} characters: 1 to 253 are allowed`;
}

function familiesProblem(values: readonly number[]): Problem {
  const unknown = values.find((value) => families.fromWire(value) === undefined);
  if (unknown !== undefined) return `families has ${unknown}, which is none that this version knows: ${families.words.join(', ')}`;
  if (values.length === 0) return 'families is empty: name at least one';
  return ascendingProblem('families', values, (a, b) => a - b);
}

function gateProblem(gate: wire.DataPlaneGate | undefined): Problem {
  if (gate === undefined) return 'gate is missing: it must say how the route waits for the data plane';
  if (gateModes.fromWire(gate.mode) === undefined) {
    return `gate.mode is ${gate.mode}, which is none that this version knows: ${gateModes.words.join(', ')}`;
  }
  return (
    optional(gate.healthCheckNodePort, (value) => rangeProblem('gate.healthCheckNodePort', value, 1, 65_535)) ??
    rangeProblem('gate.announceDelayMs', gate.announceDelayMs, 0, 3_600_000)
  );
}

function exportsProblem(exports: readonly wire.RouteExport[]): Problem {
  const seen = new Set<string>();
  for (const [index, { peers, attributes }] of exports.entries()) {
    const field = `exports[${index}]`;
    const problem =
      (peers.length === 0 ? `${field}.peers is empty: name at least one` : undefined) ??
      ascendingProblem(`${field}.peers`, peers, compareText) ??
      attributesProblem(`${field}.attributes`, attributes);
    if (problem !== undefined) return problem;
    for (const peer of peers) {
      if (seen.has(peer)) return `${field}.peers has "${peer}" again: a peer may stand in one export only`;
      seen.add(peer);
    }
  }
  return undefined;
}

function attributesProblem(field: string, attributes: wire.ExportAttributes | undefined): Problem {
  if (attributes === undefined) return `${field} is missing`;
  return (
    ascendingProblem(`${field}.communities`, attributes.communities, (a, b) => a - b) ??
    ascendingProblem(`${field}.largeCommunities`, attributes.largeCommunities, compareLarge) ??
    rangeProblem(`${field}.prepend`, attributes.prepend, 0, 16)
  );
}

function ascendingProblem<T>(field: string, values: readonly T[], compare: (a: T, b: T) => number): Problem {
  const sorted = values.every((value, index) => index === 0 || compare(values[index - 1] as T, value) < 0);
  return sorted ? undefined : `${field} must be ascending and without repeats`;
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

const compareLarge = (a: wire.LargeCommunity, b: wire.LargeCommunity): number =>
  a.globalAdministrator - b.globalAdministrator || a.localData1 - b.localData1 || a.localData2 - b.localData2;
