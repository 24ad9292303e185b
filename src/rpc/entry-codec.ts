import { err, ok, type Result } from '#runtime/result.ts';
import { type EncodedEntry, type Entry, entryKey, type NodeEntry, type PeerEntry, type RouteEntry } from '#state/entry.ts';
import type { RejectedEntry } from '#state/messages.ts';
import { nodeProblem, peerProblem, routeProblem, unknownFieldProblem } from './entry-checks.ts';
import * as wire from './generated/anycast/speaker/v1/speaker.ts';
import { limits } from './limits.ts';
import { sessionOptionsFromWire, sessionOptionsToWire } from './session-options-codec.ts';
import { families, gateModes, reasonFromWire } from './wire-tables.ts';

/** An entry as it travels. Equal entries have equal bytes: the digest is made of them. */
export function encodeEntry(entry: Entry): EncodedEntry {
  return { key: entryKey(entry), bytes: wire.Entry.encode({ entry: entryToWire(entry) }).finish() };
}

/**
 * Reads and checks an entry. What this version can't run comes back as the rejection that goes into the Ack: fields that it
 * does not know, values out of range, a key that names something else.
 */
export function decodeEntry(encoded: EncodedEntry): Result<Entry, RejectedEntry> {
  const rejected = (problem: string) =>
    err({ key: encoded.key, message: `${encoded.key}: ${problem}`.slice(0, limits.reasonCharacters).toWellFormed() });
  const decoded = decodeBytes(encoded.bytes);
  if (!decoded.ok) return rejected(decoded.error);
  const unknown = unknownFieldProblem(decoded.value);
  if (unknown !== undefined) return rejected(unknown);
  const entry = entryFromWire(decoded.value);
  if (!entry.ok) return rejected(entry.error);
  const key = entryKey(entry.value);
  if (key !== encoded.key) return rejected(`key is "${encoded.key}", but the entry is "${key}": both must name the same thing`);
  return entry;
}

function decodeBytes(bytes: Uint8Array): Result<wire.Entry, string> {
  try {
    return ok(wire.Entry.decode(bytes));
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    return err(`bytes (${bytes.length} of them) are not an entry: ${detail}`);
  }
}

function entryToWire(entry: Entry): wire.Entry['entry'] {
  switch (entry.kind) {
    case 'node':
      return { $case: 'node', value: entry };
    case 'peer':
      return { $case: 'peer', value: { ...entry, ...sessionOptionsToWire(entry), families: entry.families.map(families.toWire) } };
    case 'route':
      return { $case: 'route', value: routeToWire(entry) };
  }
}

function routeToWire(entry: RouteEntry): wire.RouteEntry {
  return {
    ...entry,
    gate: { ...entry.gate, mode: gateModes.toWire(entry.gate.mode) },
    exports: entry.exports.map(({ peers, attributes }) => ({
      peers,
      attributes: {
        ...attributes,
        largeCommunities: attributes.largeCommunities.map(([globalAdministrator, localData1, localData2]) => ({
          globalAdministrator,
          localData1,
          localData2,
        })),
      },
    })),
  };
}

function entryFromWire({ entry }: wire.Entry): Result<Entry, string> {
  switch (entry?.$case) {
    case 'node':
      return checked(nodeProblem(entry.value), () => nodeFromWire(entry.value));
    case 'peer':
      return checked(peerProblem(entry.value), () => peerFromWire(entry.value));
    case 'route':
      return checked(routeProblem(entry.value), () => routeFromWire(entry.value));
    case undefined:
      return err('the entry is empty: it must be a node, a peer or a route');
  }
}

const checked = <T>(problem: string | undefined, value: () => T): Result<T, string> => (problem === undefined ? ok(value()) : err(problem));

const nodeFromWire = (node: wire.NodeEntry): NodeEntry => ({ kind: 'node', routerId: node.routerId });

function peerFromWire(peer: wire.PeerEntry): PeerEntry {
  return {
    kind: 'peer',
    name: peer.name,
    address: peer.address,
    port: peer.port,
    localAsn: peer.localAsn,
    peerAsn: peer.peerAsn,
    families: peer.families.flatMap((family) => families.fromWire(family) ?? []),
    holdTimeMs: peer.holdTimeMs,
    connectRetryMs: peer.connectRetryMs,
    ...(peer.sourceAddress !== undefined && { sourceAddress: peer.sourceAddress }),
    ...(peer.nextHopIpv4 !== undefined && { nextHopIpv4: peer.nextHopIpv4 }),
    ...(peer.nextHopIpv6 !== undefined && { nextHopIpv6: peer.nextHopIpv6 }),
    ...(peer.multihopTtl !== undefined && { multihopTtl: peer.multihopTtl }),
    ...sessionOptionsFromWire(peer),
  };
}

function routeFromWire(route: wire.RouteEntry): RouteEntry {
  const { mode = 0, healthCheckNodePort, announceDelayMs = 0 } = route.gate ?? {};
  return {
    kind: 'route',
    prefix: route.prefix,
    service: route.service,
    reason: reasonFromWire(route.reason),
    gate: {
      mode: gateModes.fromWire(mode) ?? 'Auto',
      ...(healthCheckNodePort !== undefined && { healthCheckNodePort }),
      announceDelayMs,
    },
    exports: route.exports.map(exportFromWire),
  };
}

function exportFromWire({ peers, attributes }: wire.RouteExport): RouteEntry['exports'][number] {
  return {
    peers,
    attributes: {
      communities: attributes?.communities ?? [],
      largeCommunities: (attributes?.largeCommunities ?? []).map((large) => [
        large.globalAdministrator,
        large.localData1,
        large.localData2,
      ]),
      ...(attributes?.med !== undefined && { med: attributes.med }),
      ...(attributes?.localPref !== undefined && { localPref: attributes.localPref }),
      prepend: attributes?.prepend ?? 0,
    },
  };
}
