import { type AnycastSpeaker, type SpeakerFile, startSpeaker } from '../support/anycast-speaker.ts';
import type { Family } from '../support/frr.ts';
import type { Namespace } from '../support/netns.ts';
import type { RouterNeighbor } from '../support/routers/router.ts';
import type { Scope } from '../support/scope.ts';
import { tempFolder } from '../support/temp-folder.ts';

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

/** Keys for TCP MD5, by the name of the file beside a speaker's own. */
export const keys = { 'right-key': 'correct-horse', 'wrong-key': 'battery-staple' } as const;

/** A speaker in its namespace, not started yet; the router is its peer. */
export function nodeIn(scope: Scope, namespace: Namespace, router: Namespace, what: Pick<Node, 'kind' | 'dials'>): Node {
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

/** The session of a family between a speaker and the router. */
export function sessionOf(node: Node, family: Family, router: Namespace): Session {
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

/** What a speaker is told, its keys beside it. */
export function fileOf(
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
