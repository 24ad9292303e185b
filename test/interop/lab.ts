import { type Capture, startCapture } from '../support/capture.ts';
import { eventually } from '../support/eventually.ts';
import { createNetwork, type Namespace, type Network } from '../support/netns.ts';
import type { Router, RouterDriver, SeenRoute } from '../support/routers/router.ts';
import { Scope } from '../support/scope.ts';
import { canOn } from './cannot.ts';
import { basePrefixes, fileOf, keys, type Node, nodeIn, ofFamily, routerAsn, type Session, sessionOf, type Wish } from './nodes.ts';

/**
 * One router and four of our speakers around it, each a process in a namespace of its own:
 *
 *     eBGP, we dial ──┐           ┌── eBGP, the router dials
 *                     ├── router ─┤
 *     iBGP, we dial ──┘           └── iBGP, the router dials
 *
 * Every speaker has an IPv4 and an IPv6 session with the router: eight sessions, on which every capability is tried at once.
 */
export type Lab = {
  readonly driver: RouterDriver;
  readonly sessions: readonly Session[];
  readonly nodes: readonly Node[];
  /** The BGP traffic at the router. */
  readonly capture: Capture;
  /** What the peer of a speaker needs where the router asks for security. */
  securedPeer(node: Node): { readonly passwordFile: string; readonly ttlSecurityHops?: number };
  router(): Router;
  /** Has all speakers run with this from now on; what is left out is as in {@link baseline}. */
  configure(wish: Wish): Promise<void>;
  /**
   * Everything as in the beginning: all sessions up, and every router has exactly the base routes. `secured`: the router asks every
   * speaker for TCP MD5 and TTL security, for which it starts anew where it did not before.
   */
  baseline(secured?: boolean): Promise<void>;
  /** Packets that the kernels of all namespaces have dropped so far, by counters of TcpExt. */
  dropped(counters: RegExp): Promise<number>;
};

/** Asks until it is so, on a machine that may be busy. */
export const soon = <T>(what: string, read: () => T | Promise<T>, satisfied?: (value: T) => boolean): Promise<T> =>
  eventually(what, read, satisfied, { withinMs: 40_000, everyMs: 200 });

/** Does the same for every session, at the same time. */
export const onEach = async <T>(sessions: readonly Session[], act: (session: Session) => Promise<T>): Promise<T[]> =>
  Promise.all(sessions.map((session) => act(session)));

/** Builds the lab; it goes with the scope. */
export async function startLab(scope: Scope, driver: RouterDriver): Promise<Lab> {
  const network = await createNetwork(scope);
  const place = await network.add('router');
  const capture = await startCapture(scope, place);
  const nodes = await addNodes(scope, network, place);
  const sessions = nodes.flatMap((node) => (['ipv4', 'ipv6'] as const).map((family) => sessionOf(node, family, place)));
  let running = await startRouter(driver, place, sessions, false);
  scope.onClose('the router', () => running.scope.close());
  const configure = async (wish: Wish) => {
    await Promise.all(nodes.map((node) => node.speaker().configure(fileOf(node, place, wish))));
  };
  const lab: Lab = {
    driver,
    sessions,
    nodes,
    capture,
    securedPeer: ({ kind, dials }) => ({
      passwordFile: 'right-key',
      ...(canOn(driver.name, 'ttl-security', { kind, dials }) && { ttlSecurityHops: 1 }),
    }),
    router: () => running.router,
    configure,
    baseline: async (secured = false) => {
      if (secured !== running.secured) {
        await running.scope.close();
        running = await startRouter(driver, place, sessions, secured);
      }
      // One that a test which failed did not start again.
      await Promise.all(nodes.map((node) => node.speaker().process.ended() !== undefined && node.start()));
      await configure(secured ? { peer: lab.securedPeer } : {});
      await allBack(lab);
    },
    dropped: async (counters) => {
      const texts = await Promise.all(
        [place, ...nodes.map(({ namespace }) => namespace)].map((each) => each.run(['cat', '/proc/net/netstat'])),
      );
      return texts.map((text) => counted(text, counters)).reduce((sum, count) => sum + count);
    },
  };
  return lab;
}

async function startRouter(driver: RouterDriver, place: Namespace, sessions: readonly Session[], secured: boolean) {
  const scope = new Scope();
  const security = secured ? { password: keys['right-key'], ttlSecurity: true } : {};
  const neighbors = sessions.map(({ neighbor }) => ({ ...neighbor, ...security }));
  return { scope, secured, router: await driver.start(scope, place, { asn: routerAsn, neighbors }) };
}

/** The sum of some counters of a /proc/net/netstat: a line of names, then a line of numbers. */
function counted(text: string, counters: RegExp): number {
  const [names = [], values = []] = text
    .split('\n')
    .filter((line) => line.startsWith('TcpExt:'))
    .map((line) => line.split(' '));
  return names.reduce((sum, name, index) => sum + (counters.test(name) ? Number(values[index]) : 0), 0);
}

/** Waits until the router has exactly these prefixes on each session; returns what it has, by session. */
export async function allHave(
  lab: Lab,
  prefixes: readonly string[],
  sessions: readonly Session[] = lab.sessions,
): Promise<Map<Session, SeenRoute[]>> {
  const seen = await onEach(sessions, async (session) => {
    const wanted = ofFamily(session.family, prefixes).join();
    const has = (routes: SeenRoute[]) => routes.map(({ prefix }) => prefix).join() === wanted;
    return [
      session,
      await soon(`${lab.driver.name} has ${wanted || 'nothing'}: ${session.name}`, () => lab.router().routes(session.neighbor), has),
    ] as const;
  });
  return new Map(seen);
}

/** Waits until all sessions are up, again after an error too, and the router has the base routes; {@link Router.enable} as often as it takes. */
export async function allBack(lab: Lab): Promise<void> {
  await onEach(lab.sessions, async ({ node, peer, neighbor, name }) => {
    const up = async () => {
      const ours = (await node.speaker().sessions())[peer];
      if (ours?.state === 'Established' && (await lab.router().established(neighbor))) return true;
      await lab.router().enable(neighbor);
      return false;
    };
    await eventually(`the session is up: ${name}`, up, Boolean, { withinMs: 40_000, everyMs: 250 });
  });
  await allHave(lab, basePrefixes);
}

/** Waits until our side says that the session is in this state. */
export const weSay = ({ node, peer, name }: Session, state: string) =>
  soon(
    `our session is ${state}: ${name}`,
    async () => (await node.speaker().sessions())[peer],
    (session) => session?.state === state,
  );

async function addNodes(scope: Scope, network: Network, router: Namespace): Promise<Node[]> {
  const nodes: Node[] = [];
  for (const kind of ['eBGP', 'iBGP'] as const) {
    for (const dials of ['speaker', 'router'] as const) {
      const node = nodeIn(scope, await network.add(`${kind}-${dials}`), router, { kind, dials });
      await node.start();
      nodes.push(node);
    }
  }
  return nodes;
}
