import { parseAnycastAdvertisement } from '#api/anycast-advertisement.ts';
import { parseAnycastConfig } from '#api/anycast-config.ts';
import { holdHash, parseAnycastHold } from '#api/anycast-hold.ts';
import { type AnycastPeerSpec, parseAnycastPeer } from '#api/anycast-peer.ts';
import { parseAnycastPool } from '#api/anycast-pool.ts';
import { parseAnycastService } from '#api/anycast-service.ts';
import type { FieldError } from '#api/parse.ts';
import type { LabelSelector as ApiSelector } from '#api/selector.ts';
import type {
  LabelSelector,
  ObservedAdvertisement,
  ObservedConfig,
  ObservedHold,
  ObservedPeer,
  ObservedPool,
  ObservedRefinement,
  Presence,
} from '#decide/view.ts';
import { ok, type Result } from '#runtime/result.ts';
import { type ReasonCode, reasons } from '#state/reasons.ts';
import type { SessionOptions } from '#state/session-options.ts';
import type { CustomObject } from '../custom-object.ts';
import { observed } from './map-core.ts';

/** One of our objects as decide sees it, or what is wrong with it. */
type Mapped<T> = Result<T, FieldError>;

export function mapRefinement(object: CustomObject, presence: Presence): Mapped<ObservedRefinement> {
  const parsed = parseAnycastService(object);
  if (!parsed.ok) return parsed;
  const { mode, serviceRef, addresses = [], endpointPolicy, dataPlaneGate, announceDelayMs } = parsed.value.spec;
  return ok({
    ...observed('AnycastService', object.metadata, presence),
    service: `${object.metadata.namespace ?? ''}/${serviceRef.name}`,
    addresses,
    ...(endpointPolicy !== undefined && { endpointPolicy }),
    isObserved: mode === 'Observe',
    gateMode: dataPlaneGate,
    announceDelayMs,
  });
}

export function mapPool(object: CustomObject, presence: Presence): Mapped<ObservedPool> {
  const parsed = parseAnycastPool(object);
  if (!parsed.ok) return parsed;
  const { addresses, namespaceSelector, serviceSelector } = parsed.value.spec;
  return ok({
    ...observed('AnycastPool', object.metadata, presence),
    prefixes: addresses,
    ...selectors({ namespaceSelector, serviceSelector }),
  });
}

export function mapAdvertisement(object: CustomObject, presence: Presence): Mapped<ObservedAdvertisement> {
  const parsed = parseAnycastAdvertisement(object);
  if (!parsed.ok) return parsed;
  const { attributes, poolSelector, namespaceSelector, serviceSelector, nodeSelector, peerSelector } = parsed.value.spec;
  const { communities, largeCommunities, med, localPref, prepend } = attributes;
  return ok({
    ...observed('AnycastAdvertisement', object.metadata, presence),
    ...selectors({ poolSelector, namespaceSelector, serviceSelector, nodeSelector, peerSelector }),
    attributes: {
      communities,
      largeCommunities,
      ...(med !== undefined && { med }),
      ...(localPref !== undefined && { localPref }),
      // No prepend is the default and leaves the choice to other advertisements.
      ...(prepend > 0 && { prepend }),
    },
  });
}

/** Without the password: that is in another object. */
export function mapPeer(object: CustomObject, presence: Presence): Mapped<ObservedPeer> {
  const parsed = parseAnycastPeer(object);
  if (!parsed.ok) return parsed;
  const { spec } = parsed.value;
  return ok({
    ...observed('AnycastPeer', object.metadata, presence),
    session: {
      kind: 'peer',
      name: object.metadata.name,
      address: spec.address ?? '',
      port: spec.port,
      localAsn: spec.localASN,
      peerAsn: spec.peerASN,
      holdTimeMs: spec.holdTimeSeconds * 1000,
      connectRetryMs: spec.connectRetrySeconds * 1000,
      ...(spec.sourceAddress !== undefined && { sourceAddress: spec.sourceAddress }),
      ...(spec.nextHop.ipv4 !== undefined && { nextHopIpv4: spec.nextHop.ipv4 }),
      ...(spec.nextHop.ipv6 !== undefined && { nextHopIpv6: spec.nextHop.ipv6 }),
      ...(spec.multihopTTL !== undefined && { multihopTtl: spec.multihopTTL }),
      ...sessionOptions(spec),
    },
    ...(spec.passwordSecret !== undefined && { passwordSecret: spec.passwordSecret }),
    ...(spec.families !== undefined && { families: spec.families }),
    ...selectors({ nodeSelector: spec.nodeSelector }),
  });
}

