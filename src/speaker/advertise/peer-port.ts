/**
 * advertise — from wanted routes to sessions with routers.
 *
 * One peer per peer entry, made, changed and ended while the others run; each hears only what it must. What routers really have is
 * asked back from the peers and never assumed. May not happen here: thoughts about why a route is wanted.
 */
import type { Restart } from '#bgp/peer/from-settings.ts';
import type { Peer, PeerEvents } from '#bgp/peer/peer.ts';
import type { PeerSettings } from '#bgp/peer/settings.ts';

/** One router, as this room needs it: a `Peer`, or what stands for one in a test. */
export type PeerPort = Pick<
  Peer,
  'start' | 'accept' | 'change' | 'changeListed' | 'finishInitialRoutes' | 'isAnnounced' | 'reconfigure' | 'route' | 'session' | 'stop'
>;

/** Makes a peer that is not started. `restart`: what this process knows of the one before it on this node. */
export type MakePeer = (settings: PeerSettings, events: PeerEvents, restart: Restart) => PeerPort;
