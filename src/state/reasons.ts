/**
 * Why a route is announced, is not, or stays as it is. A code is for life: conditions, events, logs, metrics and docs use it.
 * `says` is the sentence for a person; `scope` tells who finds it.
 */
export const reasons = {
  // announced
  Serving: { scope: 'decide', says: 'an endpoint that this place counts is ready' },
  Leaving: { scope: 'decide', says: 'only terminating endpoints that still serve are left' },
  // not wanted
  NoReadyEndpoint: { scope: 'decide', says: 'no endpoint that this place counts is ready' },
  NoEndpoint: { scope: 'decide', says: 'no endpoint is here' },
  NodeNotEligible: { scope: 'decide', says: 'the node is being deleted, has no network, or is excluded from load balancers' },
  NodeDeleted: { scope: 'decide', says: 'the node was deleted' },
  NotSelected: { scope: 'decide', says: 'no AnycastAdvertisement selects this service, node and a peer' },
  PeerNotSelected: { scope: 'decide', says: 'the route is no longer advertised to this peer' },
  ServiceDeleted: { scope: 'decide', says: 'the Service or its AnycastService was deleted' },
  NotOurs: { scope: 'decide', says: 'the Service is not of type LoadBalancer, or not of our class' },
  AddressNotRequested: { scope: 'decide', says: 'the Service does not ask for this address any more' },
  FamilyNotServed: { scope: 'decide', says: 'the Service does not have the address family of this address' },
  AddressNotInPool: { scope: 'decide', says: 'no AnycastPool that this namespace may use has the address' },
  AddressInUse: { scope: 'decide', says: 'another Service holds the address' },
  AddressNotInStatus: { scope: 'decide', says: 'the address is not yet in the status of the Service, so kube-proxy does not serve it' },
  PolicyRefused: {
    scope: 'decide',
    says: 'endpoint policy Cluster is refused while externalTrafficPolicy is Local: kube-proxy would drop',
  },
  ObserveOnly: {
    scope: 'decide',
    says: 'would be announced, or would have a session: the mode of the AnycastService, or of the AnycastConfig, is Observe',
  },
  // sessions
  PeerSelected: { scope: 'decide', says: 'an AnycastPeer selects this node' },
  PeerDeleted: { scope: 'decide', says: 'the AnycastPeer was deleted' },
  PeerNotForNode: { scope: 'decide', says: 'the AnycastPeer does not select this node' },
  RouterIdSet: { scope: 'decide', says: 'the node has a BGP Identifier by annotation or by its IPv4 InternalIP' },
  NoRouterId: { scope: 'decide', says: 'the node has neither a router-id annotation nor an IPv4 InternalIP' },
  // held: the place stays as it is
  NodeUnknown: {
    scope: 'govern',
    says: 'the node is not Ready, or was not until a moment ago: what is said about its endpoints is no evidence',
  },
  InputStale: { scope: 'govern', says: 'what the decision rests on was not heard of recently' },
  InputMissing: { scope: 'govern', says: 'an object that the decision rests on is not there, and nobody saw that it was deleted' },
  HoldDown: { scope: 'govern', says: 'the route was withdrawn here repeatedly; it waits before it is announced again' },
  NoEvidence: { scope: 'govern', says: 'nothing that was seen says so: absence is no evidence' },
  RemovalGrace: { scope: 'govern', says: 'it was just taken away: where it is made again in a moment, it was never gone' },
  RemovalHeld: { scope: 'govern', says: 'more would go than may go at once: an AnycastHold lists it, for a person to approve' },
  SessionsInTurn: { scope: 'govern', says: 'sessions are made anew some at a time, and others are not back yet' },
  RoutesRemain: { scope: 'govern', says: 'the router is still told routes: they go first, each by its own decision' },
  SpeakerNotHeard: { scope: 'govern', says: 'the speaker of the node has not said Hello to this leader' },
  FeatureMissing: { scope: 'govern', says: 'the speaker of the node can not run what is asked; it goes on with what it has' },
  // found by the speaker
  Announced: { scope: 'speaker', says: 'written and acknowledged by TCP' },
  WaitingForAck: { scope: 'speaker', says: 'written, not yet acknowledged by TCP' },
  WaitingForDataPlane: { scope: 'speaker', says: 'waits until the node forwards packets for the service' },
  SessionDown: { scope: 'speaker', says: 'the session with the peer is not established' },
  FamilyNotNegotiated: { scope: 'speaker', says: 'the peer did not agree to carry this address family' },
  NoNextHop: { scope: 'speaker', says: 'no usable next hop of this family towards the peer' },
  PrependRefused: { scope: 'speaker', says: 'AS-path prepend is for eBGP: an iBGP peer would drop the route as a loop' },
  MaxPrefixes: { scope: 'speaker', says: 'the peer has as many prefixes as it may have; the route waits until one goes' },
  TooManyCommunities: { scope: 'speaker', says: 'the communities leave no room for a prefix in an UPDATE' },
  Removed: { scope: 'speaker', says: 'this node is no longer told to announce the route' },
  Leave: { scope: 'speaker', says: 'the speaker is leaving' },
  Isolated: { scope: 'speaker', says: 'a person isolated this speaker' },
  WithdrawnLocally: { scope: 'speaker', says: 'a person withdrew the route at the admin socket' },
  // said by another version
  ReasonNotKnown: { scope: 'speaker', says: 'the other side runs a newer version and gave a reason that this one does not know' },
} as const satisfies Record<string, { scope: 'decide' | 'govern' | 'speaker'; says: string }>;

export type ReasonCode = keyof typeof reasons;
