import { admit } from '#decide/govern/admission.ts';
import { answerLeave } from '#decide/leave.ts';
import type { LedgerStore } from '#decide/ledger-store.ts';
import { removalContext } from '#decide/removal-context.ts';
import type { Logger } from '#obs/logger.ts';
import type { SpeakerLink, SpeakerUpdate } from '#rpc/speaker-link.ts';
import type { Clock } from '#runtime/clock.ts';
import type { Place } from '#state/decision.ts';
import type { Ask, Hello, Report } from '#state/messages.ts';
import type { ReasonCode } from '#state/reasons.ts';
import type { RouteTruth, SessionTruth } from '#state/truth.ts';
import type { Deliveries } from './deliver/deliveries.ts';
import { limits } from './limits.ts';
import type { ViewStore } from './observe/view-store.ts';
import type { Pipeline } from './pipeline/pipeline.ts';
import type { LookForSuccessor } from './successor.ts';

/** What is known of one connected speaker. */
export type ConnectedSpeaker = {
  readonly node: string;
  readonly hello: Hello;
  /** As last reported, by peer. */
  readonly sessions: ReadonlyMap<string, SessionTruth>;
};

export type SpeakersOptions = {
  readonly view: ViewStore;
  readonly ledger: () => LedgerStore;
  readonly deliveries: Deliveries;
  readonly pipeline: Pipeline;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Term of this leader; undefined while another leads. */
  readonly epoch: () => number | undefined;
  /** Whether a speaker that leaves is followed by another. */
  readonly lookForSuccessor: LookForSuccessor;
  /** A speaker obeys a higher term than ours, or ours by another leader's word: we have to get above it. */
  readonly onHigherEpoch: (epoch: number) => void;
  /** What is known of a node's speaker changed. */
  readonly onChange: (node: string) => void;
  /** Routers have something else now; `services`: whose routes these are, or were. */
  readonly onReport: (node: string, report: Report, services: ReadonlySet<string>) => void;
};

type Known = {
  readonly link: SpeakerLink;
  readonly hello: Hello;
  readonly sessions: Map<string, SessionTruth>;
  /** Routes that are not as they should be with some peer. The others are as the ledger says, and are not kept twice. */
  readonly troubled: Map<string, RouteTruth>;
};

/** A route that is not as it should be with one peer. */
export type Difference = { readonly prefix: string; readonly peer: string; readonly reason: ReasonCode; readonly ageMs: number };

/** The speakers that are connected: brings what they say into the ledger, and answers what they ask. */
export class Speakers {
  readonly #options: SpeakersOptions;
  readonly #known = new Map<string, Known>();
  /** Nodes whose speakers heard this term from us. */
  readonly #greeted = new Set<string>();

  constructor(options: SpeakersOptions) {
    this.#options = options;
  }

  /** The speaker of a node; undefined while none is connected. */
  get(node: string): ConnectedSpeaker | undefined {
    const known = this.#known.get(node);
    return known && { node, hello: known.hello, sessions: known.sessions };
  }

  /** Nodes whose speakers are connected. */
  nodes(): Iterable<string> {
    return this.#known.keys();
  }

  /** Why a peer does not have a route, by its speaker's word; undefined when it has, or nothing is known. */
  reasonOf(place: Place, peer: string): ReasonCode | undefined {
    const truth = this.#known.get(place.node)?.troubled.get(place.prefix);
    return truth?.peers.find((item) => item.peer === peer && !item.announced)?.reason;
  }

