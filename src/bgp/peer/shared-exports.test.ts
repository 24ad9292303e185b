import { describe, expect, it } from 'vitest';
import type { PolicySession } from '#bgp/policy/export-route.ts';
import { parseIpAddress } from '#net/ip-address.ts';
import { unwrap } from '#runtime/result.ts';
import { limits } from './limits.ts';
import { policyOf, SharedExports } from './shared-exports.ts';
import { plain } from './testing/world.ts';

const address = (text: string) => unwrap(parseIpAddress(text));

const aSession = (changed: Partial<PolicySession> = {}): PolicySession => ({
  localAsn: 64_500,
  peerAsn: 64_501,
  families: ['IPv4'],
  configured: {},
  localAddress: address('192.0.2.1'),
  interfaceAddresses: [],
  ...changed,
});

describe('what policy says of a set of attributes', () => {
  it('is one object for all sessions that are alike, so that it is encoded once', () => {
    const shared = new SharedExports();
    const [first, second] = [aSession(), aSession({ peerAsn: 64_501 })].map((session) =>
      shared.exportRoute('IPv4', plain, policyOf(session)),
    );
    expect(first?.ok).toBe(true);
    expect(second).toBe(first);
  });

  it('is another where the next hop, the family or the router is another, or the attributes are', () => {
    const shared = new SharedExports();
    const first = shared.exportRoute('IPv4', plain, policyOf(aSession()));
    const others = [
      shared.exportRoute('IPv4', plain, policyOf(aSession({ localAddress: address('192.0.2.2') }))),
      shared.exportRoute('IPv4', plain, policyOf(aSession({ peerAsn: 64_500 }))),
      shared.exportRoute('IPv6', plain, policyOf(aSession())),
      shared.exportRoute('IPv4', { ...plain, prepend: 1 }, policyOf(aSession())),
    ];
    for (const other of others) expect(other).not.toEqual(first);
  });

  it('is kept for a bounded number of kinds of sessions', () => {
    const shared = new SharedExports();
    const exportTo = (peerAsn: number) => shared.exportRoute('IPv4', plain, policyOf(aSession({ peerAsn })));
    const first = exportTo(1);
    for (let peerAsn = 2; peerAsn <= limits.sharedPolicies; peerAsn += 1) exportTo(peerAsn);
    expect(exportTo(1)).toBe(first);
    exportTo(limits.sharedPolicies + 1);
    expect(exportTo(1)).not.toBe(first);
    expect(exportTo(1)).toEqual(first);
  });
});
