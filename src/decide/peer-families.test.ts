import { describe, expect, it } from 'vitest';
import { peerFamilies } from './peer-families.ts';
import type { ObservedPeer } from './view.ts';

/** Only what the rule reads. */
const peerAt = (address: string, families?: ObservedPeer['families']) =>
  ({ session: { address }, ...(families && { families }) }) as ObservedPeer;

describe('the families of a session', () => {
  it('are those that are written, IPv4 first', () => {
    expect(peerFamilies(peerAt('192.0.2.1', ['IPv6', 'IPv4']))).toEqual(['IPv4', 'IPv6']);
    expect(peerFamilies(peerAt('', ['IPv6']))).toEqual(['IPv6']);
  });

  it("are else that of the router's address, or both where it is discovered: there is no other session", () => {
    expect(peerFamilies(peerAt('192.0.2.1'))).toEqual(['IPv4']);
    expect(peerFamilies(peerAt('fe80::1'))).toEqual(['IPv6']);
    expect(peerFamilies(peerAt(''))).toEqual(['IPv4', 'IPv6']);
  });
});
