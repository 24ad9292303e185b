import type { RouterDriver } from '../support/routers/router.ts';
import type { Node } from './nodes.ts';

/** For a router, something by the id of the capability. */
type ByRouter<T> = Readonly<Partial<Record<RouterDriver['name'], Readonly<Record<string, T>>>>>;

/** A kind of session. */
type Kind = Pick<Node, 'kind' | 'dials'>;

const keepsNoRoutes = 'offers no graceful restart: it keeps no routes, with or without a session';
const noNotificationBit = 'knows no N bit';
const byAddressOnly = 'knows neighbours by address only';

/**
 * What a router cannot do, in the version that is tested, and why. Where a capability has a way to show that a router can't, it is
 * taken in each run: a later version that can makes it fail.
 */
export const cannot: ByRouter<string> = {
  ExaBGP: {
    restart: keepsNoRoutes,
    death: keepsNoRoutes,
    freeze: keepsNoRoutes,
    'freeze-n': keepsNoRoutes,
    'ttl-security': 'takes packets with any TTL (Python has no IP_MINTTL), and sends the default over IPv6',
    unnumbered: byAddressOnly,
  },
  BIRD: { 'freeze-n': noNotificationBit },
  GoBGP: {
    refresh: 'answers ROUTE-REFRESH, never asks: softresetin evaluates again what it has',
    // pkg/server/fsm.go, established(): a hold timer that expired is fsmGracefulRestart whether or not NotificationEnabled.
    freeze: 'keeps them for the restart time too, as if the N bit were set',
    // docs/sources/unnumbered-bgp.md.
    unnumbered: 'sends no router advertisements: radvd or zebra has to run beside it',
  },
  OpenBGPD: { 'freeze-n': noNotificationBit, unnumbered: byAddressOnly },
};

type Some = {
  readonly tried: (session: Kind) => boolean;
  /** As the document says it. */
  readonly why: string;
};

const weDial = ({ dials }: Kind): boolean => dials === 'speaker';

/** An iBGP connection that we accepted has TTL 255 from our listener, asked for or not: there a wrong TTL can't be shown. */
const ttlSecurity: Some = {
  tried: (session) => session.kind === 'eBGP' || weDial(session),
  why: 'on eBGP, and on iBGP where we dial: where it dials we answer with TTL 255 in any case',
};

/** What a router can on some kinds of sessions only. */
const some: ByRouter<Some> = {
  // bgpd/bgp_fsm.c, bgp_timer_set(): in Active with PEER_STATUS_NSF_WAIT the connect timer is off; one attempt is made before.
  FRR: {
    restart: { tried: weDial, why: 'where we dial: it tries once to reach a speaker whose restart it waits for' },
    'ttl-security': ttlSecurity,
  },
  BIRD: { 'ttl-security': ttlSecurity },
  GoBGP: { 'ttl-security': ttlSecurity },
  OpenBGPD: {
    // usr.sbin/bgpd/session.h, INTERVAL_CONNECTRETRY.
    restart: { tried: weDial, why: 'where we dial: it tries once to reach a speaker that restarts, and again after 120 s' },
    // usr.sbin/bgpd/session.c, session_setup_socket(): only `if (p->conf.ebgp)`.
    'ttl-security': { tried: ({ kind }) => kind === 'eBGP', why: 'on eBGP: on iBGP it has none' },
  },
};

/** Why a router can do this on some sessions only, if so. */
export const someOnly = (router: RouterDriver['name'], id: string): Some | undefined => some[router]?.[id];

/** Whether a router can do this on such a session. */
export function canOn(router: RouterDriver['name'], id: string, session: Kind): boolean {
  return cannot[router]?.[id] === undefined && (someOnly(router, id)?.tried(session) ?? true);
}
