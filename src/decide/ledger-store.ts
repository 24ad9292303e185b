import { type AddressFamily, familyOfText } from '#net/ip-address.ts';
import { type Place, placeKey } from '#state/decision.ts';
import { type Entry, type EntryKey, nodeKey, peerKey, prefixOfKey, type RouteEntry, routeKey } from '#state/entry.ts';
import type { Hello, Report } from '#state/messages.ts';
import type { RouteTruth } from '#state/truth.ts';
import { Counter } from './counter.ts';
import type { Governed, GovernedNode } from './decided.ts';
import { compareText } from './facts.ts';
import { withdrawalRecorded } from './flap-history.ts';
import { holdKey, nodeOwner, sessionHoldKey } from './hold-keys.ts';
import type { HeldRoute, HoldRecord, Ledger, Order, Ordered, WithdrawalRecord } from './ledger.ts';
import { maxRememberedWithdrawals, maxRoutesByWord } from './limits.ts';
import { MultiMap } from './multi-map.ts';
import { rememberingLast } from './remembering-last.ts';
import { RemovalStore } from './removals.ts';
import { SessionTurns } from './session-turns.ts';

const peerPrefix = 'peer/';
const nothing: ReadonlySet<string> = new Set();

/** Where a route is kept while it is there: indexes name the slot, and need no change when the route does. */
type Slot = { route: HeldRoute };

/**
 * The Ledger, changed in place by its one owner: by what speakers say, and by what was ordered. It survives neither the process
 * nor the term; the next leader rebuilds it from Hellos.
 *
 * Methods that may end the last use of a prefix answer with the prefixes that are free now: Services that wait for the address
 * (`View.servicesAsking`) are to be decided again.
 */
export class LedgerStore implements Ledger {
  /** By prefix, then by node: every decision looks up each place of its prefix, and finds it without making a key. */
  readonly #routes = new Map<string, Map<string, Slot>>();
  readonly #byService = new MultiMap<string, Slot>();
  readonly #byNode = new MultiMap<string, Slot>();
  /** Removed routes by node, until the speaker acknowledged: only then what it says of them is the end. */
  readonly #unacknowledged = new MultiMap<string, Slot>();
  readonly #sessions = new Map<string, Map<EntryKey, Ordered>>();
  readonly #withdrawals = new Map<string, WithdrawalRecord>();
  readonly #holds = new Map<string, Map<string, HoldRecord>>();
  /** What speakers that said Hello can run. */
  readonly #heard = new Map<string, ReadonlySet<string>>();
  readonly #live = new Set<string>();
  /** How many routes of each node at least one router has. */
  readonly #announcedOn = new Counter();
  /** On how many nodes each prefix is ordered. */
  readonly #ordered = new Counter();
  /** How many routes of each `node peer family` are ordered. */
  readonly #told = new Counter();
  readonly removals = new RemovalStore();
  readonly turns = new SessionTurns();
  /** Places that share an entry share this too. */
  readonly #peersIn = rememberingLast((entry: RouteEntry) => entry.exports.flatMap((item) => item.peers).sort(compareText));
  readonly #onBare: (service: string) => void;

  /** `onBare` is told of each Service whose last route is gone: nothing announces it, and nothing of it awaits an acknowledgement. */
  constructor(onBare: (service: string) => void = () => undefined) {
    this.#onBare = onBare;
  }

  heard(node: string): boolean {
    return this.#heard.has(node);
  }

  features(node: string): ReadonlySet<string> {
    return this.#heard.get(node) ?? nothing;
  }

  live(node: string): boolean {
    return this.#live.has(node);
  }

  route(place: Place): HeldRoute | undefined {
    return this.#slot(place)?.route;
  }

