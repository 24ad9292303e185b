import { type AddressFamily, formatIpAddress, type IpAddress, parseIpAddress } from '#net/ip-address.ts';
import { containsPrefix, formatPrefix, hostPrefix } from '#net/prefix.ts';
import { assert } from '#runtime/assert.ts';
import { type Claim, claimOf, requestedAddresses, selectsNamespace } from './claim.ts';
import { byAge, compareText, doubtsAbout, facts, seen, staleness } from './facts.ts';
import type { Refused } from './intent.ts';
import type { HeldRoute, Ledger } from './ledger.ts';
import { selects } from './selector.ts';
import { hasTombstone, type ObservedPool, type ObservedService, type View } from './view.ts';

/** An address with what follows from it. */
export type Address = {
  /** Canonical text. */
  readonly text: string;
  readonly parsed: IpAddress;
  readonly family: AddressFamily;
  /** The host route, canonical text. */
  readonly prefix: string;
};

/** Addresses and prefixes were checked when they were observed: what can't be read here is a bug. */
export function addressOf(text: string): Address {
  const parsed = parseIpAddress(text);
  assert(parsed.ok, `an observed address can be read: ${text}`);
  const prefix = formatPrefix(hostPrefix(parsed.value));
  return { text: formatIpAddress(parsed.value), parsed: parsed.value, family: parsed.value.family, prefix };
}

/** The address of a host route. */
export const addressOfPrefix = (prefix: string): Address => addressOf(prefix.slice(0, prefix.lastIndexOf('/')));

/** Why one address of a Service may not be announced; the message names what to do. */
export type Refusal = Refused & { readonly message: string };

/** Who has an address: a Service, or routes that no Service seen so far explains. */
export type Holder = { readonly service: string } | { readonly orphan: true };

/** The pool that lets a Service use an address: of several, the first by name. */
export function poolFor(view: View, service: ObservedService, address: Address): ObservedPool | undefined {
  let found: ObservedPool | undefined;
  for (const pool of view.pools()) {
    if (hasTombstone(pool) || !contains(pool, address) || !mayUse(view, pool, service)) continue;
    if (found === undefined || compareText(pool.key, found.key) < 0) found = pool;
  }
  return found;
}

/** Checks one address of a Service against everything but its endpoints. Undefined: it may be announced. */
export function refusalOf(view: View, ledger: Ledger, claim: Claim, address: Address): Refusal | undefined {
  const { service } = claim;
  if (!requestedAddresses(claim).includes(address.text)) {
    return aboutService(
      view,
      claim,
      'AddressNotRequested',
      `does not ask for ${address.text}`,
      'Remove it from the Service, or ask for it.',
    );
  }
  if (!service.families.includes(address.family)) {
    const toDo = `Add ${address.family} to spec.ipFamilies, or remove the address.`;
    return aboutService(view, claim, 'FamilyNotServed', `ipFamilies has no ${address.family}`, toDo);
  }
  if (poolFor(view, service, address) === undefined) return notInPool(view, service, address);
  const holder = holderOf(view, ledger, address);
  if (holder !== undefined && !('service' in holder && holder.service === service.key)) return inUse(view, service, address, holder);
  if (claim.refinement?.endpointPolicy === 'Cluster' && service.externalTrafficPolicy === 'Local') {
    const toDo = 'Set endpointPolicy to Local, or externalTrafficPolicy to Cluster.';
    return aboutService(view, claim, 'PolicyRefused', 'endpointPolicy Cluster with externalTrafficPolicy Local', toDo);
  }
  if (claim.ownership === 'foreign' && !service.ingress.includes(address.text)) {
    const toDo = 'The controller of its class has to assign it.';
    return aboutService(view, claim, 'AddressNotInStatus', `status has no ${address.text}`, toDo);
  }
  return undefined;
}

/**
 * Who has the address. Whoever has routes keeps it. Routes that no Service was seen to have belong to the one Service whose status
 * has the address: a newcomer can't take them by asking, and of several nobody can tell. Else the oldest Service that may have it;
 * but one that had it comes first, for as long as its status says so: speakers that were not heard may announce it still.
 */
export function holderOf(view: View, ledger: Ledger, address: Address): Holder | undefined {
  let hasOrphans = false;
  for (const { service } of ledger.routesAt(address.prefix)) {
    if (service !== undefined) return { service };
    hasOrphans = true;
  }
  const asking = [...view.servicesAsking(address.text)].map((key) => view.service(key)).filter((service) => service !== undefined);
  const inStatus = asking.filter((service) => service.ingress.includes(address.text)).sort(byAge);
  if (hasOrphans) return orphanHolder(inStatus);
  const rightful = (service: ObservedService): boolean => mayHave(view, service, address);
  const had = (service: ObservedService): boolean => mayBeAnnounced(view, service);
  const holder = inStatus.find(rightful) ?? inStatus.find(had) ?? asking.sort(byAge).find(rightful);
  return holder && { service: holder.key };
}

