import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../eventually.ts';
import type { Family } from '../frr.ts';
import { run } from '../processes.ts';
import { tempFolder } from '../temp-folder.ts';
import { byPrefix, communityTexts, originOf, type RouterConfig, type RouterDriver, type RouterNeighbor, type SeenRoute } from './router.ts';
import { shared } from './shared.ts';

/** A path as `gobgp global rib -j` prints it; the fields that are read. */
type Path = { readonly nlri: { readonly prefix: string }; readonly attrs: readonly Attribute[]; readonly 'neighbor-ip'?: string };
type Attribute = {
  /** Type code of the path attribute. */
  readonly type: number;
  readonly value?: number | readonly LargeCommunity[];
  readonly as_paths?: readonly { readonly asns: readonly number[] }[];
  readonly nexthop?: string;
  readonly metric?: number;
  readonly communities?: readonly number[];
};
type LargeCommunity = { readonly ASN: number; readonly LocalData1: number; readonly LocalData2: number };

const attributeType = {
  origin: 1,
  asPath: 2,
  nextHop: 3,
  med: 4,
  localPref: 5,
  communities: 8,
  mpReach: 14,
  largeCommunities: 32,
} as const;

/** A neighbour as `gobgp neighbor -j` prints it. */
type Neighbor = {
  readonly conf: { readonly neighbor_address: string };
  readonly state?: { readonly session_state?: number };
  readonly afi_safis?: readonly { readonly state?: { readonly received?: number } }[];
};
const established = 6;

/** GoBGP. */
export const gobgp: RouterDriver = {
  name: 'GoBGP',
  version: async () => (await run(['gobgpd', '--version'])).match(/version (\d+(\.\d+)*)/)?.[1] ?? '',
  start: async (scope, namespace, config) => {
    const file = join(tempFolder(scope, 'gobgp'), 'gobgpd.toml');
    writeFileSync(file, configFile(namespace, config));
    const argv = ['gobgpd', '-f', file, '--api-hosts', '127.0.0.1:50051', '--pprof-disable'] as const;
    const process = namespace.start(scope, `gobgpd in ${namespace.name}`, [...argv]);
    const gobgp = (...command: string[]) => namespace.run(['gobgp', ...command]);
    await eventually(`${process.name} answers gobgp`, async () => {
      process.mustRun();
      return JSON.parse(await gobgp('neighbor', '-j')).length === config.neighbors.length;
    });
    const neighbors = shared(async (): Promise<readonly Neighbor[]> => JSON.parse(await gobgp('neighbor', '-j')));
    const neighborOf = async ({ address }: RouterNeighbor) => (await neighbors()).find(({ conf }) => conf.neighbor_address === address);
    const paths = shared(async () => {
      const shown = await Promise.all(['ipv4', 'ipv6'].map((family) => gobgp('global', 'rib', '-a', family, '-j')));
      return shown.flatMap((text) => Object.values(JSON.parse(text) as Record<string, readonly Path[]>).flat());
    });
    return {
      process,
      established: async (neighbor) => (await neighborOf(neighbor))?.state?.session_state === established,
      routes: async ({ address }) => byPrefix((await paths()).filter((path) => path['neighbor-ip'] === address).map(seen)),
      count: async (neighbor) => {
        const families = (await neighborOf(neighbor))?.afi_safis ?? [];
        return families.reduce((sum, { state }) => sum + (state?.received ?? 0), 0);
      },
      refresh: async ({ address, family }) => {
        await gobgp('neighbor', address, 'softresetin', '-a', family);
      },
      shutdown: async ({ address }, text) => {
        await gobgp('neighbor', address, 'disable', '--reason', text);
      },
      enable: async ({ address }) => {
        await gobgp('neighbor', address, 'enable');
      },
      freeze: () => process.freeze(),
      thaw: () => process.thaw(),
    };
  },
};

function seen({ nlri, attrs }: Path): SeenRoute {
  const of = (type: number) => attrs.find((attribute) => attribute.type === type);
  const large = (of(attributeType.largeCommunities)?.value ?? []) as readonly LargeCommunity[];
  const communities = of(attributeType.communities)?.communities ?? [];
  return {
    prefix: nlri.prefix,
    nextHop: of(attributeType.nextHop)?.nexthop ?? of(attributeType.mpReach)?.nexthop ?? '',
    origin: originOf(['i', 'e'][Number(of(attributeType.origin)?.value ?? 0)] ?? '?'),
    asPath: (of(attributeType.asPath)?.as_paths ?? []).flatMap(({ asns }) => asns),
    med: of(attributeType.med)?.metric ?? null,
    localPref: (of(attributeType.localPref)?.value as number | undefined) ?? null,
    communities: communityTexts(communities.map((value) => `${value >>> 16}:${value & 0xffff}`)),
    largeCommunities: communityTexts(large.map((each) => `${each.ASN}:${each.LocalData1}:${each.LocalData2}`)),
  };
}

const configFile = ({ ipv4, ipv6 }: { ipv4: string; ipv6: string }, { asn, neighbors }: RouterConfig) => `
[global.config]
as = ${asn}
router-id = "${ipv4}"
port = 179
local-address-list = ["${ipv4}", "${ipv6}"]
${neighbors.map(neighborTable).join('')}`;

const neighborTable = ({ address, asn, dials, password, ttlSecurity }: RouterNeighbor) => `
[[neighbors]]
[neighbors.config]
neighbor-address = "${address}"
peer-as = ${asn}
${password === undefined ? '' : `auth-password = "${password}"`}
[neighbors.timers.config]
hold-time = 9
keepalive-interval = 3
connect-retry = 5
idle-hold-time-after-reset = 1
[neighbors.transport.config]
passive-mode = ${!dials}
[neighbors.ttl-security.config]
enabled = ${ttlSecurity === true}
ttl-min = 255
[neighbors.graceful-restart.config]
enabled = true
helper-only = true
restart-time = 20
notification-enabled = true
${familyTable('ipv4')}${familyTable('ipv6')}`;

const familyTable = (family: Family) => `
[[neighbors.afi-safis]]
[neighbors.afi-safis.config]
afi-safi-name = "${family}-unicast"
[neighbors.afi-safis.mp-graceful-restart.config]
enabled = true
`;
