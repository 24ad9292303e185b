import { networkInterfaces } from 'node:os';
import { type IpAddress, parseIpAddress } from '#net/ip-address.ts';
import type { SocketAddress } from './byte-stream.ts';

/** The interfaces of the machine, as `os.networkInterfaces` gives them. */
export type Interfaces = Readonly<Record<string, readonly { readonly address: string; readonly internal: boolean }[] | undefined>>;

/** What Node says of them. */
type NodeInterfaces = ReturnType<typeof networkInterfaces>;

let lastRead: NodeInterfaces = {};

/**
 * The interfaces of the machine now. Node throws where they can't be read, as when this process has no file descriptor left: that
 * must end no session, and those of the last time count. `read` is for tests.
 */
export function machineInterfaces(read: () => NodeInterfaces = networkInterfaces): NodeInterfaces {
  try {
    lastRead = read();
  } catch {
    // EMFILE: whoever has all descriptors is told of where one is asked for.
  }
  return lastRead;
}

/**
 * All addresses of the interface that carries `local`, our end of a session: what a router on that link may reach. In the
 * kernel's order, link-local ones included; empty for a loopback interface, whose addresses no router reaches. VLANs of one device
 * have the same link-local address: `local.interface` says which one it is.
 */
export function interfaceAddresses(
  local: Pick<SocketAddress, 'address' | 'interface'>,
  interfaces: Interfaces = machineInterfaces(),
): IpAddress[] {
  const named = local.interface === undefined ? Object.values(interfaces) : [interfaces[local.interface]];
  const carrying = named.find((addresses) => addresses?.some((entry) => entry.address === local.address)) ?? [];
  return carrying.flatMap((entry) => {
    const address = parseIpAddress(entry.address);
    return address.ok && !entry.internal ? [address.value] : [];
  });
}
