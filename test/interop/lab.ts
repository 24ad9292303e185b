import { type AnycastSpeaker, type SpeakerFile, startSpeaker } from '../support/anycast-speaker.ts';
import { type Capture, startCapture } from '../support/capture.ts';
import { eventually } from '../support/eventually.ts';
import type { Family } from '../support/frr.ts';
import { createNetwork, type Namespace, type Network } from '../support/netns.ts';
import type { Router, RouterDriver, RouterNeighbor, SeenRoute } from '../support/routers/router.ts';
import { Scope } from '../support/scope.ts';
import { tempFolder } from '../support/temp-folder.ts';
import { cannot, onlyWeDial } from './cannot.ts';

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
  /** What a speaker's peer needs where the router asks for security. */
  readonly securedPeer: { readonly passwordFile: string; readonly ttlSecurityHops?: number };
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

/** A speaker and where it runs. */
export type Node = {
  readonly kind: 'eBGP' | 'iBGP';
  readonly dials: 'speaker' | 'router';
  readonly asn: number;
  readonly namespace: Namespace;
  /** The one that runs now, or ran last. */
  speaker(): AnycastSpeaker;
  /** Starts the next one, when the last has ended, with the same state folder. */
  start(wish?: Wish): Promise<void>;
};

/** One BGP session. */
export type Session = {
  /** `eBGP over IPv4, the router dials`. */
  readonly name: string;
  readonly node: Node;
  readonly family: Family;
  /** How the router knows the speaker. */
  readonly neighbor: RouterNeighbor;
  /** How the speaker calls the router in its file. */
  readonly peer: string;
  /** The router's and the speaker's end. */
  readonly ends: { readonly router: string; readonly speaker: string };
};

/** What speakers shall do, where it is not the base. */
export type Wish = {
  /** Fields of each peer. */
  readonly peer?: (node: Node) => Readonly<Record<string, unknown>>;
  /** Attributes of each route. */
  readonly attributes?: (kind: Node['kind']) => Readonly<Record<string, unknown>>;
  /** Default: {@link basePrefixes}. */
  readonly prefixes?: readonly string[];
  /** Prefixes without attributes. */
  readonly many?: readonly string[];
};

export const routerAsn = 65_001;
export const speakerAsn = 64_512;
export const basePrefixes = ['192.0.2.1/32', '192.0.2.2/32', '2001:db8::1/128', '2001:db8::2/128'];

/** Those of some prefixes that a session of this family carries. */
export const ofFamily = (family: Family, prefixes: readonly string[]): string[] =>
  prefixes.filter((prefix) => prefix.includes(':') === (family === 'ipv6'));

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
  const nodes = await addNodes(scope, network, place, onlyWeDial.has(driver.name) ? ['speaker'] : ['speaker', 'router']);
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
    securedPeer: securedPeerFor(driver),
    router: () => running.router,
    configure,
    baseline: async (secured = false) => {
      if (secured !== running.secured) {
        await running.scope.close();
        running = await startRouter(driver, place, sessions, secured);
      }
      // One that a test which failed did not start again.
      await Promise.all(nodes.map((node) => node.speaker().process.ended() !== undefined && node.start()));
      await configure(secured ? { peer: () => lab.securedPeer } : {});
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

/** What speakers need where the router asks for security; the keys are in files beside theirs. */
function securedPeerFor({ name }: RouterDriver): Lab['securedPeer'] {
  const hasTtlSecurity = cannot[name]?.['ttl-security'] === undefined;
  return { passwordFile: 'right-key', ...(hasTtlSecurity && { ttlSecurityHops: 1 }) };
}
const keys = { 'right-key': 'correct-horse', 'wrong-key': 'battery-staple' } as const;

async function startRouter(driver: RouterDriver, place: Namespace, sessions: readonly Session[], secured: boolean) {
  const scope = new Scope();
  const ttlSecurity = securedPeerFor(driver).ttlSecurityHops !== undefined;
  const security = secured ? { password: keys['right-key'], ttlSecurity } : {};
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

async function addNodes(scope: Scope, network: Network, router: Namespace, who: readonly Node['dials'][]): Promise<Node[]> {
  const nodes: Node[] = [];
  for (const kind of ['eBGP', 'iBGP'] as const) {
    for (const dials of who) {
      const node = nodeIn(scope, await network.add(`${kind}-${dials}`), router, { kind, dials });
      await node.start();
      nodes.push(node);
    }
  }
  return nodes;
}

function nodeIn(scope: Scope, namespace: Namespace, router: Namespace, what: Pick<Node, 'kind' | 'dials'>): Node {
  const stateDir = tempFolder(scope, 'state');
  let speaker: AnycastSpeaker | undefined;
  const node: Node = {
    ...what,
    asn: what.kind === 'eBGP' ? speakerAsn : routerAsn,
    namespace,
    speaker: () => {
      if (!speaker) throw new Error(`no speaker was started in ${namespace.name}`);
      return speaker;
    },
    start: async (wish = {}) => {
      const flags = what.dials === 'router' ? ['--listen', `${namespace.ipv4}:179`, '--listen', `[${namespace.ipv6}]:179`] : [];
      speaker = await startSpeaker(scope, namespace, fileOf(node, router, wish), { stateDir, flags });
    },
  };
  return node;
}

function sessionOf(node: Node, family: Family, router: Namespace): Session {
  const dials = node.dials === 'router';
  return {
    name: `${node.kind} over ${family}, ${dials ? 'the router dials' : 'we dial'}`,
    node,
    family,
    neighbor: { address: node.namespace[family], family, asn: node.asn, dials },
    peer: family,
    ends: { router: router[family], speaker: node.namespace[family] },
  };
}

function fileOf(
  node: Node,
  router: Namespace,
  { peer = () => ({}), attributes = () => ({}), prefixes = basePrefixes, many = [] }: Wish,
): SpeakerFile {
  const families = ['ipv4', 'ipv6'] as const;
  return {
    asn: node.asn,
    routerId: node.namespace.ipv4,
    peers: families.map((family) => ({
      name: family,
      address: router[family],
      peerASN: routerAsn,
      connectRetrySeconds: 1,
      ...(node.dials === 'router' && { passive: true }),
      ...peer(node),
    })),
    routes: prefixes.map((prefix) => ({ prefix, attributes: attributes(node.kind) })),
    many,
    files: keys,
  };
}
