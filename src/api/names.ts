/** API group of all our kinds. */
export const group = 'anycast-operator.io';

/** The version that is served and stored. */
export const version = 'v1alpha1';

/** `apiVersion` of our objects. */
export const apiVersion = `${group}/${version}`;

/** `spec.loadBalancerClass` of Services that are ours. A class can't be added to an existing Service: see AnycastConfig for those. */
export const loadBalancerClass = `${group}/anycast`;

/** Finalizer on our kinds and on Services that are ours: removed when speakers have reported that the routes are withdrawn. */
export const withdrawFinalizer = `${group}/withdraw`;

/** Annotation on a Service without an AnycastService: the addresses that it asks for, separated by commas. */
export const addressesAnnotation = `${group}/addresses`;

/** Annotation on a Node: the BGP Identifier of its sessions, as IPv4 text. Default: the Node's IPv4 InternalIP. */
export const routerIdAnnotation = `${group}/router-id`;

/** Annotation on AnycastConfig default: the token of the condition InputRewound that a person confirms. */
export const acceptRewindAnnotation = `${group}/accept-rewind`;

/** Annotation on the leader's Lease: its term, raised at every acquisition. */
export const epochAnnotation = `${group}/epoch`;
