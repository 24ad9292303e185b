import { type Address, addressOf, addressOfPrefix, poolFor, type Refusal, refusalOf, routesHeldBy } from './address.ts';
import { type Claim, claimOf, dismissalOf, requestedAddresses } from './claim.ts';
import { EndpointTable, type EndpointVerdict } from './endpoints.ts';
import { compareText, doubtsAbout, doubtsAboutNode, seen } from './facts.ts';
import type { AddressIntent, Doubt, Intent, Refused, Standing } from './intent.ts';
import type { HeldRoute, Ledger } from './ledger.ts';
import { defaultAnnounceDelayMs } from './limits.ts';
import { observingConfig } from './observing.ts';
import type { EndpointPolicy, ObservedService, View } from './view.ts';

/**
 * Who can serve the addresses of a Service, and from where: for each address the nodes that are candidates or have its route.
 * The Ledger is read for what is held, never for what may change: that is govern's.
 */
export function intend(view: View, ledger: Ledger, service: string, nowMs: number): Intent {
  const object = view.service(service);
  if (object === undefined) return unseenService(ledger, service);
  const claim = claimOf(view, object);
  const endpointPolicy = claim.refinement?.endpointPolicy ?? object.externalTrafficPolicy;
  const dismissal = dismissalOf(view, claim);
  const judged = addressesOf(ledger, claim).map((address): Judged => {
    const refusal = dismissal === undefined ? refusalOf(view, ledger, claim, address) : undefined;
    return { of: { view, ledger, claim, address, endpointPolicy, nowMs }, verdict: dismissal ?? refusal, refusal };
  });
  const desiredIngress = ingressOf(view, claim, judged);
  return {
    service,
    ownership: claim.ownership,
    ...(claim.refinement !== undefined && { refinement: claim.refinement.key }),
    conflicts: claim.conflicts.map((refinement) => refinement.key),
    endpointPolicy,
    gate: gateOf(claim),
    addresses: judged.map(addressIntent),
    ...(desiredIngress !== undefined && { desiredIngress }),
  };
}

/** What the judgement of one address needs. */
type Case = {
  readonly view: View;
  readonly ledger: Ledger;
  readonly claim: Claim;
  readonly address: Address;
  readonly endpointPolicy: EndpointPolicy;
  readonly nowMs: number;
};

/** An address with why it is not announced as a whole: because of the Service, or because of itself. */
type Judged = { readonly of: Case; readonly verdict: Refused | undefined; readonly refusal: Refusal | undefined };

/** What is asked for, what we wrote into the status, and what still has routes: in that order. */
function addressesOf(ledger: Ledger, claim: Claim): Address[] {
  const texts = new Set(requestedAddresses(claim));
  for (const address of claim.service.ingress) texts.add(address);
  // A Service has few prefixes, each on very many nodes.
  const prefixes = new Set<string>();
  for (const { place } of ledger.routesOf(claim.service.key)) prefixes.add(place.prefix);
  for (const prefix of prefixes) texts.add(addressOfPrefix(prefix).text);
  return [...texts].map(addressOf);
}

function addressIntent({ of, verdict, refusal }: Judged): AddressIntent {
  const { text, prefix, family } = of.address;
  const pool = poolFor(of.view, of.claim.service, of.address);
  return {
    address: text,
    prefix,
    family,
    ...(pool !== undefined && { pool: pool.key }),
    ...(refusal !== undefined && { refusal: { reason: refusal.reason, message: refusal.message } }),
    standings: verdict === undefined ? servedStandings(of) : notAllowed(of, verdict),
  };
}

