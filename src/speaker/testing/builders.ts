import { encodeEntry } from '#rpc/entry-codec.ts';
import type { ExportAttributes } from '#state/attributes.ts';
import { digestOf } from '#state/digest.ts';
import type { Entry, NodeEntry, PeerEntry, RouteEntry } from '#state/entry.ts';
import type { Delta, Full } from '#state/messages.ts';

export const noAttributes: ExportAttributes = { communities: [], largeCommunities: [], prepend: 0 };

export const aNode = (routerId = '192.0.2.1'): NodeEntry => ({ kind: 'node', routerId });

/** A peer `name`, an eBGP router at 192.0.2.254. */
export const aPeer = (name: string, more: Partial<PeerEntry> = {}): PeerEntry => ({
  kind: 'peer',
  name,
  address: '192.0.2.254',
  port: 179,
  localAsn: 64_512,
  peerAsn: 64_500,
  families: ['IPv4'],
  holdTimeMs: 9_000,
  connectRetryMs: 5_000,
  ...more,
});

/** A route to these peers that waits for nothing. */
export const aRoute = (prefix: string, peers: readonly string[], more: Partial<RouteEntry> = {}): RouteEntry => ({
  kind: 'route',
  prefix,
  service: 'dns/edge',
  reason: 'Serving',
  gate: { mode: 'Delay', announceDelayMs: 0 },
  exports: peers.length === 0 ? [] : [{ peers, attributes: noAttributes }],
  ...more,
});

/** A Full of these entries and nothing else. */
export function aFull(entries: readonly Entry[], more: Partial<Full> = {}): Full {
  const encoded = entries.map(encodeEntry);
  return { kind: 'full', epoch: 1, version: 1, entries: encoded, keep: [], digest: digestOf(encoded), ...more };
}

/** A Delta after which these entries are there. */
export function aDelta(after: readonly Entry[], more: Partial<Delta>): Delta {
  return {
    kind: 'delta',
    epoch: 1,
    baseVersion: 1,
    version: 2,
    removals: [],
    upserts: [],
    digest: digestOf(after.map(encodeEntry)),
    ...more,
  };
}
