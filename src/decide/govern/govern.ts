import { sameValue } from '#runtime/same-value.ts';
import { type Decision, type Place, placeKey } from '#state/decision.ts';
import { type RouteEntry, routeKey } from '#state/entry.ts';
import type { Cause, Evidence } from '#state/evidence.ts';
import type { ReasonCode } from '#state/reasons.ts';
import type { GovernContext, Governed } from '../decided.ts';
import { holdKey } from '../hold-keys.ts';
import type { Doubt, Refused } from '../intent.ts';
import type { HeldRoute, HoldRecord, Ledger, Order } from '../ledger.ts';
import { maxEvidence, settleMs } from '../limits.ts';
import type { PlaceProposal, Proposal } from '../proposal.ts';
import { rememberingLast } from '../remembering-last.ts';
import type { HeldRemoval, RemovalChanges } from '../removals.ts';
import { type Admission, admit, wakeOf } from './admission.ts';
import type { GuardFacts, Taking } from './guard.ts';
import { changedPeers, type EntryReason, joined, restricted, routeEntry, sureReason } from './route-entry.ts';
import { isFailing, prefixesComing, prefixesGoing, prefixesOf, taken } from './taking.ts';

/**
 * Decides on every difference between a proposal and what is held. Losses come first: where one is held back, the whole place
 * stays as it is, so that nothing is half done.
 */
export function govern(proposal: Proposal, ledger: Ledger, context: GovernContext): Governed {
  const judge = new Judge(proposal, ledger, context);
  for (const place of proposal.places) judge.decide(place);
  const { decisions, orders } = judge;
  return { service: proposal.service, epoch: context.epoch, removals: judge.removals(), decisions, orders, ...wakeOf(decisions) };
}

type HeldOrder = NonNullable<HeldRoute['order']>;

/** One difference, before it is admitted. */
type Difference = {
  readonly outcome: Exclude<Decision['outcome'], 'hold'>;
  readonly peers: readonly string[];
  readonly cause: Cause;
  readonly reason: ReasonCode;
  readonly evidence: readonly Evidence[];
  readonly doubts: readonly Doubt[];
  readonly comesUp?: Place;
  readonly takes?: Taking;
};

/** Decides the places of one proposal, one after another. */
class Judge {
  readonly #proposal: Proposal;
  readonly #ledger: Ledger;
  readonly #context: GovernContext;
  /** Places of a route mostly say and hear the same: what they share is computed once, and is one object from then on. */
  readonly #routeEntry = rememberingLast(routeEntry);
  readonly #split = rememberingLast(split);
  readonly #sameEntry = rememberingLast(sameValue);
  readonly #changedPeers = rememberingLast(changedPeers);
  readonly #facts: GuardFacts;
  readonly decisions: Decision[] = [];
  readonly orders: Order[] = [];
  /** Prefixes that go, and what was said of each. */
  readonly #grace = new Set<string>();
  readonly #held = new Map<string, HeldRemoval>();
  readonly #removed = new Set<string>();
  #together: ReadonlySet<string> | undefined;
  #coming: ReadonlySet<string> | undefined;

  constructor(proposal: Proposal, ledger: Ledger, context: GovernContext) {
    this.#proposal = proposal;
    this.#ledger = ledger;
    this.#context = context;
    // The places of a prefix ask the same: it is looked at once.
    const emptiesPool = rememberingLast(context.emptiesPool);
    this.#facts = { ...context, ledger, emptiesPool, countedElsewhere: (place) => this.#countedElsewhere(place) };
  }

