import { networkInterfaces } from 'node:os';
import { type IpAddress, parseIpAddress } from '#net/ip-address.ts';

/** The interfaces of the machine, as `os.networkInterfaces` gives them. */
export type Interfaces = Readonly<Record<string, readonly { readonly address: string; readonly internal: boolean }[] | undefined>>;

/**
 * All addresses of the interface that carries `localAddress`, our end of a session: what a router on that link may reach. In the
 * kernel's order, link-local ones included; empty for a loopback interface, whose addresses no router reaches.
 */
export function interfaceAddresses(localAddress: string, interfaces: Interfaces = networkInterfaces()): IpAddress[] {
  const carrying = Object.values(interfaces).find((addresses) => addresses?.some((entry) => entry.address === localAddress)) ?? [];
  return carrying.flatMap((entry) => {
    const address = parseIpAddress(entry.address);
    return address.ok && !entry.internal ? [address.value] : [];
  });
}
