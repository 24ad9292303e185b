/**
 * advertise — from wanted routes to sessions with routers.
 *
 * One peer per peer entry, made, changed and ended while the others run; each hears only what it must. What routers really have is
 * asked back from the peers and never assumed. May not happen here: thoughts about why a route is wanted.
 */
import { Peer, type PeerEvents, type PeerSurroundings } from '#bgp/peer/peer.ts';
import type { PeerSettings } from '#bgp/peer/settings.ts';
import { PrefixTable } from '#bgp/rib/prefix-table.ts';

/** One router, as this room needs it: a `Peer`, or what stands for one in a test. */
export type PeerPort = Pick<Peer, 'start' | 'change' | 'reconfigure' | 'route' | 'session' | 'stop'>;

/** Makes a peer that is not started. */
export type MakePeer = (settings: PeerSettings, events: PeerEvents) => PeerPort;

/** Makes peers that share one table of prefixes. */
export function peerMaker(surroundings: Omit<PeerSurroundings, 'prefixes'>): MakePeer {
  const prefixes = new PrefixTable();
  return (settings, events) => new Peer(settings, { ...surroundings, prefixes }, events);
}
