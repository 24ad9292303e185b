import type { AddressFamily } from '#net/ip-address.ts';
import { addressOf } from './address.ts';
import type { ObservedPeer } from './view.ts';

const both: readonly AddressFamily[] = ['IPv4', 'IPv6'];

/** Families that a session carries: as written, else that of the router's address, or both where that is discovered. IPv4 before IPv6, each once. */
export function peerFamilies(peer: ObservedPeer): AddressFamily[] {
  const { address } = peer.session;
  const families = peer.families ?? (address === '' ? both : [addressOf(address).family]);
  return both.filter((family) => families.includes(family));
}
