import type { RouterDriver } from '../support/routers/router.ts';

const keepsNoRoutes = 'keeps no routes, with or without a session';

/** What a router cannot do, in the version that is tested, and why; by the id of the capability. */
export const cannot: Readonly<Partial<Record<RouterDriver['name'], Readonly<Record<string, string>>>>> = {
  ExaBGP: {
    restart: keepsNoRoutes,
    death: keepsNoRoutes,
    freeze: keepsNoRoutes,
    'freeze-n': keepsNoRoutes,
    'ttl-security': 'takes packets with any TTL (Python has no IP_MINTTL), and sends the default over IPv6',
  },
  BIRD: { 'freeze-n': 'knows no N bit' },
  GoBGP: { refresh: 'answers ROUTE-REFRESH, never asks: softresetin evaluates again what it has' },
};

const notShown = 'not shown yet: see the sessions that we dial';

/** What was not seen to work yet with a router, for reasons that may be ours: it is not tried, and the document says so. */
export const open: typeof cannot = {
  GoBGP: Object.fromEntries(['restart', 'death', 'freeze', 'freeze-n', 'md5', 'ttl-security'].map((id) => [id, notShown])),
  OpenBGPD: Object.fromEntries(['restart', 'death', 'freeze', 'freeze-n', 'md5', 'ttl-security'].map((id) => [id, notShown])),
};

/** Routers with which only sessions that we dial are tried so far: both are slow to dial again after a session that ended. */
export const onlyWeDial: ReadonlySet<RouterDriver['name']> = new Set(['GoBGP', 'OpenBGPD']);
