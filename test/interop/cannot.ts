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
