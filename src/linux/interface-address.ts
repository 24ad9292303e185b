import { networkInterfaces } from 'node:os';
import { type AddressFamily, formatIpAddress, isLinkLocal, parseIpAddress } from '#net/ip-address.ts';

/** The interfaces of the machine, as `os.networkInterfaces` gives them. */
export type Interfaces = Readonly<Record<string, readonly { readonly address: string; readonly internal: boolean }[] | undefined>>;

/**
 * A global address of `family` on the interface that carries `localAddress`, our end of a session: what a router on that link
 * can reach. The first that the kernel lists; undefined when there is none. Loopback and link-local addresses are not global.
 */
export function interfaceAddress(
  localAddress: string,
  family: AddressFamily,
  interfaces: Interfaces = networkInterfaces(),
): string | undefined {
  const carrying = Object.values(interfaces).find((addresses) => addresses?.some((entry) => entry.address === localAddress));
  for (const entry of carrying ?? []) {
    const address = parseIpAddress(entry.address);
    if (!entry.internal && address.ok && address.value.family === family && !isLinkLocal(address.value)) {
      return formatIpAddress(address.value);
    }
  }
  return undefined;
}
