import type { AddressFamily } from '#net/ip-address.ts';
import { addressOf } from './address.ts';
import type { ObservedPeer } from './view.ts';

/** Families that a session carries: as written, else that of the router's address. IPv4 before IPv6, each once. */
export function peerFamilies(peer: ObservedPeer): AddressFamily[] {
  const families = peer.families ?? [addressOf(peer.session.address).family];
  return (['IPv4', 'IPv6'] as const).filter((family) => families.includes(family));
}
