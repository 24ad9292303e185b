import type { ReasonCode } from '#state/reasons.ts';

/**
 * Why an object's condition is as it is, where that is not a route's own reason (`state/reasons.ts`). A code is for life:
 * programs read it.
 */
export const statusReasons = {
  Accepted: 'the spec can be followed',
  Invalid: 'the spec can not be read; what was accepted before stays in force',
  Conflict: 'an older AnycastService refines the same Service',
  Resolved: 'what is named is there: a Service of ours, or a Secret with a password',
  ServiceNotFound: 'the Service is not there',
  SecretNotFound: 'the Secret with the password is not there, or not of type kubernetes.io/basic-auth',
  SecretKeyMissing: 'the Secret has no key password',
  PasswordInvalid: 'the password in the Secret can not be used: the message says why',
  SecretsUnreadable: 'the operator can not read Secrets of its namespace: the message says why',
  NoAddress: 'no address is asked for',
  AddressUnreadable: 'the Service asks for something that is not an IP address',
  InForce: 'it is in force where it applies',
  NoNodeSelected: 'no node is selected',
  Established: 'all sessions that there should be are established',
  EntryRejected: 'a speaker can not run what it was told; it goes on with what it had',
  Connected: 'the speaker has a stream to the leading operator',
  Disconnected: 'the speaker has none; what it announces stays as it was',
  AttributeIgnored: 'an older AnycastAdvertisement sets an attribute of the same route, which counts',
  AwaitingFence: 'speakers that are away may still announce what is to go; what waits goes on when they are back',
  Deleting: 'it is being deleted; the routes that rest on it go first',
  InputRewound: 'the API server went back in time; a person has to confirm that what it says now counts',
  AwaitingApproval: 'more would be withdrawn at once than may be: a person approves the list, or undoes what took it away',
  Approved: 'a person approved the list',
  Removing: 'what was approved is being withdrawn',
  Restoring: 'a person wants the objects made anew: they were let go, and their routes stay',
  Orphan: 'the speaker has the route, and no Service that was seen explains it; it stays until a person ends it',
  Observing: 'the mode is Observe: the message says what would be announced',
  RoutesDiffer: 'routes are not as they should be; the status lists them',
  AsWanted: 'everything is as it should be',
} as const;

/** Reasons that conditions give. */
export type ConditionReason = keyof typeof statusReasons | ReasonCode;
