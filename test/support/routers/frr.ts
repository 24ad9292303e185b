import { type FrrPath, startFrr } from '../frr.ts';
import { run } from '../processes.ts';
import {
  byPrefix,
  communityTexts,
  type Line,
  originOf,
  type RouterConfig,
  type RouterDriver,
  type RouterNeighbor,
  type SeenRoute,
  words,
} from './router.ts';
import { shared } from './shared.ts';

/** FRR: zebra and bgpd. */
export const frr: RouterDriver = {
  name: 'FRR',
  version: async () => (await run(['/usr/lib/frr/bgpd', '--version'])).match(/version (\d+(\.\d+)*)/)?.[1] ?? '',
  start: async (scope, namespace, config) => {
    const router = await startFrr(scope, namespace, configFile(namespace.ipv4, config));
    const { process, vtysh } = router;
    const configure = (...commands: string[]) => vtysh('configure terminal', `router bgp ${config.asn}`, ...commands);
    const neighbors = shared(async () => JSON.parse(await vtysh('show bgp neighbors json')));
    const tables = shared(async () => [...Object.entries(await router.routes('ipv4')), ...Object.entries(await router.routes('ipv6'))]);
    const summary = shared(async (): Promise<Summary> => JSON.parse(await vtysh('show bgp summary json')));
    return {
      process,
      established: async ({ address }) => (await neighbors())[address]?.bgpState === 'Established',
      routes: async ({ address }) => {
        const paths = (await tables()).flatMap(([prefix, each]) => each.map((path) => ({ prefix, path })));
        return byPrefix(paths.filter(({ path }) => path.peer.peerId === address).map(({ prefix, path }) => seen(prefix, path)));
      },
      count: async ({ address }) => Object.values(await summary()).reduce((sum, { peers }) => sum + (peers[address]?.pfxRcd ?? 0), 0),
      refresh: async ({ address, family }) => {
        await vtysh(`clear bgp ${family} ${address} soft in`);
      },
      shutdown: async ({ address }, text) => {
        await configure(`neighbor ${address} shutdown message ${text}`);
      },
      enable: async ({ address }) => {
        await configure(`no neighbor ${address} shutdown`);
      },
      freeze: () => process.freeze(),
      thaw: () => process.thaw(),
    };
  },
  dialsUnnumbered: true,
  startUnnumbered: async (scope, namespace, asn, lines) => {
    const { process, vtysh, routes } = await startFrr(scope, namespace, unnumberedFile(namespace.ipv4, asn, lines));
    return {
      process,
      established: async ({ device }) => JSON.parse(await vtysh('show bgp neighbors json'))[device]?.bgpState === 'Established',
      routes: async ({ device }) => {
        const tables = [...Object.entries(await routes('ipv4')), ...Object.entries(await routes('ipv6'))];
        const paths = tables.flatMap(([prefix, each]) => each.map((path) => ({ prefix, path })));
        return byPrefix(paths.filter(({ path }) => path.peer.interface === device).map(({ prefix, path }) => seen(prefix, path)));
      },
    };
  },
};

/** By family. */
type Summary = Readonly<Record<string, { readonly peers: Readonly<Record<string, { readonly pfxRcd?: number }>> }>>;

function seen(prefix: string, path: FrrPath): SeenRoute {
  return {
    prefix,
    nextHop: path.nexthops.find(({ scope }) => scope !== 'link-local')?.ip ?? '',
    origin: originOf(path.origin),
    asPath: words(path.aspath.string)
      .filter((word) => word !== 'Local')
      .map(Number),
    med: path.metric ?? null,
    localPref: path.locPrf ?? null,
    communities: communityTexts(words(path.community?.string)),
    largeCommunities: communityTexts(words(path.largeCommunity?.string)),
  };
}

const unnumberedFile = (routerId: string, asn: number, lines: readonly Line[]) => `
router bgp ${asn}
 bgp router-id ${routerId}
 no bgp ebgp-requires-policy
 no bgp default ipv4-unicast
${lines
  .flatMap(({ device, dials }) => [
    `neighbor ${device} interface remote-as external`,
    ...['timers 3 9', 'timers connect 1', ...(dials ? [] : ['passive'])].map((line) => `neighbor ${device} ${line}`),
  ])
  .join('\n')}
${(['ipv4', 'ipv6'] as const)
  .map((family) =>
    familyLines(
      family,
      lines.map(({ device }) => ({ address: device })),
    ),
  )
  .join('\n')}
`;

const configFile = (routerId: string, { asn, neighbors }: RouterConfig) => `
router bgp ${asn}
 bgp router-id ${routerId}
 no bgp ebgp-requires-policy
 no bgp default ipv4-unicast
${neighbors.flatMap(neighborLines).join('\n')}
${(['ipv4', 'ipv6'] as const).map((family) => familyLines(family, neighbors)).join('\n')}
`;

function neighborLines({ address, asn, dials, password, ttlSecurity }: RouterNeighbor): string[] {
  return [
    `remote-as ${asn}`,
    'timers 3 9',
    'timers connect 1',
    ...(dials ? [] : ['passive']),
    ...(password === undefined ? [] : [`password ${password}`]),
    ...(ttlSecurity ? ['ttl-security hops 1'] : []),
  ].map((line) => ` neighbor ${address} ${line}`);
}

function familyLines(family: string, neighbors: readonly Pick<RouterNeighbor, 'address'>[]): string {
  const activated = neighbors.map(({ address }) => `  neighbor ${address} activate`);
  return [` address-family ${family} unicast`, ...activated, ' exit-address-family'].join('\n');
}
