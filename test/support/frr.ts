import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import type { Namespace } from './netns.ts';
import { type RunningProcess, run } from './processes.ts';
import type { Scope } from './scope.ts';
import { tempFolder } from './temp-folder.ts';

/** Address families as routers' commands name them. */
export type Family = 'ipv4' | 'ipv6';

/** One path to a prefix, as FRR prints it; the fields that tests read. */
export type FrrPath = {
  /** False when FRR keeps the path but can't use it, as with an unreachable next hop. */
  readonly valid?: boolean;
  readonly aspath: { readonly string: string };
  readonly origin: string;
  readonly locPrf?: number;
  readonly metric?: number;
  readonly nexthops: readonly { readonly ip: string; readonly scope?: string; readonly used?: boolean }[];
  readonly community?: { readonly string: string };
  readonly largeCommunity?: { readonly string: string };
  readonly peer: { readonly peerId: string; readonly interface?: string };
};

/** A neighbour of an FRR router; the fields that tests read. */
export type FrrNeighbor = {
  readonly bgpState: string;
  readonly messageStats: { readonly updatesRecv: number; readonly notificationsRecv: number; readonly keepalivesRecv: number };
  readonly connectionsDropped: number;
  readonly lastNotificationReason?: string;
  readonly neighborCapabilities?: Readonly<Record<string, unknown>>;
};

/** A running FRR router. */
export type Frr = {
  /** Its bgpd. */
  readonly process: RunningProcess;
  /** The socket on which bgpd takes commands, as vtysh sends them. */
  readonly vtySocket: string;
  /** Runs commands in vtysh, one after another, and returns what they print. `configure terminal` works too. */
  vtysh(...commands: string[]): Promise<string>;
  /** All prefixes that the router knows in a family, each with its paths and their attributes. */
  routes(family: Family): Promise<Readonly<Record<string, readonly FrrPath[]>>>;
  /** A neighbour by its address as it is configured. */
  neighbor(address: string): Promise<FrrNeighbor>;
};

/**
 * Runs FRR's zebra and bgpd in a namespace, on port 179. zebra tells bgpd about interfaces, without which it would take any
 * IPv4 next hop for usable and drop IPv6 ones, and puts the routes into the namespace's kernel, so that traffic follows them.
 * `config` is bgpd's configuration file.
 *
 * Worth knowing: without `no bgp ebgp-requires-policy` every eBGP route is ignored (RFC 8212); IPv6 neighbours must be
 * activated below `address-family ipv6 unicast`.
 */
export async function startFrr(scope: Scope, namespace: Namespace, config: string): Promise<Frr> {
  const folder = tempFolder(scope, 'frr');
  const start = (daemon: string, text: string, options: string[]): RunningProcess => {
    const file = join(folder, `${daemon}.conf`);
    writeFileSync(file, `frr defaults datacenter\nlog stdout informational\n${text}\n`);
    const files = ['--config_file', file, '--pid_file', join(folder, `${daemon}.pid`), '--socket', join(folder, 'zserv.api')];
    // The daemons refuse a user outside group frrvty, and as user frr they would outlive a killed test run.
    const common = ['--vty_socket', folder, '--vty_port', '0', '--user', 'root', '--group', 'frrvty'];
    return namespace.start(scope, `${daemon} in ${namespace.name}`, [`/usr/lib/frr/${daemon}`, ...files, ...common, ...options]);
  };
  const vtysh = (...commands: string[]) => run(['vtysh', '--vty_socket', folder, ...commands.flatMap((command) => ['-c', command])]);
  const answers = (process: RunningProcess, daemon: string) =>
    eventually(`${process.name} answers vtysh`, async () => {
      process.mustRun();
      return (await vtysh('show daemons')).includes(daemon);
    });
  // Otherwise it takes an IPv6 route out of the kernel before it puts the changed one in, and answers in between that there is none.
  const zebra = start('zebra', '', ['--v6-rr-semantics']);
  await answers(zebra, 'zebra');
  const process = start('bgpd', config, ['--bgp_port', '179']);
  await answers(process, 'bgpd');
  return {
    process,
    vtySocket: join(folder, 'bgpd.vty'),
    vtysh,
    routes: async (family) => pathsOf(JSON.parse(await vtysh(`show bgp ${family} unicast json detail`))),
    neighbor: async (address) => {
      const neighbor = JSON.parse(await vtysh(`show bgp neighbors ${address} json`))[address];
      if (!neighbor) throw new Error(`${process.name} has no neighbour ${address}`);
      return neighbor;
    },
  };
}

/** In detailed output the first entry of a prefix describes the prefix, not a path. */
function pathsOf(shown: { readonly routes?: Readonly<Record<string, readonly FrrPath[]>> }): Record<string, readonly FrrPath[]> {
  const entries = Object.entries(shown.routes ?? {});
  return Object.fromEntries(entries.map(([prefix, paths]) => [prefix, paths.filter((path) => 'aspath' in path)]));
}