/** The one Service whose status has the address; of those that are gone only where no other is left. */
function orphanHolder(inStatus: readonly ObservedService[]): Holder {
  const live = inStatus.filter((service) => !hasTombstone(service));
  const [only, ...others] = live.length > 0 ? live : inStatus;
  return only !== undefined && others.length === 0 ? { service: only.key } : { orphan: true };
}

/** Routes of the address that a Service has, or may still have: its own, and orphans where it is their holder. */
export function routesHeldBy(view: View, ledger: Ledger, service: string, address: Address): HeldRoute[] {
  const routes = [...ledger.routesAt(address.prefix)];
  const holder = routes.some((route) => route.service === undefined) ? holderOf(view, ledger, address) : undefined;
  const hasOrphans = holder !== undefined && 'service' in holder && holder.service === service;
  return routes.filter((route) => route.service === service || (route.service === undefined && hasOrphans));
}

/**
 * Whether an address in the status of a Service may be announced somewhere though the Service shall not have it. Of our own we
 * clear the status when every speaker has said that it is not; where another controller writes it, the AnycastService stays as long.
 */
function mayBeAnnounced(view: View, service: ObservedService): boolean {
  const { ownership, deleted } = claimOf(view, service);
  return ownership === 'own' || deleted.length > 0;
}

/** Whether a Service asks for an address that it may have: one that may not keeps nobody from it, unless it had it. */
export function mayHave(view: View, service: ObservedService, address: Address): boolean {
  if (hasTombstone(service) || !service.families.includes(address.family)) return false;
  return requestedAddresses(claimOf(view, service)).includes(address.text) && poolFor(view, service, address) !== undefined;
}

const contains = (pool: ObservedPool, address: Address): boolean =>
  pool.prefixes.some((prefix) => containsPrefix(prefix, hostPrefix(address.parsed)));

const mayUse = (view: View, pool: ObservedPool, service: ObservedService): boolean =>
  selectsNamespace(view, pool.namespaceSelector, service.namespace) && selects(pool.serviceSelector, service.labels);

function aboutService(view: View, claim: Claim, reason: Refusal['reason'], fact: string, toDo: string): Refusal {
  const { service, refinement } = claim;
  const objects = refinement === undefined ? [service] : [service, refinement];
  return {
    cause: 'narrowing',
    reason,
    message: `Service ${service.key}: ${fact}. ${toDo}`,
    evidence: facts(objects, () => fact),
    doubts: objects.flatMap((object) => doubtsAbout(view, object.kind, object.key, object)),
  };
}

function notInPool(view: View, service: ObservedService, address: Address): Refusal {
  const pools = [...view.pools()].sort((a, b) => compareText(a.key, b.key));
  // Pools that have the address say why it may not be used; where none has, all of them say so.
  const having = pools.filter((pool) => contains(pool, address));
  return {
    cause: 'narrowing',
    reason: 'AddressNotInPool',
    message: `Service ${service.key}: address ${address.text} ${whyInNoPool(view, service, pools, having)}`,
    evidence: facts(having.length > 0 ? having : pools, () => `does not give ${address.text} to ${service.key}`),
    doubts: [
      ...staleness(view, 'AnycastPool'),
      ...doubtsAbout(view, 'Service', service.key, service),
      ...doubtsAbout(view, 'Namespace', service.namespace, view.namespace(service.namespace)),
    ],
  };
}

/** What is said of an address that no pool gives to the Service, and what to do. Pools are sorted by name. */
function whyInNoPool(view: View, service: ObservedService, pools: readonly ObservedPool[], having: readonly ObservedPool[]): string {
  const refusing = having.find((pool) => !hasTombstone(pool)) ?? having[0];
  if (refusing !== undefined) return `may not be used: AnycastPool ${refusing.key} has it, but ${whyPoolRefuses(view, refusing, service)}`;
  const usable = pools.filter((pool) => !hasTombstone(pool) && mayUse(view, pool, service)).map((pool) => pool.key);
  const advice = usable.length === 0 ? 'There is none yet.' : `It may use: ${usable.slice(0, 10).join(', ')}.`;
  return `is in no AnycastPool that namespace ${service.namespace} may use. Add it to one. ${advice}`;
}

function whyPoolRefuses(view: View, pool: ObservedPool, service: ObservedService): string {
  if (hasTombstone(pool)) return 'is being deleted. Add the address to another one.';
  if (!selectsNamespace(view, pool.namespaceSelector, service.namespace))
    return `its namespaceSelector does not select namespace ${service.namespace}. Change the selector, or label the namespace.`;
  return 'its serviceSelector does not select the Service. Change the selector, or label the Service.';
}

function inUse(view: View, service: ObservedService, address: Address, holder: Holder): Refusal {
  const object = 'service' in holder ? view.service(holder.service) : undefined;
  const who = 'service' in holder ? `Service ${holder.service}` : 'routes on speakers of which it is not known whose they are';
  return {
    cause: 'narrowing',
    reason: 'AddressInUse',
    message: `Service ${service.key}: address ${address.text} is held by ${who}. Choose another address, or remove it there.`,
    evidence: object === undefined ? [] : [seen(object, `holds ${address.text}`)],
    doubts: [],
  };
}
