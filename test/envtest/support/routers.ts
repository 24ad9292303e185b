import { type Bird, startBird } from '../../support/bird.ts';
import { type Capture, type CapturedMessage, startCapture } from '../../support/capture.ts';
import { type Frr, startFrr } from '../../support/frr.ts';
import type { Namespace, Network } from '../../support/netns.ts';
import type { Scope } from '../../support/scope.ts';

/** AS of the nodes, and of each router. */
export const asn = { nodes: 64512, frr: 64501, bird: 64502 } as const;

/** Both routers, by name. */
export const routerNames = ['frr', 'bird'] as const;
export type RouterName = (typeof routerNames)[number];

/** From which nodes each router has a prefix, by name, ascending; no key where it has none. */
export type Routes = Readonly<Record<string, Readonly<Record<RouterName, readonly string[]>>>>;

/** UPDATEs that nodes sent to each router, End-of-RIB left out. */
export type UpdateCounts = Readonly<Record<RouterName, number>>;

/** Communities of the path to a prefix that a router has from a node, as that router prints them. */
export type Communities = Readonly<Record<RouterName, string>>;

/** FRR and BIRD, each in a namespace of its own, with one IPv4 and one IPv6 neighbour per node; nodes connect to them. */
export type Routers = {
  readonly namespaces: Readonly<Record<RouterName, Namespace>>;
  readonly frr: Frr;
  readonly bird: Bird;
  /** What both have from the nodes now. A next hop that is no node's shows as the address that it is. */
  routes(): Promise<Routes>;
  communities(prefix: string, node: string): Promise<Communities>;
  updates(): UpdateCounts;
  /** Connections that were asked for at each router, whether or not it answered. */
  connections(): Readonly<Record<RouterName, number>>;
  /** When FRR was sent the last of them, in milliseconds since 1970. */
  lastUpdateMs(): number;
};

/** Starts both routers; `nodes` are the nodes' namespaces by name. */
export async function startRouters(scope: Scope, network: Network, nodes: ReadonlyMap<string, Namespace>): Promise<Routers> {
  const namespaces = { frr: await network.add('frr'), bird: await network.add('bird') };
  const captures = { frr: await startCapture(scope, namespaces.frr), bird: await startCapture(scope, namespaces.bird) };
  const frr = await startFrr(scope, namespaces.frr, frrConfig(namespaces.frr, nodes));
  const bird = await startBird(scope, namespaces.bird, birdConfig(namespaces.bird, nodes));
  const nodeOf = nodeNames(nodes);

  /** Every path that a router has, as prefix, node and communities. */
  const paths = async (): Promise<Record<RouterName, Path[]>> => {
    const [ipv4, ipv6, fromBird] = await Promise.all([frr.routes('ipv4'), frr.routes('ipv6'), bird.routes()]);
    return {
      frr: Object.entries({ ...ipv4, ...ipv6 }).flatMap(([prefix, found]) =>
        found.map(({ nexthops, community }) => ({
          prefix,
          node: nodeOf(nexthops.map(({ ip }) => ip)),
          communities: community?.string ?? '',
        })),
      ),
      bird: fromBird.map(({ prefix, attributes }) => ({
        prefix,
        node: nodeOf((attributes['BGP.next_hop'] ?? '').split(' ')),
        communities: attributes['BGP.community'] ?? '',
      })),
    };
  };

  return {
    namespaces,
    frr,
    bird,
    async routes() {
      const found = await paths();
      const prefixes = new Set(routerNames.flatMap((router) => found[router].map(({ prefix }) => prefix)));
      const at = (router: RouterName, prefix: string) =>
        found[router]
          .filter((path) => path.prefix === prefix)
          .map(({ node }) => node)
          .sort();
      return Object.fromEntries([...prefixes].sort().map((prefix) => [prefix, { frr: at('frr', prefix), bird: at('bird', prefix) }]));
    },
    async communities(prefix, node) {
      const found = await paths();
      const at = (router: RouterName) =>
        found[router].find((path) => path.prefix === prefix && path.node === node)?.communities ?? 'no route';
      return { frr: at('frr'), bird: at('bird') };
    },
    lastUpdateMs: () => updatesIn(captures.frr).at(-1)?.timeMs ?? Number.NaN,
    connections: () => ({ frr: captures.frr.connections(), bird: captures.bird.connections() }),
    updates: () => ({ frr: updatesIn(captures.frr).length, bird: updatesIn(captures.bird).length }),
  };
}

type Path = { readonly prefix: string; readonly node: string; readonly communities: string };

/** Routers listen and nodes connect: what goes to port 179 comes from a node. */
function updatesIn(capture: Capture): readonly CapturedMessage[] {
  return capture.messages().filter(({ type, to }) => type === 'UPDATE' && to.endsWith('.179'));
}

/** Finds the node that has one of the next hops: with IPv6 the link-local address may stand beside the global one. */
function nodeNames(nodes: ReadonlyMap<string, Namespace>): (nextHops: readonly string[]) => string {
  const names = new Map([...nodes].flatMap(([name, { ipv4, ipv6 }]) => [[ipv4, name] as const, [ipv6, name] as const]));
  return (nextHops) => nextHops.map((ip) => names.get(ip)).find((name) => name !== undefined) ?? nextHops.join(' ');
}

function frrConfig(own: Namespace, nodes: ReadonlyMap<string, Namespace>): string {
  const neighbors = [...nodes.values()];
  const activate = (addresses: readonly string[]) => addresses.map((address) => `  neighbor ${address} activate`).join('\n');
  return `
router bgp ${asn.frr}
 bgp router-id ${own.ipv4}
 no bgp ebgp-requires-policy
 no bgp default ipv4-unicast
${neighbors
  .flatMap(({ ipv4, ipv6 }) => [ipv4, ipv6])
  .map((address) => ` neighbor ${address} remote-as ${asn.nodes}\n neighbor ${address} passive`)
  .join('\n')}
 address-family ipv4 unicast
${activate(neighbors.map(({ ipv4 }) => ipv4))}
 exit-address-family
 address-family ipv6 unicast
${activate(neighbors.map(({ ipv6 }) => ipv6))}
 exit-address-family
`;
}

function birdConfig(own: Namespace, nodes: ReadonlyMap<string, Namespace>): string {
  const session = (name: string, address: string, family: string) =>
    `protocol bgp ${name}_${family} { local as ${asn.bird}; neighbor ${address} as ${asn.nodes}; passive yes; ${family} { import all; export all; }; }`;
  const sessions = [...nodes].flatMap(([name, { ipv4, ipv6 }]) => [session(name, ipv4, 'ipv4'), session(name, ipv6, 'ipv6')]);
  return `
router id ${own.ipv4};
protocol device {}
${sessions.join('\n')}
`;
}
