import { expect } from 'vitest';
import type { SeenRoute } from '../../support/routers/router.ts';
import { allHave, type Lab, onEach, soon } from '../lab.ts';
import { basePrefixes, ofFamily, type Session, speakerAsn } from '../nodes.ts';
import { announced, now, said } from '../wire.ts';
import type { Capability } from './capability.ts';

const communities = ['64500:1', '64500:2', '65535:65281'];
const largeCommunities = ['64500:1:2', '64500:4294967295:0'];

export const attributes: Capability = {
  id: 'attributes',
  title: 'ORIGIN, AS_PATH with prepends, NEXT_HOP, MED, LOCAL_PREF, communities, large communities; changed without a reset',
  check: async (lab) => {
    const before = now();
    await lab.configure({
      attributes: (kind) => ({
        communities,
        largeCommunities,
        med: 4_294_967_295,
        ...(kind === 'eBGP' ? { prepend: 2 } : { localPref: 250 }),
      }),
    });
    await onEach(lab.sessions, async (session) => {
      const { kind } = session.node;
      const routes = await routesOnce(lab, session, ({ med }) => med === 4_294_967_295);
      expect(routes).toHaveLength(2);
      for (const route of routes) {
        expect(route).toMatchObject({
          nextHop: session.neighbor.address,
          origin: 'IGP',
          asPath: kind === 'eBGP' ? [speakerAsn, speakerAsn, speakerAsn] : [],
          communities,
          largeCommunities,
          ...(kind === 'iBGP' && { localPref: 250 }),
        });
      }
    });
    await lab.configure({});
    await onEach(lab.sessions, async (session) => {
      const routes = await routesOnce(lab, session, ({ med }) => !med);
      for (const route of routes) expect(route).toMatchObject({ communities: [], largeCommunities: [] });
      if (session.node.kind === 'iBGP') for (const route of routes) expect(route).toMatchObject({ localPref: 100 });
    });
    expectNoReset(lab, before);
  },
};

export const bothFamilies: Capability = {
  id: 'both-families',
  title: 'both families on one session, each with the next hop of its own',
  check: async (lab) => {
    await lab.configure({ peer: ({ namespace: { ipv4, ipv6 } }) => ({ families: ['IPv4', 'IPv6'], nextHop: { ipv4, ipv6 } }) });
    await onEach(lab.sessions, async (session) => {
      const { ipv4, ipv6 } = session.node.namespace;
      const routes = await soon(
        `${lab.driver.name} has routes of both families: ${session.name}`,
        () => hasAfterEnabling(lab, session),
        (all) => all.length === basePrefixes.length,
      );
      const nextHops = routes.map(({ prefix, nextHop }) => [prefix, nextHop]);
      expect(nextHops).toEqual(basePrefixes.map((prefix) => [prefix, prefix.includes(':') ? ipv6 : ipv4]));
    });
  },
};

export const gracefulShutdown: Capability = {
  id: 'graceful-shutdown',
  title: 'GRACEFUL_SHUTDOWN (RFC 8326): the community arrives; on iBGP with LOCAL_PREF 0',
  check: async (lab) => {
    await lab.configure({ attributes: () => ({ communities: ['65535:0'], localPref: 300 }) });
    const preferences = await onEach(lab.sessions, async (session) => {
      const routes = await routesOnce(lab, session, (route) => route.communities.includes('65535:0'));
      if (session.node.kind === 'iBGP') for (const route of routes) expect(route).toMatchObject({ localPref: 0 });
      return session.node.kind === 'eBGP' ? routes.map(({ localPref }) => localPref) : [];
    });
    const onEbgp = [...new Set(preferences.flat())];
    return onEbgp.every((localPref) => localPref === 0) ? 'prefers it least on eBGP' : 'no policy for it on eBGP';
  },
};