function sessionOptions(spec: AnycastPeerSpec): SessionOptions {
  const { tcpAO, ttlSecurityHops, vrf, passive, gracefulRestart, role, roleStrict, localAS, maxPrefixes } = spec;
  const { extendedNextHop, extendedMessages, delayOpenSeconds, noLLGR, interface: device } = spec;
  return {
    ...(tcpAO !== undefined && { tcpAo: { keyId: tcpAO.keyID, receiveKeyId: tcpAO.receiveKeyID, algorithm: tcpAO.algorithm } }),
    ...(device !== undefined && { interface: device }),
    ...(ttlSecurityHops !== undefined && { ttlSecurityHops }),
    ...(vrf !== undefined && { vrf }),
    ...(passive !== undefined && { passive }),
    ...(gracefulRestart !== undefined && {
      gracefulRestart: { restartSeconds: gracefulRestart.restartTimeSeconds, notification: gracefulRestart.notification },
    }),
    ...(role !== undefined && { role }),
    ...(roleStrict !== undefined && { roleStrict }),
    ...(localAS !== undefined && { localAs: { asn: localAS.asn, replaceAs: localAS.replaceAS } }),
    ...(extendedNextHop !== undefined && { extendedNextHop }),
    ...(extendedMessages !== undefined && { extendedMessages }),
    ...(delayOpenSeconds !== undefined && { delayOpenMs: delayOpenSeconds * 1_000 }),
    ...(maxPrefixes !== undefined && { maxPrefixes }),
    ...(noLLGR !== undefined && { noLlgr: noLLGR }),
  };
}

export function mapConfig(object: CustomObject, presence: Presence): Mapped<ObservedConfig> {
  const parsed = parseAnycastConfig(object);
  if (!parsed.ok) return parsed;
  const { claim, mode, removalGuard: guard } = parsed.value.spec;
  const removalGuard = {
    graceMs: guard.graceSeconds * 1_000,
    maxPercent: guard.maxPercent,
    maxPrefixes: guard.maxPrefixes,
    holdsLastOfPool: guard.lastOfPool === 'Hold',
  };
  return ok({
    ...observed('AnycastConfig', object.metadata, presence),
    claims: claim.map(selectors),
    isObserved: mode === 'Observe',
    removalGuard,
  });
}

/** What a person decided counts for the list that has this hash: for what he read. */
export function mapHold(object: CustomObject, presence: Presence): Mapped<ObservedHold> {
  const parsed = parseAnycastHold(object);
  if (!parsed.ok) return parsed;
  const { spec, status } = parsed.value;
  const removals = (status?.removals ?? []).map(({ prefix, service, cause, reason }) => ({
    prefix,
    service,
    cause,
    reason: reasonOf(reason),
  }));
  const hash = holdHash(removals.map(({ prefix }) => prefix));
  return ok({
    ...observed('AnycastHold', object.metadata, presence),
    removals,
    isApproved: spec.approvedHash === hash,
    isReleased: spec.restoredHash === hash,
  });
}

/** A reason that another version wrote. */
const reasonOf = (text: string): ReasonCode => (text in reasons ? (text as ReasonCode) : 'ReasonNotKnown');

/** The selectors that are there, under their names. */
function selectors<Name extends string>(
  named: { readonly [N in Name]?: ApiSelector | undefined },
): { readonly [N in Name]?: LabelSelector } {
  return Object.fromEntries(Object.entries(named).filter(([, selector]) => selector !== undefined)) as {
    readonly [N in Name]?: LabelSelector;
  };
}
