import { sameValue } from '#runtime/same-value.ts';
import type { PeerEntry } from '#state/entry.ts';
import { compareText } from './facts.ts';
import type { SessionEffect } from './proposal.ts';

/** What a change of each field of a peer does to a session that is up. */
export const sessionEffects: Readonly<Record<Exclude<keyof PeerEntry, 'kind' | 'name'>, SessionEffect>> = {
  address: 'bounce',
  port: 'bounce',
  localAsn: 'bounce',
  peerAsn: 'bounce',
  families: 'bounce', // capabilities are agreed in OPEN only (RFC 5492)
  holdTimeMs: 'bounce', // agreed in OPEN only (RFC 4271 §4.2)
  connectRetryMs: 'none',
  sourceAddress: 'bounce',
  nextHopIpv4: 'refresh',
  nextHopIpv6: 'refresh',
  multihopTtl: 'bounce',
  interface: 'bounce',
  vrf: 'bounce',
  passive: 'bounce',
  password: 'bounce', // the kernel signs a connection from its first packet on (RFC 2385)
  tcpAo: 'bounce',
  ttlSecurityHops: 'bounce',
  gracefulRestart: 'bounce',
  role: 'bounce',
  roleStrict: 'bounce',
  localAs: 'bounce',
  extendedNextHop: 'bounce',
  extendedMessages: 'bounce',
  delayOpenMs: 'none', // from the next connection on
  maxPrefixes: 'refresh',
  noLlgr: 'refresh',
};

/** Fields that differ between two forms of a peer, ascending. */
export function changedFields(from: PeerEntry, to: PeerEntry): (keyof typeof sessionEffects)[] {
  const fields = Object.keys(sessionEffects) as (keyof typeof sessionEffects)[];
  return fields.filter((field) => !sameValue(from[field], to[field])).sort(compareText);
}

/** The strongest effect of any field that changes. */
export function sessionEffect(from: PeerEntry, to: PeerEntry): SessionEffect {
  const effects = changedFields(from, to).map((field) => sessionEffects[field]);
  if (effects.includes('bounce')) return 'bounce';
  return effects.includes('refresh') ? 'refresh' : 'none';
}
