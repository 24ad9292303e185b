/**
 * decide — from what was observed to what each speaker shall run: intend (who can serve?), compile (what would each peer hear?),
 * govern (what may change now?).
 *
 * Pure: results depend on the arguments only; time is an argument, in monotonic milliseconds. Every loss of a route goes through
 * the one admission function of govern, and rests on evidence: what is silent, old, unreadable or absent decides nothing.
 * What a change does not touch is not looked at. No I/O, no clock, no Kubernetes client, no other shapes than those of this file.
 */
import type { AddressFamily } from '#net/ip-address.ts';
import type { Prefix } from '#net/prefix.ts';
import type { ExportAttributes } from '#state/attributes.ts';
import type { DataPlaneGate, PeerEntry } from '#state/entry.ts';
import type { HeldRemoval } from './removals.ts';

/** The kinds that decisions rest on. */
export type Kind =
  | 'Service'
  | 'EndpointSlice'
  | 'Node'
  | 'Namespace'
  | 'AnycastService'
  | 'AnycastPool'
  | 'AnycastAdvertisement'
  | 'AnycastPeer'
  | 'AnycastConfig'
  | 'AnycastHold';

/**
 * Whether an object is there. `deleting`: it has a deletionTimestamp. `deleted`: a DELETED event, or absence confirmed; its last
 * content stays until nothing rests on it. `missing`: gone without a tombstone; its last content stays in force and changes nothing.
 */
export type Presence = 'present' | 'deleting' | 'deleted' | 'missing';

/** What every observed object has. An object that can't be decoded keeps its last good form. */
export type Observed = {
  readonly kind: Kind;
  /** `namespace/name`, or `name` of a cluster-wide object. Unique within the kind. */
  readonly key: string;
  readonly resourceVersion: string;
  /** creationTimestamp as the API server wrote it (RFC 3339, UTC, seconds): compared as text, older is smaller. */
  readonly createdAt: string;
  readonly labels: Labels;
  readonly presence: Presence;
};

export type Labels = Readonly<Record<string, string>>;

/** A Kubernetes label selector; all requirements must hold. Absent selectors match everything, and so does an empty one. */
export type LabelSelector = {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
    readonly values?: readonly string[];
  }[];
};

/** Whose endpoints a node counts: its own, or those of any node. */
export type EndpointPolicy = 'Local' | 'Cluster';

export type ObservedService = Observed & {
  readonly kind: 'Service';
  readonly namespace: string;
  readonly isLoadBalancer: boolean;
  /** `loadBalancerClass`: our own name, none, or somebody else's. */
  readonly class: 'ours' | 'none' | 'foreign';
  /** spec.ipFamilies. */
  readonly families: readonly AddressFamily[];
  readonly externalTrafficPolicy: EndpointPolicy;
  readonly healthCheckNodePort?: number;
  /** Addresses that the Service itself asks for (annotation, loadBalancerIP): canonical texts, in the order written. */
  readonly addresses: readonly string[];
  /** What it asks for and is no address, as written; absent where there is none. It changes nothing but what is told. */
  readonly unreadableAddresses?: readonly string[];
  /** Addresses in status.loadBalancer.ingress: canonical texts. */
  readonly ingress: readonly string[];
};

/** An AnycastService: what it says about its Service. */
export type ObservedRefinement = Observed & {
  readonly kind: 'AnycastService';
  /** Key of the Service that it refines. */
  readonly service: string;
  /** Canonical texts. Empty: those of the Service. */
  readonly addresses: readonly string[];
  /** Absent: follows the Service's externalTrafficPolicy. */
  readonly endpointPolicy?: EndpointPolicy;
  /** Everything is computed and reported, and nothing is announced. */
  readonly isObserved: boolean;
  readonly gateMode: DataPlaneGate['mode'];
  /** In milliseconds. */
  readonly announceDelayMs: number;
};

/** One endpoint with its conditions as the API server sent them: absent is not false. */
export type ObservedEndpoint = {
  readonly node?: string;
  readonly ready?: boolean;
  readonly serving?: boolean;
  readonly terminating?: boolean;
};

/** An EndpointSlice of IP addresses; those of other types are not observed. */
export type ObservedSlice = Observed & {
  readonly kind: 'EndpointSlice';
  /** Key of the Service that it belongs to. */
  readonly service: string;
  readonly family: AddressFamily;
  readonly endpoints: readonly ObservedEndpoint[];
};

export type ObservedNode = Observed & {
  readonly kind: 'Node';
  /**
   * Since when the Node has been Ready=True, monotonic milliseconds; absent while it is not. Where it was Ready when first seen:
   * as long ago as its condition says.
   */
  readonly readySinceMs?: number;
  /** When its Ready condition last changed, as the API server wrote it: tells that it was not Ready while nobody watched. */
  readonly readyTransition?: string;
  /** Condition NetworkUnavailable is True. */
  readonly networkUnavailable: boolean;
  /** Labelled `node.kubernetes.io/exclude-from-external-load-balancers`. */
  readonly excluded: boolean;
  /** A taint that says that the node is being emptied, by its key; absent where it has none. */
  readonly leavingTaint?: string;
  /** BGP Identifier that a person set by annotation, IPv4 text. */
  readonly routerId?: string;
  /** Addresses of type InternalIP: canonical texts, in the order of the status. */
  readonly internalAddresses: readonly string[];
};

