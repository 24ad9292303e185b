import type { Family } from '../frr.ts';
import type { Namespace } from '../netns.ts';
import type { RunningProcess } from '../processes.ts';
import type { Scope } from '../scope.ts';

/**
 * test/support/routers — every routing daemon that we meet, behind one interface.
 *
 * A driver runs the daemon in a namespace with a configuration made from parameters, and reads what the daemon itself says
 * about its sessions and about the routes that it has. Every driver offers every operation; where a daemon has none, `cannot`
 * says why, and the operation throws.
 */
export type RouterDriver = {
  readonly name: 'FRR' | 'BIRD' | 'GoBGP' | 'OpenBGPD' | 'ExaBGP';
  /** The version that the daemon says it is, without the distribution's part: `8.4.4`. */
  version(): Promise<string>;
  /** Runs the daemon until the scope closes; returns when it answers. */
  start(scope: Scope, namespace: Namespace, config: RouterConfig): Promise<Router>;
  /** Runs it with neighbours that it knows by the line they are on, and none by address. Absent where the daemon has no such thing. */
  readonly startUnnumbered?: (scope: Scope, namespace: Namespace, asn: number, lines: readonly Line[]) => Promise<UnnumberedRouter>;
  /** Whether it dials such neighbours; else it only waits for them. */
  readonly dialsUnnumbered?: true;
};

/** A line between a router and a speaker. */
export type Line = {
  /** The router's interface. */
  readonly device: string;
  /** The speaker's AS. */
  readonly asn: number;
  /** Whether the router dials; else it only waits. */
  readonly dials: boolean;
};

/** A router that has nothing but lines. */
export type UnnumberedRouter = {
  readonly process: RunningProcess;
  /** Whether a session on the line is established. */
  established(line: Line): Promise<boolean>;
  /** The routes that came over the line, ascending by prefix as text. */
  routes(line: Line): Promise<SeenRoute[]>;
};

/** What a router is told. */
export type RouterConfig = {
  readonly asn: number;
  readonly neighbors: readonly RouterNeighbor[];
};

/** One BGP neighbour of a router: a speaker. */
export type RouterNeighbor = {
  /** The speaker's address. */
  readonly address: string;
  readonly family: Family;
  readonly asn: number;
  /** Whether the router dials; else it only waits. */
  readonly dials: boolean;
  /** TCP MD5 key. */
  readonly password?: string;
  /** Takes packets with a hop limit of 255 only, and sends such (RFC 5082). */
  readonly ttlSecurity?: boolean;
};

/** A running router. */
export type Router = {
  readonly process: RunningProcess;
  /** Whether its session with this speaker is established. */
  established(neighbor: RouterNeighbor): Promise<boolean>;
  /** The routes that it has from this speaker, ascending by prefix as text. */
  routes(neighbor: RouterNeighbor): Promise<SeenRoute[]>;
  /** How many routes it has from this speaker; cheap also for many. */
  count(neighbor: RouterNeighbor): Promise<number>;
  /** Asks the speaker to send its routes again (RFC 2918). */
  refresh(neighbor: RouterNeighbor): Promise<void>;
  /** Ends the session, as a person at the router does; the text goes along where the daemon sends one (RFC 9003). */
  shutdown(neighbor: RouterNeighbor, text: string): Promise<void>;
  /** Ends what `shutdown` began, and the time for which some daemons refuse a speaker whose session has failed. */
  enable(neighbor: RouterNeighbor): Promise<void>;
  /** Stops the daemon's processes where they stand, connections open. */
  freeze(): Promise<void>;
  thaw(): void;
};

/** A route as a router has it from one speaker, the same for every daemon. */
export type SeenRoute = {
  /** Canonical text. */
  readonly prefix: string;
  /** The global next hop, or the link-local one where there is no other. */
  readonly nextHop: string;
  readonly origin: 'IGP' | 'EGP' | 'INCOMPLETE';
  /** Nearest first. */
  readonly asPath: readonly number[];
  /** MULTI_EXIT_DISC; null where the route has none. */
  readonly med: number | null;
  /** What the router prefers it by: LOCAL_PREF as received, or what the router's own policy made of it; null where it shows none. */
  readonly localPref: number | null;
  /** `64500:1`, ascending as numbers. */
  readonly communities: readonly string[];
  /** `64500:1:2`, ascending as numbers. */
  readonly largeCommunities: readonly string[];
};

/** Community names that daemons print instead of numbers. */
const names: Readonly<Record<string, string>> = {
  'graceful-shutdown': '65535:0',
  gracefulshutdown: '65535:0',
  graceful_shutdown: '65535:0',
  'no-export': '65535:65281',
  no_export: '65535:65281',
  'no-advertise': '65535:65282',
  no_advertise: '65535:65282',
  'no-llgr': '65535:7',
  no_llgr: '65535:7',
};

/** Communities in one notation and order, whatever the daemon prints: `(64500,1)`, `64500:1`, `no-export`. */
export function communityTexts(shown: readonly string[]): string[] {
  const texts = shown.map((text) => names[text.toLowerCase()] ?? text.replace(/[()\s]/g, '').replaceAll(',', ':'));
  const numbers = (text: string) => text.split(':').map(Number);
  return texts.sort((a, b) => {
    const [left, right] = [numbers(a), numbers(b)];
    return (left[0] ?? 0) - (right[0] ?? 0) || (left[1] ?? 0) - (right[1] ?? 0) || (left[2] ?? 0) - (right[2] ?? 0);
  });
}

/** The words of a text, none in an empty one. */
export const words = (text: string | undefined): string[] => (text ?? '').split(/\s+/).filter((word) => word !== '');

/** Routes in the order that {@link Router.routes} promises. */
export const byPrefix = (routes: readonly SeenRoute[]): SeenRoute[] => routes.toSorted((a, b) => (a.prefix < b.prefix ? -1 : 1));

/** Origin from its first letter or its word. */
export function originOf(shown: string): SeenRoute['origin'] {
  if (/^i(gp)?$/i.test(shown)) return 'IGP';
  return /^e(gp)?$/i.test(shown) ? 'EGP' : 'INCOMPLETE';
}