/** Where no route may be. While that waits for a person, the endpoints go on to count. */
function notAllowed(of: Case, refused: Refused): Standing[] {
  const taken = refusedStandings(of, refused);
  const removal = of.ledger.removals.of(of.address.prefix);
  if (removal?.state !== 'held') return taken;
  const { service } = of.claim;
  const isEnding = service.presence === 'deleting' && !removal.isReleased;
  const served = servedStandings(of).map((standing) => ({ ...(isEnding ? unserved(standing, service) : standing), refused }));
  if (refused.cause === 'removal') return served;
  // What is deleted is served on, and may come up; what is not allowed any more comes up nowhere.
  const nodes = new Set(taken.map(({ place }) => place.node));
  return served
    .filter(({ place }) => nodes.has(place.node))
    .map((standing) => (standing.wanted === 'yes' ? { ...standing, wanted: 'ifAnnounced' } : standing));
}

/**
 * That there is no EndpointSlice is no evidence, for they may be written anew. Of a Service that is being deleted they are not:
 * where a namespace ends they go with the pods, and nothing would ever say so.
 */
function unserved(standing: Standing, service: ObservedService): Standing {
  const isSilent = standing.reason === 'NoEndpoint' && standing.evidence.length === 0;
  return isSilent ? { ...standing, evidence: [seen(service, 'has no EndpointSlice')] } : standing;
}

/** Only nodes that have a route are of interest. */
function refusedStandings(of: Case, { cause, reason, evidence, doubts }: Refused): Standing[] {
  // Routes that another leader ordered are not given up because this one sees no reason for them.
  const held = reason === 'NotOurs' ? heldRoutes(of).filter((route) => route.service !== undefined) : heldRoutes(of);
  return held
    .map((route) => route.place.node)
    .sort(compareText)
    .map((node) => ({ place: { prefix: of.address.prefix, node }, wanted: 'no', cause, reason, evidence, doubts }));
}

function servedStandings(of: Case): Standing[] {
  const { view, claim, address, nowMs } = of;
  const table = new EndpointTable(view, claim.service.key, address.family, nowMs);
  const nodes = new Set(heldRoutes(of).map((route) => route.place.node));
  const isLocal = of.endpointPolicy === 'Local';
  if (isLocal) for (const node of table.nodes()) nodes.add(node);
  else for (const node of view.nodes()) nodes.add(node.key);
  const everywhere = isLocal ? undefined : table.cluster();
  const shared = inputDoubts(of);
  return [...nodes].sort(compareText).map((node) => standing(of, node, everywhere ?? table.local(node), shared));
}

/** What one node shall do: the node itself has the first word, then its endpoints, then the status of the Service. */
function standing(of: Case, node: string, endpoints: EndpointVerdict, shared: readonly Doubt[]): Standing {
  const place = { prefix: of.address.prefix, node };
  const ineligible = ineligibility(of.view, node);
  if (ineligible !== undefined) return { place, wanted: 'no', ...ineligible };
  const observed = observedOnly(of, endpoints, of.ledger.route(place) !== undefined);
  if (observed !== undefined) return { place, wanted: 'no', ...observed };
  if (endpoints.wanted !== 'yes') return { place, ...endpoints };
  // kube-proxy serves only what is in the status; there, a route that is up would be a black hole only until we write it again.
  if (!of.claim.service.ingress.includes(of.address.text)) {
    return { place, ...endpoints, wanted: 'ifAnnounced', reason: 'AddressNotInStatus' };
  }
  const own = of.endpointPolicy === 'Cluster' ? doubtsAboutNode(of.view, node, of.nowMs) : [];
  return { place, ...endpoints, doubts: [...endpoints.doubts, ...own, ...shared] };
}

/** What would be announced, or is, and is only to be observed; where endpoints surely fail, that is the reason. */
function observedOnly({ view, claim: { refinement } }: Case, endpoints: EndpointVerdict, isHeld: boolean): Refused | undefined {
  const observer = refinement?.isObserved === true ? refinement : observingConfig(view);
  if (observer === undefined) return undefined;
  const isRefused = endpoints.wanted === 'no' && endpoints.doubts.length === 0;
  if (endpoints.wanted !== 'yes' && (isRefused || !isHeld)) return undefined;
  return {
    cause: 'narrowing',
    reason: 'ObserveOnly',
    evidence: [seen(observer, 'mode Observe')],
    doubts: doubtsAbout(view, observer.kind, observer.key, observer),
  };
}