export type ObservedNamespace = Observed & { readonly kind: 'Namespace' };

export type ObservedPool = Observed & {
  readonly kind: 'AnycastPool';
  readonly prefixes: readonly Prefix[];
  readonly namespaceSelector?: LabelSelector;
  readonly serviceSelector?: LabelSelector;
};

/** What an advertisement sets; absent scalars are left to others. */
export type AdvertisedAttributes = Partial<ExportAttributes>;

export type ObservedAdvertisement = Observed & {
  readonly kind: 'AnycastAdvertisement';
  readonly poolSelector?: LabelSelector;
  readonly namespaceSelector?: LabelSelector;
  readonly serviceSelector?: LabelSelector;
  readonly nodeSelector?: LabelSelector;
  readonly peerSelector?: LabelSelector;
  readonly attributes: AdvertisedAttributes;
};

/** An AnycastPeer: a {@link PeerEntry}, whose families may be left out, and the nodes it is for. */
export type ObservedPeer = Observed & {
  readonly kind: 'AnycastPeer';
  /** Everything but the families. Its name is the key of the object. */
  readonly session: Omit<PeerEntry, 'families'>;
  /** Name of the Secret that its password comes from. Then a session without a password has one that was never read. */
  readonly passwordSecret?: string;
  /** Absent: the family of the router's address. */
  readonly families?: readonly AddressFamily[];
  readonly nodeSelector?: LabelSelector;
};

/** When the removal of prefixes is held for a person to approve, and how long one waits for the objects to come back. */
export type RemovalGuardSettings = {
  /** In milliseconds. 0: nothing is waited for. */
  readonly graceMs: number;
  /** Of the prefixes that were there, two or more of which would go within an hour. */
  readonly maxPercent: number;
  /** Prefixes that may go within an hour. */
  readonly maxPrefixes: number;
  /** Whether the last prefix of a pool is held. */
  readonly holdsLastOfPool: boolean;
};

/** The AnycastConfig: which Services without a class are ours, whether anything is announced at all, and what is too much at once. */
export type ObservedConfig = Observed & {
  readonly kind: 'AnycastConfig';
  /** Everything is computed and reported, and no session is opened. */
  readonly isObserved: boolean;
  readonly claims: readonly { readonly namespaceSelector?: LabelSelector; readonly serviceSelector?: LabelSelector }[];
  readonly removalGuard: RemovalGuardSettings;
};

/** An AnycastHold: a batch of removals that the governor holds, as its status lists them, and what a person decided about exactly these. */
export type ObservedHold = Observed & {
  readonly kind: 'AnycastHold';
  readonly removals: readonly HeldRemoval[];
  readonly isApproved: boolean;
  readonly isReleased: boolean;
};

/** One observed object, of any kind. */
export type ObservedObject =
  | ObservedService
  | ObservedRefinement
  | ObservedSlice
  | ObservedNode
  | ObservedNamespace
  | ObservedPool
  | ObservedAdvertisement
  | ObservedPeer
  | ObservedConfig
  | ObservedHold;

/**
 * What is known about the cluster, indexed, read-only. Objects that are deleted or missing are in it with their presence;
 * undefined and empty mean: never seen, or forgotten because nothing rests on it.
 */
export type View = {
  /** Whether the kind was listed completely and its watch was heard of recently (governor.md: fresh). */
  isFresh(kind: Kind): boolean;
  service(key: string): ObservedService | undefined;
  /** AnycastServices that refine the Service. */
  refinementsOf(service: string): Iterable<ObservedRefinement>;
  /** EndpointSlices of the Service, both families. */
  slicesOf(service: string): Iterable<ObservedSlice>;
  /** Keys of Services that ask for the address: see `requestedAddresses`. */
  servicesAsking(address: string): Iterable<string>;
  node(name: string): ObservedNode | undefined;
  nodes(): Iterable<ObservedNode>;
  namespace(name: string): ObservedNamespace | undefined;
  pools(): Iterable<ObservedPool>;
  advertisements(): Iterable<ObservedAdvertisement>;
  /** Peers whose node selector matches the node, deleted ones included, ascending by name. */
  peersOf(node: string): readonly ObservedPeer[];
  peer(name: string): ObservedPeer | undefined;
  config(): ObservedConfig | undefined;
};

/** Whether there is evidence that the object is gone, or going (governor.md: tombstone). */
export const hasTombstone = (object: Observed): boolean => object.presence === 'deleting' || object.presence === 'deleted';