  decide(place: PlaceProposal): void {
    const held = this.#ledger.route(place.standing.place);
    const { refused } = place.standing;
    if (held?.order === undefined) this.#bringUp(place);
    else if (refused !== undefined && this.#refuses(place, refused, held.order.peers)) return;
    else if (this.#loses(place, held.order)) return;
    else this.#change(place, held, held.order);
  }

  /** What the decision means for prefixes as a whole. */
  removals(): RemovalChanges {
    const { removals } = this.#ledger;
    const known = this.#proposal.places.filter(({ standing }) => removals.of(standing.place.prefix) !== undefined);
    const kept = prefixesOf(known).difference(taken(known, this.#ledger));
    const isDecided = (prefix: string): boolean => this.#removed.has(prefix) || this.#held.has(prefix);
    return {
      grace: [...this.#grace].filter((prefix) => !isDecided(prefix)),
      held: [...this.#held.values()].filter(({ prefix }) => !this.#removed.has(prefix)),
      removed: [...this.#removed],
      kept: [...kept],
    };
  }

  /** A place without the route. */
  #bringUp(place: PlaceProposal): void {
    const { standing, exports } = place;
    if (standing.wanted !== 'yes' || exports.length === 0) return;
    const peers = this.#gains(
      place,
      exports.map((item) => item.peer),
      standing.place,
    );
    if (peers.length > 0) this.#setEntry(place, this.#made(place, 'Serving', peers));
  }

  /** Whether that the address shall go altogether leaves nothing to decide here. While it is held, endpoints that fail still count. */
  #refuses(place: PlaceProposal, refused: Refused, heldPeers: readonly string[]): boolean {
    const { standing } = place;
    const takes = this.#takesPrefix(standing.place.prefix);
    if (this.#admit(standing.place, { ...refused, outcome: 'withdraw', peers: heldPeers, ...takes })) {
      this.#remove(standing.place, refused.cause);
      return true;
    }
    if (refused.cause === 'removal') return false;
    if (isFailing(standing) && this.#admit(standing.place, { ...standing, outcome: 'withdraw', peers: heldPeers }))
      this.#remove(standing.place, standing.cause);
    return true;
  }

  /** Losses of a place with the route; true where nothing more is to be done. */
  #loses(place: PlaceProposal, order: HeldOrder): boolean {
    const { standing, lost } = place;
    const heldPeers = order.peers;
    if (standing.wanted === 'no') {
      const takes = isFailing(standing) ? {} : this.#takesPrefix(standing.place.prefix);
      const isAdmitted = this.#admit(standing.place, { ...standing, outcome: 'withdraw', peers: heldPeers, ...takes });
      if (isAdmitted) this.#remove(standing.place, standing.cause);
      // What endpoints say may be held back while what the configuration says is not.
      if (isAdmitted || place.exports.length === 0) return true;
    }
    if (lost.peers.length === 0) return false;
    const { takes = { what: 'peer' } } = this.#takesPrefix(standing.place.prefix);
    if (this.#admit(standing.place, { ...lost, outcome: 'withdraw', cause: 'narrowing', reason: 'PeerNotSelected', takes })) return false;
    if (takes.what === 'prefix') this.#makeBeforeBreak(place, order);
    return true;
  }

  /** What the last router that has the route is to lose waits for others to have it: they are told meanwhile. */
  #makeBeforeBreak(place: PlaceProposal, { entry, peers }: HeldOrder): void {
    if (entry === undefined || place.standing.wanted !== 'yes') return;
    const gained = this.#gains(place, this.#split(place.exports, peers).gains);
    if (gained.length > 0) this.#setEntry(place, joined(entry, this.#made(place, 'Serving', gained)));
  }

  /** A place that keeps the route, perhaps for fewer peers: other attributes, new peers. */
  #change(place: PlaceProposal, held: HeldRoute, order: HeldOrder): void {
    const { stays, gains } = this.#split(place.exports, order.peers);
    const kept = this.#keep(place, order, stays);
    if (kept === undefined) return;
    const gained = place.standing.wanted === 'yes' ? this.#gains(place, gains) : [];
    const entry = gained.length === 0 ? kept : joined(kept, this.#entry(place, order, gained));
    const isNews = order.entry === undefined || !this.#sameEntry(entry, order.entry);
    // Also where nothing changed for the routers: from then on this leader knows whose route it is and what it says.
    if (isNews || held.service === undefined) this.#setEntry(place, entry);
  }

  /**
   * What peers that had the route go on hearing: the proposal, or where its new attributes are held back, the old ones. Undefined:
   * those are not known, so nothing may be touched.
   */
  #keep(place: PlaceProposal, order: HeldOrder, stays: readonly string[]): RouteEntry | undefined {
    const wish = this.#entry(place, order, stays);
    // Mostly so: of many places one changes.
    if (this.#sameEntry(wish, order.entry)) return order.entry;
    const changed = order.entry === undefined ? this.#changedByHash(wish, order, stays) : this.#changedPeers(order.entry, wish, stays);
    if (changed.length === 0 || this.#admit(place.standing.place, attributeChange(place, changed))) return wish;
    return order.entry && restricted(order.entry, new Set(stays));
  }

  /** By a hash one can tell whether an entry for the same peers differs, but not in what. */
  #changedByHash(wish: RouteEntry, order: HeldOrder, stays: readonly string[]): readonly string[] {
    return stays.length === order.peers.length && this.#context.hashOf(wish) !== order.hash ? stays : [];
  }

  /** Of the peers that would newly hear the route, those that may. Peers in doubt do not keep the others waiting. */
  #gains({ standing, exports }: PlaceProposal, peers: readonly string[], comesUp?: Place): string[] {
    const gaining = exports.filter((item) => peers.includes(item.peer));
    const parts = [gaining.filter((item) => item.doubts.length === 0), gaining.filter((item) => item.doubts.length > 0)];
    return parts.flatMap((part) => {
      if (part.length === 0) return [];
      const names = part.map((item) => item.peer);
      const doubts = [...standing.doubts, ...part.flatMap((item) => item.doubts)];
      const difference = { ...standing, doubts, outcome: 'announce', cause: 'bringUp', peers: names, ...(comesUp && { comesUp }) } as const;
      return this.#admit(standing.place, difference) ? names : [];
    });
  }

  /** The prefix, where configuration leaves it no place; else this is one place of several. */
  #takesPrefix(prefix: string): { readonly takes?: Taking } {
    const together = this.#goingTogether();
    if (!together.has(prefix)) return {};
    this.#coming ??= prefixesComing(this.#proposal);
    return { takes: { what: 'prefix', prefix, together, isComing: this.#coming.has(prefix) } };
  }

  #goingTogether(): ReadonlySet<string> {
    this.#together ??= prefixesGoing(this.#proposal, this.#ledger);
    return this.#together;
  }

  /** Notes what was said of a prefix that goes. */
  #note({ takes, cause, reason }: Difference, { rule, reason: heldFor }: { readonly rule: string; readonly reason?: ReasonCode }): void {
    if (takes?.what !== 'prefix') return;
    const { prefix } = takes;
    if (rule === 'Admitted') this.#removed.add(prefix);
    else if (heldFor === 'RemovalGrace' && takes.isComing !== true) this.#grace.add(prefix);
    else if (heldFor === 'RemovalHeld') this.#held.set(prefix, { prefix, service: this.#proposal.service, cause, reason });
  }

  /** Asks the admission function, and writes the record of its answer. */
  #admit(place: Place, asked: Difference): boolean {
    const difference = this.#withApproval(asked);
    const { outcome, peers, cause, reason, evidence } = difference;
    const before = this.#ledger.hold(this.#proposal.service, holdKey(placeKey(place), cause));
    const question = { ...difference, node: place.node, ...(before && { before }) };
    const admission = admit(question, this.#facts);
    this.#note(difference, admission);
    const record = { place, peers, service: this.#proposal.service, cause, evidence, epoch: this.#context.epoch };
    this.decisions.push({ ...record, ...this.#answer({ outcome, reason }, admission, before) });
    return admission.rule === 'Admitted';
  }

  /** What a person approved he vouches for: the object behind it may have been let go, and was never seen by this leader. */
  #withApproval(difference: Difference): Difference {
    const { takes, evidence, doubts } = difference;
    const removal = takes?.what === 'prefix' ? this.#ledger.removals.of(takes.prefix) : undefined;
    if (removal?.state !== 'held' || !removal.isApproved) return difference;
    const approval: Evidence = { source: 'AnycastHold', object: removal.batch, fact: 'approved' };
    return { ...difference, evidence: [...evidence, approval], doubts: doubts.filter(({ reason }) => reason !== 'InputMissing') };
  }

  #answer(wish: Pick<Difference, 'outcome' | 'reason'>, admission: Admission, before: HoldRecord | undefined): Answer {
    const { nowMs } = this.#context;
    if (admission.rule === 'Admitted') {
      return { outcome: wish.outcome, rule: 'Admitted', reason: wish.reason, inputs: {}, sinceMs: nowMs, exit: '' };
    }
    const goesOn = before !== undefined && before.rule === admission.rule && before.reason === admission.reason;
    return { ...admission, outcome: 'hold', sinceMs: goesOn ? before.sinceMs : nowMs };
  }

  #entry(place: PlaceProposal, order: HeldOrder, peers: readonly string[]): RouteEntry {
    const reason = sureReason(place) ?? this.#heldReason(place, order);
    return this.#made(place, reason, peers);
  }

  /** What the held entry says of the endpoints. Of one that another leader sent only the hash can tell. */
  #heldReason(place: PlaceProposal, order: HeldOrder): EntryReason {
    const asLeaving = (): RouteEntry => this.#made(place, 'Leaving', order.peers);
    const isLeaving = order.entry === undefined ? this.#context.hashOf(asLeaving()) === order.hash : order.entry.reason === 'Leaving';
    return isLeaving ? 'Leaving' : 'Serving';
  }

  #made({ standing, exports }: PlaceProposal, reason: EntryReason, peers: readonly string[]): RouteEntry {
    return this.#routeEntry(this.#proposal, standing.place.prefix, exports, reason, ...peers);
  }