/** Why a node announces nothing, whatever its endpoints. */
function ineligibility(view: View, name: string): Refused | undefined {
  const node = view.node(name);
  if (node === undefined) return undefined;
  const dismiss = (reason: 'NodeDeleted' | 'NodeNotEligible', fact: string): Refused => ({
    cause: 'narrowing',
    reason,
    evidence: [seen(node, fact)],
    doubts: doubtsAbout(view, 'Node', name, node),
  });
  if (node.presence === 'deleted') return dismiss('NodeDeleted', 'deleted');
  if (node.presence === 'deleting') return dismiss('NodeNotEligible', 'being deleted');
  if (node.excluded) return dismiss('NodeNotEligible', 'excluded from external load balancers');
  return node.networkUnavailable ? dismiss('NodeNotEligible', 'NetworkUnavailable=True') : undefined;
}

/** What stands against bringing up any route of the address. */
function inputDoubts({ view, claim, address }: Case): Doubt[] {
  const objects = [claim.service, claim.refinement, poolFor(view, claim.service, address)];
  return objects.flatMap((object) => (object === undefined ? [] : doubtsAbout(view, object.kind, object.key, object)));
}

const heldRoutes = ({ view, ledger, claim, address }: Case): HeldRoute[] => routesHeldBy(view, ledger, claim.service.key, address);

function gateOf({ service, refinement }: Claim): Intent['gate'] {
  const port = service.externalTrafficPolicy === 'Local' ? service.healthCheckNodePort : undefined;
  return {
    mode: refinement?.gateMode ?? 'Auto',
    ...(port !== undefined && { healthCheckNodePort: port }),
    announceDelayMs: refinement?.announceDelayMs ?? defaultAnnounceDelayMs,
  };
}

/** Refusals that say an address is not the Service's; the others leave it in the status. */
const notItsAddress: readonly string[] = ['AddressNotRequested', 'FamilyNotServed', 'AddressNotInPool', 'AddressInUse'];

/**
 * The status that our own Services shall have: addresses that are theirs, and those that were while their routes are not all
 * gone, or while it is in doubt. Where no session is opened, it is left to whoever announces meanwhile.
 */
function ingressOf(view: View, claim: Claim, judged: readonly Judged[]): string[] | undefined {
  const { service, ownership } = claim;
  if (ownership !== 'own' || service.presence === 'missing' || observingConfig(view) !== undefined) return undefined;
  const stays = ({ of, verdict }: Judged): boolean => {
    if (verdict === undefined || !(verdict.cause === 'removal' || notItsAddress.includes(verdict.reason))) return true;
    return service.ingress.includes(of.address.text) && (verdict.doubts.length > 0 || heldRoutes(of).length > 0);
  };
  return judged.filter(stays).map(({ of }) => of.address.text);
}

/** A Service that was never seen here, with routes that name it: they stay. */
function unseenService(ledger: Ledger, service: string): Intent {
  const byPrefix = new Map<string, Standing[]>();
  for (const { place } of ledger.routesOf(service)) {
    const standings = byPrefix.get(place.prefix) ?? [];
    byPrefix.set(place.prefix, standings);
    const doubts: Doubt[] = [{ reason: 'InputMissing', kind: 'Service', object: service }];
    standings.push({ place, wanted: 'no', cause: 'narrowing', reason: 'InputMissing', evidence: [], doubts });
  }
  return {
    service,
    ownership: 'none',
    conflicts: [],
    endpointPolicy: 'Local',
    gate: { mode: 'Auto', announceDelayMs: defaultAnnounceDelayMs },
    addresses: [...byPrefix].map(([prefix, standings]) => {
      const { text, family } = addressOfPrefix(prefix);
      return { address: text, prefix, family, standings };
    }),
  };
}