  routesOf(service: string): Iterable<HeldRoute> {
    return routesIn(this.#byService.get(service));
  }

  routesAt(prefix: string): Iterable<HeldRoute> {
    return routesIn(this.#routes.get(prefix)?.values() ?? []);
  }

  *servicesOn(node: string): Iterable<string> {
    const services = new Set<string>();
    for (const { service } of routesIn(this.#byNode.get(node))) if (service !== undefined) services.add(service);
    yield* services;
  }

  /** How many routes at least one router has from the node. */
  announcedOn(node: string): number {
    return this.#announcedOn.get(node);
  }

  session(node: string, key: EntryKey): Ordered | undefined {
    return this.#sessions.get(node)?.get(key);
  }

  *peersOf(node: string): Iterable<string> {
    for (const key of this.#sessions.get(node)?.keys() ?? []) if (key.startsWith(peerPrefix)) yield key.slice(peerPrefix.length);
  }

  withdrawals(place: Place): WithdrawalRecord | undefined {
    return this.#withdrawals.get(placeKey(place));
  }

  hold(owner: string, difference: string): HoldRecord | undefined {
    return this.#holds.get(owner)?.get(difference);
  }

  prefixes(): Iterable<string> {
    return this.#ordered.keys();
  }

  get prefixCount(): number {
    return this.#ordered.size;
  }

  routesTold(node: string, peer: string, family?: AddressFamily): number {
    const toldOf = (one: AddressFamily): number => this.#told.get(`${node} ${peer} ${one}`);
    return family === undefined ? toldOf('IPv4') + toldOf('IPv6') : toldOf(family);
  }

  /** Whether something about a Service is held. */
  hasHoldsOf(service: string): boolean {
    return this.#holds.has(service);
  }

  /** Whether something about the sessions of a node is held. */
  hasHoldsOn(node: string): boolean {
    return this.#holds.has(nodeOwner(node));
  }

  /** Routes that speakers have and no Service seen so far explains: they stay, and are to be listed for a person. */
  *orphans(): Iterable<HeldRoute> {
    for (const slots of this.#routes.values()) for (const { route } of slots.values()) if (isOrphan(route)) yield route;
  }

  /** The {@link orphans} of one node. */
  *orphansOn(node: string): Iterable<HeldRoute> {
    for (const route of routesIn(this.#byNode.get(node))) if (isOrphan(route)) yield route;
  }

  /**
   * A speaker connected and said what it has. What this leader ordered or removed stays so: deliver sends it again. What others
   * ordered is as the speaker says.
   */
  applyHello(hello: Hello, nowMs: number): string[] {
    const { node } = hello;
    this.#heard.set(node, new Set(hello.features));
    this.#live.add(node);
    const truths = new Map(hello.routes.map((truth) => [truth.prefix, truth]));
    const hashes = new Map(hello.entries.map(({ key, hash }) => [key, hash]));
    const held = [...routesIn(this.#byNode.get(node))].map((route) => route.place.prefix);
    const named = [...hashes.keys()].flatMap((key) => prefixOfKey(key) ?? []);
    const prefixes = new Set([...held, ...truths.keys(), ...named]);
    const freed = [...prefixes].flatMap((prefix) => this.#greet({ prefix, node }, truths.get(prefix), hashes.get(routeKey(prefix)), nowMs));
    this.#greetSessions(node, hashes);
    this.turns.hear(node, hello.sessions, nowMs);
    return freed;
  }

  /** What changed at the routers of a node. */
  applyReport(node: string, report: Pick<Report, 'routes'>, nowMs: number): string[] {
    const freed: string[] = [];
    for (const truth of report.routes) {
      const held = this.route({ prefix: truth.prefix, node });
      if (held !== undefined) freed.push(...this.#tell(held, truth, nowMs));
      else if (announcedBy(truth).length > 0 && this.#byNode.get(node).size < maxRoutesByWord)
        this.#put(told({ place: { prefix: truth.prefix, node }, announced: [] }, truth, nowMs));
    }
    return freed;
  }

  /** The speaker acknowledged everything that was sent: removed routes that no router has are gone. */
  applySettled(node: string): string[] {
    return [...this.#unacknowledged.take(node)].flatMap((slot) => this.#dropIfGone(slot));
  }

  /** The stream of a node ended, or its speaker is about to leave: what is known stays, but is not counted on. */
  applyLost(node: string): void {
    this.#live.delete(node);
  }

  /** A node is gone for good: what was known of it goes too, acknowledged or not. */
  forgetNode(node: string): string[] {
    this.#heard.delete(node);
    this.#live.delete(node);
    for (const peer of this.peersOf(node)) this.turns.forget(node, peer);
    this.#sessions.delete(node);
    this.#unacknowledged.take(node);
    return [...routesIn(this.#byNode.get(node))].flatMap(({ order: _, ...route }) =>
      this.#dropIfGone(this.#put({ ...route, announced: [] })),
    );
  }

  /** Notes what was decided about a Service. */
  apply(governed: Governed, nowMs: number): void {
    for (const order of governed.orders) this.#order(order, governed.service, nowMs);
    this.removals.apply(governed.removals, governed.epoch, nowMs);
    const holds = governed.decisions
      .filter((decision) => decision.outcome === 'hold')
      .map(({ place, cause, rule, reason, sinceMs }): [string, HoldRecord] => [holdKey(placeKey(place), cause), { rule, reason, sinceMs }]);
    this.#setHolds(governed.service, holds);
  }

  /** Notes what was decided about a node. */
  applyNode(governed: GovernedNode, nowMs: number): void {
    for (const order of governed.orders) this.#order(order, undefined, nowMs);
    for (const { peer, outcome, effect, reason } of governed.decisions) {
      if (outcome === 'change' && effect === 'bounce' && peer !== undefined) this.turns.order(governed.node, peer, nowMs);
      if (outcome === 'close' && peer !== undefined) this.turns.forget(governed.node, peer);
      if (outcome === 'hold' && reason === 'SessionsInTurn') this.turns.wait(governed.node);
    }
    const holds = governed.decisions
      .filter((decision) => decision.outcome === 'hold')
      .map((decision): [string, HoldRecord] => [sessionHoldKey(decision), decision]);
    this.#setHolds(nodeOwner(governed.node), holds);
  }

  #slot({ prefix, node }: Place): Slot | undefined {
    return this.#routes.get(prefix)?.get(node);
  }

  #order(order: Order, service: string | undefined, nowMs: number): void {
    if (order.kind === 'remove') this.#remove(order, nowMs);
    else if (order.entry.kind === 'route') this.#setRoute(order.node, order.entry, service);
    else this.#setSession(order.node, order.entry.kind === 'node' ? nodeKey : peerKey(order.entry.name), { entry: order.entry });
  }

  #setRoute(node: string, entry: RouteEntry, service: string | undefined): void {
    const place = { prefix: entry.prefix, node };
    const held = this.route(place) ?? { place, announced: [] };
    this.#put({ ...held, ...(service !== undefined && { service }), order: { entry, peers: this.#peersIn(entry) } });
  }

  #remove({ node, key, countsAsFlap }: Extract<Order, { kind: 'remove' }>, nowMs: number): void {
    const prefix = prefixOfKey(key);
    if (prefix === undefined) {
      this.#sessions.get(node)?.delete(key);
      return;
    }
    const place = { prefix, node };
    const held = this.route(place);
    if (held === undefined) return;
    const { order: _, ...rest } = held;
    this.#unacknowledged.add(node, this.#put(rest));
    if (countsAsFlap) this.#remember(placeKey(place), withdrawalRecorded(this.withdrawals(place), nowMs));
  }

  #remember(key: string, record: WithdrawalRecord): void {
    this.#withdrawals.delete(key);
    this.#withdrawals.set(key, record);
    const [oldest] = this.#withdrawals.keys();
    if (this.#withdrawals.size > maxRememberedWithdrawals && oldest !== undefined) this.#withdrawals.delete(oldest);
  }

  /** One route of a Hello: what the speaker has of it, and what this leader ordered. */
  #greet(place: Place, truth: RouteTruth | undefined, hash: string | undefined, nowMs: number): string[] {
    const held = this.route(place);
    const adopted = hash === undefined ? undefined : { hash, peers: truth?.peers.map((item) => item.peer) ?? [] };
    const isOurs = held !== undefined && held.order?.hash === undefined;
    const order = isOurs ? held.order : adopted;
    const next = told(
      { place, ...(held?.service !== undefined && { service: held.service }), announced: [], ...(order && { order }) },
      truth,
      nowMs,
    );
    const slot = this.#slot(place);
    if (hash === undefined && slot !== undefined) this.#unacknowledged.delete(place.node, slot);
    // A route without an entry that no router has: a speaker says so of those that were withdrawn of late.
    const wasWithdrawn = hash === undefined && truth !== undefined && next.announced.length === 0;
    if (wasWithdrawn && this.withdrawals(place) === undefined) this.#remember(placeKey(place), { count: 1, lastMs: nowMs - truth.ageMs });
    return this.#dropIfGone(this.#put(next));
  }

  #greetSessions(node: string, hashes: ReadonlyMap<EntryKey, string>): void {
    for (const [key, ordered] of [...(this.#sessions.get(node) ?? [])]) {
      if (ordered.hash !== undefined) this.#sessions.get(node)?.delete(key);
    }
    for (const [key, hash] of hashes) {
      if (prefixOfKey(key) === undefined && this.session(node, key) === undefined) this.#setSession(node, key, { hash });
    }
  }

  #setSession(node: string, key: EntryKey, ordered: Ordered<Entry>): void {
    const sessions = this.#sessions.get(node) ?? new Map<EntryKey, Ordered>();
    this.#sessions.set(node, sessions);
    sessions.set(key, ordered);
  }

  #tell(held: HeldRoute, truth: RouteTruth | undefined, nowMs: number): string[] {
    return this.#dropIfGone(this.#put(told(held, truth, nowMs)));
  }

  #dropIfGone(slot: Slot): string[] {
    const { place, order, announced, service } = slot.route;
    if (order !== undefined || announced.length > 0 || this.#unacknowledged.get(place.node).has(slot)) return [];
    // What is kept is kept under its prefix.
    const ofPrefix = this.#routes.get(place.prefix) as Map<string, Slot>;
    ofPrefix.delete(place.node);
    this.#byNode.delete(place.node, slot);
    if (service !== undefined) this.#takeFrom(service, slot);
    if (ofPrefix.size > 0) return [];
    this.#routes.delete(place.prefix);
    this.removals.forget(place.prefix);
    return [place.prefix];
  }

  /** Takes a route in, new or in place of what was known of it. */
  #put(route: HeldRoute): Slot {
    const slot = this.#slot(route.place) ?? this.#add(route);
    const before = slot.route;
    slot.route = route;
    this.#announcedOn.add(route.place.node, Number(route.announced.length > 0) - Number(before.announced.length > 0));
    if (before.order !== route.order) {
      this.#countOrder(before, -1);
      this.#countOrder(route, 1);
    }
    if (route.service === undefined || route.service === before.service) return slot;
    this.#byService.add(route.service, slot);
    if (before.service !== undefined) this.#takeFrom(before.service, slot);
    return slot;
  }

  #add({ place }: HeldRoute): Slot {
    const slot: Slot = { route: { place, announced: [] } };
    const ofPrefix = this.#routes.get(place.prefix) ?? new Map<string, Slot>();
    this.#routes.set(place.prefix, ofPrefix.set(place.node, slot));
    this.#byNode.add(place.node, slot);
    return slot;
  }

  #countOrder({ place, order }: HeldRoute, more: 1 | -1): void {
    if (order === undefined) return;
    this.#ordered.add(place.prefix, more);
    const family = familyOfText(place.prefix);
    for (const peer of order.peers) this.#told.add(`${place.node} ${peer} ${family}`, more);
  }

  #takeFrom(service: string, slot: Slot): void {
    this.#byService.delete(service, slot);
    if (!this.#byService.has(service)) this.#onBare(service);
  }

  #setHolds(owner: string, holds: readonly [string, HoldRecord][]): void {
    if (holds.length === 0) this.#holds.delete(owner);
    else this.#holds.set(owner, new Map(holds));
  }
}

function* routesIn(slots: Iterable<Slot>): Iterable<HeldRoute> {
  for (const { route } of slots) yield route;
}

const isOrphan = (route: HeldRoute): boolean => route.service === undefined && route.order !== undefined;

const announcedBy = (truth: RouteTruth): string[] => truth.peers.filter((peer) => peer.announced).map((peer) => peer.peer);

/** A held route with what its speaker says now; undefined: the speaker has nothing of it. */
function told({ announcedSinceMs: _, ...held }: HeldRoute, truth: RouteTruth | undefined, nowMs: number): HeldRoute {
  const announced = truth === undefined ? [] : announcedBy(truth);
  if (truth === undefined || announced.length === 0) return { ...held, announced };
  return { ...held, announced, announcedSinceMs: nowMs - truth.ageMs };
}
