import type { LedgerStore } from '#decide/ledger-store.ts';
import type { Note } from '#decide/proposal.ts';
import { type Place, placeKey } from '#state/decision.ts';
import { IndexMap } from './index-map.ts';
import type { NodeOutcome, ServiceOutcome } from './pipeline/pipeline.ts';

/**
 * What was last decided in this term, indexed for those who tell about it: a question about a pool, an advertisement or a peer
 * costs what concerns it, and one about everything costs nothing.
 */
export class Outcomes {
  readonly #ledger: () => LedgerStore;
  readonly #services = new Map<string, ServiceOutcome>();
  readonly #nodes = new Map<string, NodeOutcome>();
  /** `service prefix` under the pool that gives it. */
  readonly #assigned = new IndexMap();
  /** Services under the objects that their decisions left a note about, as `Kind name`. */
  readonly #noted = new IndexMap();
  /** Nodes under the peers that they shall speak to, or would. */
  readonly #nodesByPeer = new IndexMap();
  /** Services of which it is known that some router has a route of theirs that the configuration does not want there. */
  readonly #unwanted = new Set<string>();
  /** Services that have to be looked at again before it is known of them: only where somebody asks. */
  readonly #unjudged = new Set<string>();

  /** `ledger` is that of the term. */
  constructor(ledger: () => LedgerStore) {
    this.#ledger = ledger;
  }

  /** Of its decisions those that are held. */
  service(key: string): ServiceOutcome | undefined {
    return this.#services.get(key);
  }

  services(): Iterable<ServiceOutcome> {
    return this.#services.values();
  }

  node(name: string): NodeOutcome | undefined {
    return this.#nodes.get(name);
  }

  /** Addresses of a pool that Services hold. */
  assigned(pool: string): number {
    return this.#assigned.get(pool).size;
  }

  /** The first note that decisions left about an object. */
  noteAbout(kind: Note['kind'], object: string): Note | undefined {
    const [service] = this.#noted.get(`${kind} ${object}`);
    const notes = service === undefined ? [] : (this.#services.get(service)?.proposal.notes ?? []);
    return notes.find((note) => note.kind === kind && note.object === object);
  }

  /** Nodes that shall speak to a peer, or would if the mode were not Observe. */
  nodesOf(peer: string): ReadonlySet<string> {
    return this.#nodesByPeer.get(peer);
  }

  /**
   * Whether some router has a route that the configuration does not want there any more: held back, or on its way. While that
   * is so, nothing that may be the reason for it lets go of its finalizer.
   */
  get someRouteIsUnwanted(): boolean {
    for (const service of this.#unjudged) {
      if (this.#unwanted.size > 0) return true;
      this.#unjudged.delete(service);
      const outcome = this.#services.get(service);
      if (outcome !== undefined && unwantedNodes(this.#ledger(), outcome).length > 0) this.#unwanted.add(service);
    }
    return this.#unwanted.size > 0;
  }

  /** Nodes from which some router has a route that the configuration does not want there any more: those of {@link someRouteIsUnwanted}. */
  nodesWithUnwanted(): Set<string> {
    return new Set([...this.#withUnwanted()].flatMap((outcome) => unwantedNodes(this.#ledger(), outcome)));
  }

  /** Whether every route of {@link someRouteIsUnwanted} stays for now by the removal guard. Costs a walk over these. */
  get everyUnwantedIsGuarded(): boolean {
    for (const outcome of this.#withUnwanted()) {
      const guarded = new Set(outcome.decisions.filter(isGuarded).map(({ place }) => placeKey(place)));
      if (!unwantedRoutes(this.#ledger(), outcome).every((place) => guarded.has(placeKey(place)))) return false;
    }
    return true;
  }

  /** Whether every session with a peer that shall end stays for now by the removal guard. */
  isCloseGuarded(peer: string): boolean {
    for (const { decisions } of this.#nodes.values())
      for (const decision of decisions) if (decision.peer === peer && !isGuarded(decision)) return false;
    return true;
  }

  /** Services that have, or may have, a route that is not wanted. */
  *#withUnwanted(): Iterable<ServiceOutcome> {
    for (const service of new Set([...this.#unwanted, ...this.#unjudged])) {
      const outcome = this.#services.get(service);
      if (outcome !== undefined) yield outcome;
    }
  }

  setService(outcome: ServiceOutcome): void {
    const { service } = outcome.intent;
    this.forgetService(service);
    // What was done is told and over: only what is held back says something later, and it is a few of many.
    const holds = outcome.decisions.filter((decision) => decision.outcome === 'hold');
    this.#services.set(service, { ...outcome, decisions: holds.length === 0 ? none : holds });
    for (const { prefix, pool, refusal } of outcome.intent.addresses)
      if (pool !== undefined && refusal === undefined) this.#assigned.set(`${service} ${prefix}`, [pool]);
    this.#noted.set(
      service,
      outcome.proposal.notes.map(({ kind, object }) => `${kind} ${object}`),
    );
    this.routesChanged(service);
  }

  forgetService(service: string): void {
    const before = this.#services.get(service);
    if (before === undefined) return;
    this.#services.delete(service);
    for (const { prefix } of before.intent.addresses) this.#assigned.set(`${service} ${prefix}`, []);
    this.#noted.set(service, []);
    this.#unwanted.delete(service);
    this.#unjudged.delete(service);
  }

  /** What routers have of a Service changed. */
  routesChanged(service: string): void {
    this.#unwanted.delete(service);
    this.#unjudged.add(service);
  }

  setNode(outcome: NodeOutcome): void {
    const { node, peers } = outcome.proposal;
    this.#nodes.set(node, outcome);
    this.#nodesByPeer.set(
      node,
      peers.filter((peer) => peer.entry !== undefined || peer.reason === 'ObserveOnly').map((peer) => peer.peer),
    );
  }

  forgetNode(node: string): void {
    this.#nodes.delete(node);
    this.#nodesByPeer.set(node, []);
  }

  /** Forgets everything: the term ended. */
  clear(): void {
    for (const service of [...this.#services.keys()]) this.forgetService(service);
    for (const node of [...this.#nodes.keys()]) this.forgetNode(node);
  }
}

const isGuarded = ({ outcome, rule }: { readonly outcome: string; readonly rule: string }): boolean =>
  outcome === 'hold' && rule === 'removalGuard';

const none: ServiceOutcome['decisions'] = [];

/** Nodes from which some router has a route of the Service that is not wanted there. */
const unwantedNodes = (ledger: LedgerStore, outcome: ServiceOutcome): string[] => unwantedRoutes(ledger, outcome).map(({ node }) => node);

function unwantedRoutes(ledger: LedgerStore, { intent, proposal }: ServiceOutcome): Place[] {
  const wanted = new Map(
    proposal.places.map(({ standing, exports }) => [placeKey(standing.place), new Set(exports.map((item) => item.peer))]),
  );
  return [...ledger.routesOf(intent.service)]
    .filter(({ place, announced }) => announced.some((peer) => wanted.get(placeKey(place))?.has(peer) !== true))
    .map(({ place }) => place);
}
