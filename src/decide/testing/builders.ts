/** Builders of observed objects for tests: each gives the ordinary case, and the test says what is special. */
import { parsePrefix } from '#net/prefix.ts';
import { unwrap } from '#runtime/result.ts';
import type { HeldRemoval } from '../removals.ts';
import type {
  Observed,
  ObservedAdvertisement,
  ObservedConfig,
  ObservedEndpoint,
  ObservedHold,
  ObservedNamespace,
  ObservedNode,
  ObservedPeer,
  ObservedPool,
  ObservedRefinement,
  ObservedService,
  ObservedSlice,
  RemovalGuardSettings,
} from '../view.ts';

type Rest<T> = Partial<Omit<T, 'kind' | 'key'>>;

const observed = { resourceVersion: '1', createdAt: '2026-01-01T00:00:00Z', labels: {}, presence: 'present' } as const satisfies Omit<
  Observed,
  'kind' | 'key'
>;

/** A dual-stack Service of our class that asks for 192.0.2.53 and has it in its status. */
export const aService = (rest: Rest<ObservedService> = {}, key = 'dns/edge'): ObservedService => ({
  ...observed,
  kind: 'Service',
  key,
  namespace: key.slice(0, key.indexOf('/')),
  isLoadBalancer: true,
  class: 'ours',
  families: ['IPv4', 'IPv6'],
  externalTrafficPolicy: 'Local',
  addresses: ['192.0.2.53'],
  ingress: ['192.0.2.53'],
  ...rest,
});

export const aRefinement = (rest: Rest<ObservedRefinement> = {}, key = 'dns/edge'): ObservedRefinement => ({
  ...observed,
  kind: 'AnycastService',
  key,
  service: 'dns/edge',
  addresses: [],
  isObserved: false,
  gateMode: 'Auto',
  announceDelayMs: 1_000,
  ...rest,
});

export const ready = (node = 'n1'): ObservedEndpoint => ({ node, ready: true, serving: true, terminating: false });
export const notReady = (node = 'n1'): ObservedEndpoint => ({ node, ready: false, serving: false, terminating: false });
export const leaving = (node = 'n1'): ObservedEndpoint => ({ node, ready: false, serving: true, terminating: true });
export const gone = (node = 'n1'): ObservedEndpoint => ({ node, ready: false, serving: false, terminating: true });

export const aSlice = (
  endpoints: readonly ObservedEndpoint[],
  rest: Rest<ObservedSlice> = {},
  key = `${rest.service ?? 'dns/edge'}-1`,
): ObservedSlice => ({ ...observed, kind: 'EndpointSlice', key, service: 'dns/edge', family: 'IPv4', endpoints, ...rest });

/** A Node that was Ready for ever. */
export const aNode = (key = 'n1', rest: Rest<ObservedNode> = {}): ObservedNode => ({
  ...observed,
  kind: 'Node',
  key,
  readySinceMs: -1e9,
  networkUnavailable: false,
  excluded: false,
  internalAddresses: ['10.0.0.1', 'fd00::1'],
  ...rest,
});

/** A Node that is not Ready. */
export function anUnreadyNode(key = 'n1', rest: Rest<ObservedNode> = {}): ObservedNode {
  const { readySinceMs: _, ...node } = aNode(key, rest);
  return node;
}

export const aNamespace = (key = 'dns', rest: Rest<ObservedNamespace> = {}): ObservedNamespace => ({
  ...observed,
  kind: 'Namespace',
  key,
  ...rest,
});

export const aPool = (rest: Rest<ObservedPool> = {}, key = 'edge'): ObservedPool => ({
  ...observed,
  kind: 'AnycastPool',
  key,
  prefixes: ['192.0.2.0/24', '2001:db8::/64'].map((text) => unwrap(parsePrefix(text))),
  ...rest,
});

export const anAdvertisement = (rest: Rest<ObservedAdvertisement> = {}, key = 'all'): ObservedAdvertisement => ({
  ...observed,
  kind: 'AnycastAdvertisement',
  key,
  attributes: {},
  ...rest,
});

/** Removal as if there were no guard: for tests that are about something else. */
export const noRemovalGuard: RemovalGuardSettings = { graceMs: 0, maxPercent: 100, maxPrefixes: 1e6, holdsLastOfPool: false };

/** A router that takes IPv4 and IPv6. */
export const aPeer = (key = 'tor', rest: Rest<ObservedPeer> = {}): ObservedPeer => ({
  ...observed,
  kind: 'AnycastPeer',
  key,
  session: {
    kind: 'peer',
    name: key,
    address: '198.51.100.1',
    port: 179,
    localAsn: 64500,
    peerAsn: 64501,
    holdTimeMs: 9_000,
    connectRetryMs: 5_000,
  },
  families: ['IPv4', 'IPv6'],
  ...rest,
});

export const aConfig = (claims: ObservedConfig['claims'], rest: Rest<ObservedConfig> = {}): ObservedConfig => ({
  ...observed,
  kind: 'AnycastConfig',
  key: 'default',
  claims,
  isObserved: false,
  removalGuard: noRemovalGuard,
  ...rest,
});

/** A batch of held removals, as its AnycastHold lists it. */
export const aHold = (removals: readonly HeldRemoval[], rest: Rest<ObservedHold> = {}, key = 'removal-6-1'): ObservedHold => ({
  ...observed,
  kind: 'AnycastHold',
  key,
  removals,
  isApproved: false,
  isReleased: false,
  ...rest,
});
