import { expect } from 'vitest';
import { allHave, onEach, soon, weSay } from '../lab.ts';
import { basePrefixes, speakerAsn } from '../nodes.ts';
import { said } from '../wire.ts';
import type { Capability } from './capability.ts';

export const establish: Capability = {
  id: 'establish',
  title: 'session established, first routes, End-of-RIB',
  check: async (lab) => {
    const seen = await allHave(lab, basePrefixes);
    await onEach(lab.sessions, async (session) => {
      const { node, family, neighbor } = session;
      expect(await lab.router().established(neighbor)).toBe(true);
      expect(await weSay(session, 'Established')).toMatchObject({
        localAddress: neighbor.address,
        families: [family === 'ipv4' ? 'IPv4' : 'IPv6'],
        announcedPrefixes: 2,
      });
      for (const route of seen.get(session) ?? []) {
        expect(route).toMatchObject({
          nextHop: neighbor.address,
          origin: 'IGP',
          asPath: node.kind === 'eBGP' ? [speakerAsn] : [],
          communities: [],
          largeCommunities: [],
        });
      }
      await soon('we said End-of-RIB', () =>
        said(lab, session, 'speaker').some((message) => message.kind === 'update' && message.endOfRib !== undefined),
      );
    });
  },
};
