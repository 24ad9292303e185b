import { type RunningProcess, run, startProcess } from './processes.ts';
import type { Scope } from './scope.ts';
import { isAlive } from './temp-folder.ts';

/**
 * A network of this run's own, in network namespaces:
 *
 *     test process, API server          198.18.n.1   fdac:18:n::1   the machine's own namespace
 *            │
 *     ═══════╪════════ bridge ═══════   198.18.n.0/24  fdac:18:n::/64
 *        │       │         │
 *      node1   node2 …   router         198.18.n.11 …  fdac:18:n::b … in the order of their making
 *                          │
 *                        client         198.19.n.0/24  fdac:19:n::/64, behind the router
 *
 * `n` is claimed by making the link to the machine's namespace, so that runs side by side don't meet.
 */
export type Network = {
  /** The addresses under which namespaces reach what the test and the API server listen on. */
  readonly host: Addresses;
  /** The subnet on the bridge. */
  readonly fabric: Addresses;
  /** The subnet behind the router, for clients. */
  readonly outside: Addresses;
  /** Makes a namespace with `eth0` on the bridge. The name must be new in this network. */
  add(name: string): Promise<Namespace>;
  /**
   * Makes a client behind `router`: its default routes lead there, and the router forwards. At most one router has clients.
   * Nodes need a route back: `node.ip(routesTo(network.outside, router))`.
   */
  addBehind(router: Namespace, name: string): Promise<Namespace>;
};

/** An address or a prefix in either family. */
export type Addresses = { readonly ipv4: string; readonly ipv6: string };

/** One network namespace: a node, a router, a client. */
export type Namespace = Addresses & {
  /** The name that `ip netns` knows, unique on the machine. */
  readonly name: string;
  /** Runs a command inside, to its end; returns its stdout. */
  run(argv: readonly [string, ...string[]]): Promise<string>;
  /** Starts a program inside; it ends with the scope. Its pid is its own. */
  start(scope: Scope, name: string, argv: readonly [string, ...string[]], env?: Readonly<Record<string, string>>): RunningProcess;
  /** Runs lines of `ip` inside: `['address add 192.0.2.53/32 dev lo', 'link set eth0 down']`. IPv6 addresses want `nodad`. */
  ip(lines: readonly string[]): Promise<void>;
  /** Sets kernel parameters inside: `{ 'net.ipv4.ip_forward': 1 }`. */
  sysctl(values: Readonly<Record<string, string | number>>): Promise<void>;
};

/** The lines for {@link Namespace.ip} that lead to a prefix through a neighbour. */
export function routesTo(prefix: Addresses, via: Addresses): string[] {
  return [`route replace ${prefix.ipv4} via ${via.ipv4}`, `route replace ${prefix.ipv6} via ${via.ipv6}`];
}

const namePrefix = 'anycast-test';
/** How many networks this process has made: part of their names. */
let networks = 0;
const firstHost = 11;
const lastHost = 254;

/** Makes the network; it goes with the scope, and so does every namespace in it. Leftovers of runs that were killed go first. */
export async function createNetwork(scope: Scope): Promise<Network> {
  if (process.getuid?.() !== 0) throw new Error('network namespaces need root: run the tests as root');
  await removeLeftovers();
  const label = `net${networks++}`;
  const bridge = await createNamespace(scope, label);
  await bridge.ip(['link add bridge type bridge mcast_snooping 0', 'link set bridge up']);
  const subnet = await linkToHost(scope, bridge.name);
  let next = firstHost;
  let behind: Namespace | undefined;

  return {
    host: subnet.address(1),
    fabric: subnet.fabric,
    outside: subnet.outside,
    async add(name) {
      if (next > lastHost) throw new Error(`a test network has room for ${lastHost - firstHost + 1} namespaces`);
      const port = `port${next}`;
      const namespace = await createNamespace(scope, `${label}-${name}`, subnet.address(next++));
      await bridge.ip([`link add ${port} type veth peer name eth0 netns ${namespace.name}`, `link set ${port} master bridge up`]);
      await configure(namespace, 'eth0', namespace);
      return namespace;
    },
    async addBehind(router, name) {
      const gateway = subnet.client(1);
      if (behind && behind !== router) throw new Error('one router of a test network has clients, and that is another one');
      if (!behind) {
        await router.ip(['link add clients type bridge mcast_snooping 0']);
        await configure(router, 'clients', gateway);
        await router.sysctl({ 'net.ipv4.ip_forward': 1, 'net.ipv6.conf.all.forwarding': 1 });
        behind = router;
      }
      const port = `client${next}`;
      const client = await createNamespace(scope, `${label}-${name}`, subnet.client(next++));
      await router.ip([`link add ${port} type veth peer name eth0 netns ${client.name}`, `link set ${port} master clients up`]);
      await configure(client, 'eth0', client);
      await client.ip([`route add default via ${gateway.ipv4}`, `route add default via ${gateway.ipv6}`]);
      return client;
    },
  };
}

