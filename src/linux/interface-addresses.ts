import { networkInterfaces } from 'node:os';
import { type IpAddress, parseIpAddress } from '#net/ip-address.ts';
import type { SocketAddress } from './byte-stream.ts';

/** The interfaces of the machine, as `os.networkInterfaces` gives them. */
export type Interfaces = Readonly<Record<string, readonly { readonly address: string; readonly internal: boolean }[] | undefined>>;

/**
 * All addresses of the interface that carries `local`, our end of a session: what a router on that link may reach. In the
 * kernel's order, link-local ones included; empty for a loopback interface, whose addresses no router reaches. VLANs of one device
 * have the same link-local address: `local.interface` says which one it is.
 */
export function interfaceAddresses(
  local: Pick<SocketAddress, 'address' | 'interface'>,
  interfaces: Interfaces = networkInterfaces(),
): IpAddress[] {
  const named = local.interface === undefined ? Object.values(interfaces) : [interfaces[local.interface]];
  const carrying = named.find((addresses) => addresses?.some((entry) => entry.address === local.address)) ?? [];
  return carrying.flatMap((entry) => {
    const address = parseIpAddress(entry.address);
    return address.ok && !entry.internal ? [address.value] : [];
  });
}
