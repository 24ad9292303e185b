import type { Entry, PeerEntry } from './entry.ts';
import type { SessionOptions } from './session-options.ts';

/**
 * What entries may ask beyond protocol 1, by the field that asks it: a speaker names in its Hello what it can run. Names are for
 * life. A new field of an entry, and a new value of one, needs a feature here, for an older speaker refuses what it does not know.
 */
const features = {
  interface: 'interface',
  vrf: 'vrf',
  passive: 'passive',
  password: 'tcp-md5',
  tcpAo: 'tcp-ao',
  ttlSecurityHops: 'ttl-security',
  gracefulRestart: 'graceful-restart',
  role: 'role',
  roleStrict: 'role-strict',
  localAs: 'local-as',
  extendedNextHop: 'extended-next-hop',
  extendedMessages: 'extended-messages',
  delayOpenMs: 'delay-open',
  maxPrefixes: 'max-prefixes',
  noLlgr: 'no-llgr',
} as const satisfies Record<keyof SessionOptions, string>;

/** What a peer without address asks: its router has to be found. */
const unnumbered = 'unnumbered';

export type Feature = (typeof features)[keyof SessionOptions] | typeof unnumbered;

/** All features that this version knows. */
export const allFeatures: readonly Feature[] = [...Object.values(features), unnumbered];

/** What a speaker has to be able to run the entry, beyond protocol 1. */
export function featuresOf(entry: Entry): Feature[] {
  if (entry.kind !== 'peer') return [];
  const asked = (Object.keys(features) as (keyof typeof features)[]).filter((field) => entry[field] !== undefined);
  const options = asked.filter((field) => !isKeyOfAo(field, entry)).map((field) => features[field]);
  return entry.address === '' ? [...options, unnumbered] : options;
}

/** The password of TCP-AO is no key of TCP MD5. */
const isKeyOfAo = (field: keyof SessionOptions, { tcpAo }: PeerEntry): boolean => field === 'password' && tcpAo !== undefined;
