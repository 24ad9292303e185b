import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kill } from 'node:process';
import { eventually } from '../eventually.ts';
import type { Namespace } from '../netns.ts';
import { run } from '../processes.ts';
import { tempFolder } from '../temp-folder.ts';
import {
  byPrefix,
  communityTexts,
  originOf,
  type RouterConfig,
  type RouterDriver,
  type RouterNeighbor,
  type SeenRoute,
  words,
} from './router.ts';
import { shared } from './shared.ts';

/** A path as `bgpctl -j show rib` prints it; the fields that are read. */
type Path = {
  readonly neighbor: { readonly remote_addr: string };
  readonly prefix: string;
  readonly exit_nexthop: string;
  readonly origin: string;
  readonly aspath: string;
  readonly metric: number;
  readonly localpref: number;
  readonly communities?: readonly string[];
  readonly large_communities?: readonly string[];
};

/** A neighbour as `bgpctl -j show neighbor` prints it. */
type Neighbor = {
  readonly remote_addr: string;
  readonly state: string;
  readonly stats?: { readonly prefixes?: { readonly received?: number } };
};

/** OpenBGPD, the portable one: a parent, a session engine, a decision engine, each a process. */
export const openbgpd: RouterDriver = {
  name: 'OpenBGPD',
  version: async () => (await run(['sh', '-c', '/usr/sbin/bgpd -V 2>&1'])).match(/(\d+(\.\d+)+)/)?.[1] ?? '',
  start: async (scope, namespace, config) => {
    // Where its processes lock themselves in; the package leaves the making to systemd.
    mkdirSync('/run/openbgpd', { recursive: true, mode: 0o755 });
    const folder = tempFolder(scope, 'openbgpd');
    const [file, socket] = [join(folder, 'bgpd.conf'), join(folder, 'bgpd.sock')];
    writeFileSync(file, configFile(namespace, socket, config), { mode: 0o600 });
    const process = namespace.start(scope, `bgpd of OpenBGPD in ${namespace.name}`, ['/usr/sbin/bgpd', '-d', '-f', file]);
    const bgpctl = (...command: string[]) => namespace.run(['bgpctl', '-s', socket, ...command]);
    await eventually(`${process.name} answers bgpctl`, async () => {
      process.mustRun();
      return JSON.parse(await bgpctl('-j', 'show', 'neighbor')).neighbors.length === config.neighbors.length;
    });
    const neighbors = shared(async (): Promise<readonly Neighbor[]> => JSON.parse(await bgpctl('-j', 'show', 'neighbor')).neighbors);
    const neighborOf = async ({ address }: RouterNeighbor) => (await neighbors()).find(({ remote_addr }) => remote_addr === address);
    const paths = shared(async (): Promise<readonly Path[]> => JSON.parse(await bgpctl('-j', 'show', 'rib', 'detail')).rib ?? []);
    return {
      process,
      established: async (neighbor) => (await neighborOf(neighbor))?.state === 'Established',
      routes: async ({ address }) => byPrefix((await paths()).filter(({ neighbor }) => neighbor.remote_addr === address).map(seen)),
      count: async (neighbor) => (await neighborOf(neighbor))?.stats?.prefixes?.received ?? 0,
      refresh: async ({ address }) => {
        await bgpctl('neighbor', address, 'refresh');
      },
      shutdown: async ({ address }, text) => {
        await bgpctl('neighbor', address, 'down', text);
      },
      enable: async (neighbor) => {
        const { address, dials } = neighbor;
        // After an attempt that failed it dials again in two minutes, unless it begins anew.
        if (dials && (await neighborOf(neighbor))?.state === 'Active') await bgpctl('neighbor', address, 'clear');
        await bgpctl('neighbor', address, 'up');
      },
      freeze: async () => {
        for (const child of childrenOf(process.pid)) kill(child, 'SIGSTOP');
        await process.freeze();
      },
      thaw: () => {
        process.thaw();
        for (const child of childrenOf(process.pid)) kill(child, 'SIGCONT');
      },
    };
  },
};

/** The sessions are in a child. */
const childrenOf = (pid: number): number[] => words(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')).map(Number);

function seen(path: Path): SeenRoute {
  return {
    prefix: path.prefix,
    nextHop: path.exit_nexthop,
    origin: originOf(path.origin),
    asPath: words(path.aspath).map(Number),
    med: path.metric,
    localPref: path.localpref,
    communities: communityTexts(path.communities ?? []),
    largeCommunities: communityTexts(path.large_communities ?? []),
  };
}

/** Denies by default, in both directions; the rule for GRACEFUL_SHUTDOWN is that of its example configuration. */
const configFile = ({ ipv4, ipv6 }: Namespace, socket: string, { asn, neighbors }: RouterConfig) => `
AS ${asn}
router-id ${ipv4}
holdtime 9
holdtime min 3
fib-update no
listen on ${ipv4}
listen on ${ipv6}
socket "${socket}"
${neighbors.map(neighborBlock).join('\n')}
allow from any
match from any community GRACEFUL_SHUTDOWN set { localpref 0 }
`;

function neighborBlock({ address, asn, dials, password, ttlSecurity }: RouterNeighbor): string {
  const lines = [
    `remote-as ${asn}`,
    'announce enhanced refresh yes',
    'announce restart yes',
    'announce IPv4 unicast',
    'announce IPv6 unicast',
    ...(dials ? [] : ['passive']),
    ...(password === undefined ? [] : [`tcp md5sig password ${password}`]),
    ...(ttlSecurity ? ['ttl-security yes'] : []),
  ];
  return `neighbor ${address} {\n${lines.map((line) => `\t${line}`).join('\n')}\n}`;
}
