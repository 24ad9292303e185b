import type { RouterDriver } from '../support/routers/router.ts';

/** What a router cannot do, in the version that is tested, and why; by the id of the capability. */
export const cannot: Readonly<Partial<Record<RouterDriver['name'], Readonly<Record<string, string>>>>> = {
  GoBGP: { refresh: 'answers ROUTE-REFRESH, never asks: softresetin evaluates again what it has' },
};