export const withdraw: Capability = {
  id: 'withdraw',
  title: 'withdrawal of one route, then of all, on a running session',
  check: async (lab) => {
    const before = now();
    const kept = basePrefixes.filter((prefix) => /\.1\/|::1\//.test(prefix));
    await lab.configure({ prefixes: kept });
    await allHave(lab, kept);
    await lab.configure({ prefixes: [] });
    await allHave(lab, []);
    await lab.configure({});
    await allHave(lab, basePrefixes);
    expectNoReset(lab, before);
  },
};

export const refresh: Capability = {
  id: 'refresh',
  title: 'route refresh (RFC 2918), enhanced where both can (RFC 7313)',
  check: async (lab) => {
    const modes = await onEach(lab.sessions, async (session) => {
      const before = now();
      await lab.router().refresh(session.neighbor);
      const asked = () => said(lab, session, 'router', before).some((message) => message.kind === 'routeRefresh' && message.subtype === 0);
      await soon(`${lab.driver.name} asks for a refresh: ${session.name}`, asked);
      const wanted = ofFamily(session.family, basePrefixes).join();
      const complete = (prefixes: string[]) => [...new Set(prefixes)].toSorted().join() === wanted;
      await soon(`we answer with all routes: ${session.name}`, () => announced(said(lab, session, 'speaker', before)), complete);
      const enhanced = offersEnhanced(lab, session, 'router') && offersEnhanced(lab, session, 'speaker');
      if (enhanced)
        await soon(
          `we mark begin and end: ${session.name}`,
          () => shapeOf(lab, session, before),
          (shape) => /^(BU+E)+$/.test(shape),
        );
      return enhanced ? 'enhanced' : 'plain';
    });
    await allHave(lab, basePrefixes);
    return [...new Set(modes)].join(' and ');
  },
  showCannot: async (lab) => {
    const before = now();
    await onEach(lab.sessions, ({ neighbor }) => lab.router().refresh(neighbor));
    // Had it asked, it would have done so before it learns of these.
    await lab.configure({ prefixes: [] });
    await allHave(lab, []);
    for (const session of lab.sessions) {
      const kinds = said(lab, session, 'router', before).map(({ kind }) => kind);
      expect(kinds, session.name).not.toContain('routeRefresh');
    }
  },
};

export const many: Capability = {
  id: 'many',
  title: '10,000 prefixes announced and withdrawn on every session that we dial',
  check: async (lab) => {
    const sessions = lab.sessions.filter(({ node }) => node.dials === 'speaker');
    const hex = (index: number) => index.toString(16);
    const prefixes = Array.from({ length: 10_000 }, (_, index) => [
      `10.${index >> 8}.${index & 255}.0/24`,
      `2001:db8:1:${hex(index + 1)}::/64`,
    ]).flat();
    const countsAre = (count: number) =>
      onEach(sessions, (session) =>
        soon(
          `${lab.driver.name} has ${count}: ${session.name}`,
          () => lab.router().count(session.neighbor),
          (has) => has === count,
        ),
      );
    await lab.configure({ many: prefixes });
    await countsAre(10_002);
    await lab.configure({});
    await countsAre(2);
  },
};

/** The routes of a session that was changed, which some routers must be told to take again. */
async function hasAfterEnabling(lab: Lab, { neighbor }: Session): Promise<SeenRoute[]> {
  if (!(await lab.router().established(neighbor))) await lab.router().enable(neighbor);
  return lab.router().routes(neighbor);
}

/** The routes of a session once they all are as wanted. */
const routesOnce = (lab: Lab, session: Session, wanted: (route: SeenRoute) => boolean) =>
  soon(
    `${lab.driver.name} has the routes as they are now: ${session.name}`,
    () => lab.router().routes(session.neighbor),
    (routes) => routes.length > 0 && routes.every(wanted),
  );

function expectNoReset(lab: Lab, sinceMs: number): void {
  for (const session of lab.sessions) {
    const kinds = [...said(lab, session, 'speaker', sinceMs), ...said(lab, session, 'router', sinceMs)].map(({ kind }) => kind);
    expect(kinds, session.name).not.toContain('open');
    expect(kinds, session.name).not.toContain('notification');
  }
}

const offersEnhanced = (lab: Lab, session: Session, who: 'router' | 'speaker'): boolean => {
  const opens = said(lab, session, who).filter((message) => message.kind === 'open');
  return opens.at(-1)?.capabilities.some(({ kind }) => kind === 'enhancedRouteRefresh') ?? false;
};

/** What we said, a letter each: B and E for the marks of an enhanced refresh, U for an UPDATE. */
const shapeOf = (lab: Lab, session: Session, sinceMs: number): string =>
  said(lab, session, 'speaker', sinceMs)
    .map((message) => {
      if (message.kind === 'routeRefresh') return message.subtype === 1 ? 'B' : 'E';
      return message.kind === 'update' ? 'U' : '';
    })
    .join('');
