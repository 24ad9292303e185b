import type { AddressFamily } from '#net/ip-address.ts';

/**
 * A health-check port of this node in one address family, such as `IPv4 30053`: kube-proxy programs the families one after the
 * other, and answers on the port of each when the rules of that one are in place.
 */
export type HealthPort = `${AddressFamily} ${number}`;

export const healthPort = (family: AddressFamily, port: number): HealthPort => `${family} ${port}`;

/** The parts of a {@link HealthPort}. */
export function partsOf(port: HealthPort): { readonly family: AddressFamily; readonly number: number } {
  const [family, number] = port.split(' ') as [AddressFamily, string];
  return { family, number: Number(number) };
}