  /** Routes of a node that are not as they should be, the oldest first. */
  differences(node: string): readonly Difference[] {
    const troubled = [...(this.#known.get(node)?.troubled.values() ?? [])].sort((a, b) => b.ageMs - a.ageMs);
    return troubled.flatMap(({ prefix, ageMs, peers }) =>
      peers.filter((item) => item.reason !== 'Announced').map(({ peer, reason }) => ({ prefix, peer, reason, ageMs })),
    );
  }

  /** Routes that at least one router has from the node. */
  announcedRoutes(node: string): number {
    return this.#options.ledger().announcedOn(node);
  }

  /** A speaker was authenticated and said Hello. */
  connected(link: SpeakerLink, hello: Hello): void {
    const { logger, clock } = this.#options;
    const { node } = link;
    const epoch = this.#options.epoch();
    if (epoch !== undefined && hello.epoch > epoch + limits.termsAhead) {
      logger.error({ event: 'speaker-refused', node, epoch: hello.epoch }, 'no leader ever had the term that this speaker obeys');
      link.close(`no leader ever had term ${hello.epoch}: this is ${epoch}; remove the state of the speaker on ${node}`);
      return;
    }
    const known: Known = { link, hello, sessions: new Map(hello.sessions.map((session) => [session.peer, session])), troubled: new Map() };
    this.#known.set(node, known);
    for (const truth of hello.routes) noteTrouble(known, truth);
    link.onMessage((message) => this.#heard(link, message));
    link.onClose((reason) => this.#lost(link, reason));
    logger.info({ event: 'speaker-connected', node, instance: hello.instance, software: hello.software, routes: hello.routes.length });
    if (epoch !== undefined && this.#isAnothers(hello, epoch)) this.#options.onHigherEpoch(hello.epoch);
    else if (epoch !== undefined) this.#greet(link, hello, clock.nowMs());
    this.#options.onChange(node);
  }

  /** Ends all streams, so that speakers say Hello again: what they have is to be known anew in a new term. */
  dismissAll(reason: string): void {
    this.#greeted.clear();
    for (const { link } of [...this.#known.values()]) link.close(reason);
  }

  /** Where the Lease was deleted or restored, two leaders may count to the same epoch: who obeys ours must have heard it from us. */
  #isAnothers(hello: Hello, epoch: number): boolean {
    return hello.epoch > epoch || (hello.epoch === epoch && !this.#greeted.has(hello.node));
  }

  #greet(link: SpeakerLink, hello: Hello, nowMs: number): void {
    const { view, deliveries, pipeline } = this.#options;
    const { node } = link;
    this.#greeted.add(node);
    const ledger = this.#options.ledger();
    const before = [...ledger.servicesOn(node)];
    const freed = ledger.applyHello(hello, nowMs);
    deliveries.of(node).connect(hello, (message) => link.send(message));
    const asking = hello.routes.flatMap((route) => [...view.servicesAsking(addressOf(route.prefix))]);
    pipeline.mark(
      { services: [...before, ...view.servicesOn(node), ...asking, ...this.#waitingFor(freed)], nodes: [node, ...ledger.turns.take()] },
      nowMs,
    );
  }

  #heard(link: SpeakerLink, message: SpeakerUpdate): void {
    const { node } = link;
    if (this.#known.get(node)?.link !== link) return;
    switch (message.kind) {
      case 'ack':
        for (const { key, message: problem } of message.rejected)
          this.#options.logger.warn({ event: 'entry-rejected', node, key }, problem);
        this.#delivery(node)?.onAck(message.version, message.rejected);
        this.#settle(node);
        return;
      case 'nack':
        this.#options.logger.warn({ event: 'state-refused', node, version: message.version, keys: message.keys }, message.message);
        this.#delivery(node)?.onNack(message.version);
        return;
      case 'report':
        this.#report(node, message);
        return;
      case 'ask':
        this.#answer(link, message);
        return;
      case 'leave':
        void this.#leave(link);
        return;
      case 'revokeAck':
        // This leader gives no permits yet, so there is none whose end could be awaited.
        return;
    }
  }

  #report(node: string, report: Report): void {
    const { clock, pipeline } = this.#options;
    const known = this.#known.get(node);
    if (known === undefined) return;
    for (const session of report.sessions) known.sessions.set(session.peer, session);
    for (const truth of report.routes) noteTrouble(known, truth);
    if (this.#options.epoch() === undefined) return;
    const ledger = this.#options.ledger();
    const nowMs = clock.nowMs();
    const services = new Set(report.routes.flatMap(({ prefix }) => ledger.route({ prefix, node })?.service ?? []));
    const freed = ledger.applyReport(node, report, nowMs);
    ledger.turns.hear(node, report.sessions, nowMs);
    // What is held may have waited for this very place to come up.
    const holding = [...services].filter((service) => ledger.hasHoldsOf(service));
    pipeline.mark({ services: [...this.#waitingFor(freed), ...holding], nodes: ledger.turns.take() }, nowMs);
    this.#options.onReport(node, report, services);
    this.#options.onChange(node);
  }

  /** A node is gone for good, and with it what its speaker last said. Does nothing while the speaker is connected. */
  forget(node: string): void {
    if (this.#known.has(node)) return;
    const ledger = this.#options.ledger();
    const freed = ledger.forgetNode(node);
    this.#options.deliveries.forget(node);
    this.#options.pipeline.mark({ services: this.#waitingFor(freed), nodes: ledger.turns.take() }, this.#options.clock.nowMs());
  }

  #settle(node: string): void {
    const { clock, pipeline } = this.#options;
    if (this.#delivery(node)?.settled !== true) return;
    const freed = this.#options.ledger().applySettled(node);
    pipeline.mark({ services: this.#waitingFor(freed), nodes: [] }, clock.nowMs());
    this.#options.onChange(node);
  }

  /** Hard evidence asks the same admission function as everything else. */
  #answer(link: SpeakerLink, ask: Ask): void {
    const epoch = this.#options.epoch();
    if (epoch === undefined) return;
    const { view, clock } = this.#options;
    const ledger = this.#options.ledger();
    const facts = { ...removalContext(view, ledger), ledger, nowMs: clock.nowMs(), countedElsewhere: () => 0 };
    const { rule } = admit({ node: link.node, cause: 'hard', evidence: [ask.evidence], doubts: [] }, facts);
    link.send({ kind: 'askAnswer', epoch, id: ask.id, granted: rule === 'Admitted', rule });
  }

  /** Tells a leaving speaker what its routes shall do. It is not counted on any more, so that of several that leave together one stays. */
  async #leave(link: SpeakerLink): Promise<void> {
    const { node } = link;
    const { ledger, view, logger, lookForSuccessor } = this.#options;
    const epoch = this.#options.epoch();
    if (epoch === undefined) return;
    const successor = await lookForSuccessor();
    if (this.#options.epoch() !== epoch || this.#known.get(node)?.link !== link) return;
    const { action, ...why } = answerLeave(view, ledger(), node, successor);
    this.#notCounted(node);
    logger.info({ event: 'speaker-leaving', node, action, ...why });
    link.send({ kind: 'leaveAnswer', epoch, action });
  }

  /** Places of the node are not counted on any more: another place that waits in hold-down may be the only one left. */
  #notCounted(node: string): void {
    const ledger = this.#options.ledger();
    ledger.applyLost(node);
    this.#options.pipeline.mark({ services: [...ledger.servicesOn(node)], nodes: [] }, this.#options.clock.nowMs());
  }

  #lost(link: SpeakerLink, reason: string): void {
    const { node } = link;
    // A newer stream may have taken its place already.
    if (this.#known.get(node)?.link !== link) return;
    this.#known.delete(node);
    this.#delivery(node)?.disconnect();
    this.#notCounted(node);
    this.#options.logger.info({ event: 'speaker-disconnected', node, reason });
    this.#options.onChange(node);
  }

  #delivery(node: string) {
    return this.#options.deliveries.peek(node);
  }

  /** Services that ask for prefixes which nobody holds any more. */
  #waitingFor(freed: readonly string[]): string[] {
    return freed.flatMap((prefix) => [...this.#options.view.servicesAsking(addressOf(prefix))]);
  }
}

/** A route without peers is gone from the node: nobody needs to know more of it. */
function noteTrouble(known: Known, truth: RouteTruth): void {
  const isTroubled = truth.peers.some((peer) => peer.reason !== 'Announced');
  if (isTroubled) known.troubled.set(truth.prefix, truth);
  else known.troubled.delete(truth.prefix);
}

/** The address of a host route. */
const addressOf = (prefix: string): string => prefix.slice(0, prefix.lastIndexOf('/'));