async function configure(namespace: Namespace, device: string, { ipv4, ipv6 }: Addresses): Promise<void> {
  await namespace.ip([`address add ${ipv4}/24 dev ${device}`, `address add ${ipv6}/64 dev ${device} nodad`, `link set ${device} up`]);
}

async function createNamespace(scope: Scope, purpose: string, addresses: Addresses = { ipv4: '', ipv6: '' }): Promise<Namespace> {
  const name = `${namePrefix}-${process.pid}-${purpose}`;
  await run(['ip', 'netns', 'add', name]);
  scope.onClose(`namespace ${name}`, async () => {
    await run(['ip', 'netns', 'delete', name]);
  });
  const inside = (argv: readonly string[]): [string, ...string[]] => ['ip', 'netns', 'exec', name, ...argv];
  const namespace: Namespace = {
    name,
    ...addresses,
    run: (argv) => run(inside(argv)),
    start: (owner, program, argv, env = {}) => startProcess(owner, program, { argv: inside(argv), env }),
    ip: async (lines) => {
      await run(['ip', '-n', name, '-batch', '-'], { input: `${lines.join('\n')}\n` });
    },
    sysctl: async (values) => {
      await run(inside(['sysctl', '-qw', ...Object.entries(values).map(([key, value]) => `${key}=${value}`)]));
    },
  };
  // Duplicate address detection would keep a link-local address unusable for a second.
  await namespace.sysctl({ 'net.ipv6.conf.all.accept_dad': 0, 'net.ipv6.conf.default.accept_dad': 0 });
  await namespace.ip(['link set lo up']);
  return namespace;
}

type Subnet = {
  readonly fabric: Addresses;
  readonly outside: Addresses;
  address(host: number): Addresses;
  client(host: number): Addresses;
};

/** Claims a subnet by making its link; the name of a link is taken or free, there is nothing in between. */
async function linkToHost(scope: Scope, bridge: string): Promise<Subnet> {
  let refusal: unknown;
  for (let n = 0; n < 256; n++) {
    const device = `anyctest${n}`;
    try {
      await run(['ip', 'link', 'add', device, 'type', 'veth', 'peer', 'name', 'host', 'netns', bridge]);
    } catch (error) {
      refusal = error;
      if (/exists/i.test(String(error))) continue;
      break;
    }
    scope.onClose(`link ${device}`, async () => {
      await run(['ip', 'link', 'delete', device]);
    });
    const at = (block: 18 | 19, host: number): Addresses => ({
      ipv4: `198.${block}.${n}.${host}`,
      // Never a zero group, so that this is the canonical text, as routers print it.
      ipv6: `fdac:${block}:${(n + 1).toString(16)}::${host.toString(16)}`,
    });
    const prefix = (block: 18 | 19): Addresses => ({ ipv4: `${at(block, 0).ipv4}/24`, ipv6: `fdac:${block}:${(n + 1).toString(16)}::/64` });
    const subnet: Subnet = {
      fabric: prefix(18),
      outside: prefix(19),
      address: (host) => at(18, host),
      client: (host) => at(19, host),
    };
    const { ipv4, ipv6 } = subnet.address(1);
    await run(['ip', '-n', bridge, 'link', 'set', 'host', 'master', 'bridge', 'up']);
    const lines = [`address add ${ipv4}/24 dev ${device}`, `address add ${ipv6}/64 dev ${device} nodad`, `link set ${device} up`];
    await run(['ip', '-batch', '-'], { input: `${lines.join('\n')}\n` });
    return subnet;
  }
  throw new Error(`no subnet for a test network: ${refusal}`);
}

/** Removes the namespaces of runs whose process is gone; their links go with them. */
async function removeLeftovers(): Promise<void> {
  const listed = (await run(['ip', 'netns', 'list'])).split('\n').map((line) => line.split(' ')[0] ?? '');
  for (const name of listed.filter((each) => each.startsWith(`${namePrefix}-`))) {
    const pid = Number(name.split('-')[2]);
    // Another run may be removing the same leftover.
    if (!isAlive(pid)) await run(['ip', 'netns', 'delete', name]).catch(() => undefined);
  }
}