  #setEntry(place: PlaceProposal, entry: RouteEntry): void {
    this.orders.push({ kind: 'set', node: place.standing.place.node, entry });
  }

  #remove({ prefix, node }: Place, cause: Cause): void {
    this.orders.push({ kind: 'remove', node, key: routeKey(prefix), countsAsFlap: cause === 'soft' || cause === 'hard' });
  }

  /** Other places of the route that serve, surely, and whose routers have had it for a while. */
  #countedElsewhere(place: Place): number {
    return this.#proposal.places.filter(({ standing }) => {
      const { wanted, doubts, place: other } = standing;
      if (other.prefix !== place.prefix || other.node === place.node || wanted !== 'yes' || doubts.length > 0) return false;
      const held = this.#ledger.route(other);
      const isSettled = held?.announcedSinceMs !== undefined && this.#context.nowMs - held.announcedSinceMs >= settleMs;
      return isSettled && held.order !== undefined && this.#ledger.live(other.node);
    }).length;
  }
}

/** The proposed peers: those that were told of the route before, and the others. */
function split(
  exports: PlaceProposal['exports'],
  told: readonly string[],
): { readonly stays: readonly string[]; readonly gains: readonly string[] } {
  const proposed = exports.map((item) => item.peer);
  return { stays: proposed.filter((peer) => told.includes(peer)), gains: proposed.filter((peer) => !told.includes(peer)) };
}

/** What the admission adds to a record. */
type Answer = Pick<Decision, 'outcome' | 'rule' | 'reason' | 'inputs' | 'sinceMs' | 'exit'> & { readonly untilMs?: number };

function attributeChange({ standing, exports }: PlaceProposal, peers: readonly string[]): Difference {
  const changed = exports.filter((item) => peers.includes(item.peer));
  const isLeaving = standing.reason === 'Leaving';
  const evidence = isLeaving ? standing.evidence : changed.flatMap((item) => item.evidence).slice(0, maxEvidence);
  const doubts = changed.flatMap((item) => item.doubts);
  return { outcome: 'update', cause: 'attributes', reason: standing.reason, evidence, doubts, peers };
}
