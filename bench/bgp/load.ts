/** What an announcer shall announce, and to how many sessions of the sink. */
export type Load = {
  readonly prefixes: number;
  /** Sets of attributes: as many communities, taken in turn. 1: routes without any. */
  readonly attributeSets: number;
  readonly sessions: number;
  readonly holdTimeSeconds: number;
  /** Port of the sink, which listens on every loopback address. */
  readonly port: number;
};

/** AS of every announcer; the sink's is 65001. */
export const announcerAsn = 64_512;
export const sinkAsn = 65_001;
/** A next hop that no router here resolves, which none minds. */
export const nextHop = '192.0.2.1';

/** The n-th prefix: /32s from 10.0.0.0 on. */
export const prefixOf = (index: number): string => `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}/32`;

/** The community of the n-th prefix; undefined where the load has one set of attributes. */
export function communityOf({ attributeSets }: Load, index: number): readonly [number, number] | undefined {
  if (attributeSets === 1) return undefined;
  const set = index % attributeSets;
  return [64_500 + (set >> 16), set & 0xffff];
}

/** The sink's address of the n-th session: daemons tell their neighbours apart by address. */
export const sinkAddress = (session: number): string => `127.0.1.${session + 1}`;

/** All of a load, a text for each prefix. */
export const eachPrefix = <T>(load: Load, text: (prefix: string, community: readonly [number, number] | undefined) => T): T[] =>
  Array.from({ length: load.prefixes }, (_, index) => text(prefixOf(index), communityOf(load, index)));

export const eachSession = <T>(load: Load, text: (address: string) => T): T[] =>
  Array.from({ length: load.sessions }, (_, session) => text(sinkAddress(session)));

/** Fewest UPDATEs that a load of /32s fits into, for one session. */
export function fewestUpdates(load: Load, attributeOctets: number, maxMessageOctets: number): number {
  const perUpdate = Math.floor((maxMessageOctets - 23 - attributeOctets) / 5);
  const sets = Math.min(load.attributeSets, load.prefixes);
  const [small, larger] = [Math.floor(load.prefixes / sets), load.prefixes % sets];
  return (sets - larger) * Math.ceil(small / perUpdate) + larger * Math.ceil((small + 1) / perUpdate);
}
