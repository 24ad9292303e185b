/**
 * operator — decides what every node announces: observe → intend → compile → govern → deliver, and tells what is so.
 *
 * The only room that knows both Kubernetes and the speakers. This file puts the parts together and owns the term: what is known
 * of the speakers is of one term of leadership, and is learnt anew from their Hellos in the next. A replica that does not lead
 * watches, keeps its speakers connected, and says and writes nothing.
 */
import { LedgerStore } from '#decide/ledger-store.ts';
import type { Kind } from '#decide/view.ts';
import type { EventRecord } from '#kube/events.ts';
import type { KubeClient } from '#kube/kube-client.ts';
import type { ObjectSource } from '#kube/object-source.ts';
import type { Logger } from '#obs/logger.ts';
import type { Metrics } from '#obs/metrics.ts';
import type { SpeakerHandler } from '#rpc/speaker-link.ts';
import type { Clock } from '#runtime/clock.ts';
import type { CustomObject } from './custom-object.ts';
import { Deliveries } from './deliver/deliveries.ts';
import { limits } from './limits.ts';
import { lookUpWith } from './look-up.ts';
import { Observer, type Sources } from './observe/observer.ts';
import type { Secrets } from './observe/passwords.ts';
import type { Affected } from './observe/view-store.ts';
import { Outcomes } from './outcomes.ts';
import { Pipeline, type Turn } from './pipeline/pipeline.ts';
import { Speakers } from './speakers.ts';
import { Statuses } from './status/statuses.ts';
import type { LookForSuccessor } from './successor.ts';
import { OperatorMetrics } from './tell/operator-metrics.ts';
import { turnEvents } from './tell/turn-events.ts';
import { logTurn } from './tell/turn-log.ts';
import { Unannounceable } from './tell/unannounceable.ts';

/** Who leads, and in which term. */
export type Leadership = {
  /** The term of this replica; undefined while it does not lead. */
  readonly epoch: number | undefined;
  /** Takes part; the handlers are told of each change. */
  start(handlers: { readonly onAcquired: () => void; readonly onLost: () => void }): void;
  /** Gives up the lead, so that another replica has it at once. */
  stop(): Promise<void>;
  /** A speaker obeyed a higher term: ours must be above it, or ends. */
  raiseAbove(epoch: number): void;
};

export type OperatorOptions = {
  readonly sources: Sources;
  /** Passwords of sessions: Secrets of the operator's own namespace. */
  readonly secrets: Secrets;
  /** AnycastSpeakers, which only the status reads. */
  readonly speakerObjects: ObjectSource<CustomObject>;
  readonly client: KubeClient;
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Whether a speaker that leaves is followed by another. */
  readonly lookForSuccessor: LookForSuccessor;
  /** Writes Kubernetes events. Default: none are written. */
  readonly recordEvent?: (event: EventRecord) => void;
};

/** One replica of the operator. */
export class Operator {
  readonly #options: OperatorOptions;
  readonly #observer: Observer;
  readonly #deliveries: Deliveries;
  readonly #pipeline: Pipeline;
  readonly #speakers: Speakers;
  readonly #outcomes: Outcomes;
  /** Turns that are decided and sent, and not told of yet. */
  readonly #untold: Turn[] = [];
  readonly #statuses: Statuses;
  readonly #unannounceable: Unannounceable;
  readonly #metrics: OperatorMetrics;
  #ledger = this.#newLedger();

  constructor(options: OperatorOptions) {
    this.#options = options;
    const { clock, logger, leadership } = options;
    const epoch = (): number | undefined => leadership.epoch;
    const ledger = (): LedgerStore => this.#ledger;
    this.#outcomes = new Outcomes(ledger);
    this.#deliveries = new Deliveries(epoch);
    this.#observer = new Observer({
      sources: options.sources,
      secrets: options.secrets,
      clock,
      logger,
      onAffected: (affected, atMs) => this.#pipeline.mark(this.#withHeldRoutes(affected), atMs),
      onObject: (kind, key) => this.#changed(kind, key),
      lookUp: lookUpWith(options.client),
      onFresh: () => this.#nowFresh(),
    });
    this.#pipeline = new Pipeline({
      view: this.#observer.view,
      ledger,
      deliveries: this.#deliveries,
      clock,
      epoch: () => (this.#observer.complete ? leadership.epoch : undefined),
      nodes: () => this.#knownNodes(),
      onTurn: (turn) => this.#tell(turn),
    });
    this.#speakers = new Speakers({
      view: this.#observer.view,
      ledger,
      deliveries: this.#deliveries,
      pipeline: this.#pipeline,
      clock,
      logger,
      epoch,
      lookForSuccessor: options.lookForSuccessor,
      onHigherEpoch: (higher) => leadership.raiseAbove(higher),
      onChange: (node) => this.#statuses.speaker(node),
      onReport: (node, report, services) => {
        this.#metrics.report(node, report, clock.nowMs());
        this.#statuses.report(report, services);
      },
    });
    this.#statuses = this.#newStatuses(ledger);
    this.#unannounceable = new Unannounceable({
      facts: { observer: this.#observer, ledger, speakerObjects: options.speakerObjects },
      clock,
      logger,
      recordEvent: (event) => options.recordEvent?.(event),
    });
    this.#metrics = new OperatorMetrics(options.metrics, {
      leading: () => leadership.epoch !== undefined,
      speakers: () => [...this.#speakers.nodes()].length,
      rewound: () => this.#observer.rewind?.kinds.length ?? 0,
      removals: () => this.#ledger.removals.sizes(),
      places: () => this.#countPlaces(),
    });
  }

  /** Takes a speaker that was authenticated; to be given to the server of the speaker protocol. */
  readonly onSpeaker: SpeakerHandler = (link, hello) => {
    this.#speakers.connected(link, hello);
    this.#statuses.settle();
  };

  start(): void {
    this.#statuses.start();
    this.#options.speakerObjects.start((change) => {
      if (change.kind === 'listed') this.#statuses.settle();
      else this.#statuses.speakerObject(change);
    });
    this.#observer.start();
    this.#options.leadership.start({ onAcquired: () => this.#beginTerm(), onLost: () => this.#endTerm() });
  }

  /** Stops deciding, gives up the lead, ends all watches. What speakers announce stays. */
  async stop(): Promise<void> {
    this.#pipeline.stop();
    await this.#statuses.stop();
    await this.#options.leadership.stop();
    await Promise.all([this.#observer.stop(), this.#options.speakerObjects.stop()]);
  }

  /** What keeps this replica from doing its job; undefined when nothing does. A standby is ready: it could lead. */
  notReady(): string | undefined {
    return this.#observer.complete ? undefined : this.#observer.failures().join('; ');
  }

  #newLedger(): LedgerStore {
    return new LedgerStore((service) => this.#statuses.service(service));
  }

  #newStatuses(ledger: () => LedgerStore): Statuses {
    const { client, logger, clock, leadership, speakerObjects } = this.#options;
    return new Statuses({
      client,
      logger,
      isLeading: () => leadership.epoch !== undefined,
      facts: {
        observer: this.#observer,
        speakers: this.#speakers,
        deliveries: this.#deliveries,
        ledger,
        outcomes: this.#outcomes,
        speakerObjects,
        pending: () => this.#pipeline.pending || this.#untold.length > 0,
        clock,
      },
    });
  }

  #changed(kind: Kind, key: string): void {
    if (kind === 'AnycastHold') this.#takeHold(key);
    this.#statuses.object(kind, key);
  }

  /** What another leader held is held, and what a person decided counts. */
  #takeHold(name: string): void {
    const hold = this.#observer.view.get('AnycastHold', name);
    const { epoch } = this.#options.leadership;
    if (hold !== undefined && epoch !== undefined) this.#ledger.removals.applyHold(hold, epoch, this.#options.clock.nowMs());
  }

  #nowFresh(): void {
    this.#options.logger.info({ event: 'observing' });
    this.#statuses.settle();
  }

  #beginTerm(): void {
    this.#options.logger.info({ event: 'term-began', epoch: this.#options.leadership.epoch });
    this.#forgetTerm();
    for (const name of this.#observer.keys('AnycastHold')) this.#takeHold(name);
    this.#statuses.termBegins();
    this.#speakers.dismissAll('a new term begins: say Hello again');
    this.#pipeline.markAll();
  }

  #endTerm(): void {
    this.#options.logger.info({ event: 'term-ended' });
    this.#forgetTerm();
  }

  #forgetTerm(): void {
    this.#pipeline.stop();
    this.#deliveries.clear();
    this.#ledger = this.#newLedger();
    this.#outcomes.clear();
    this.#untold.length = 0;
    this.#unannounceable.forgetTerm();
    this.#metrics.forgetTerm();
  }

  /** A changed node concerns the Services that have a route there too, also where none of their endpoints is left on it. */
  #withHeldRoutes({ services, nodes }: Affected): Affected {
    if (services === 'all' || nodes === 'all') return { services, nodes };
    return { services: [...services, ...nodes.flatMap((node) => [...this.#ledger.servicesOn(node)])], nodes };
  }

  #knownNodes(): Set<string> {
    const cluster = [...this.#observer.view.nodes()].map((node) => node.key);
    return new Set([...cluster, ...this.#speakers.nodes()]);
  }

  /** Counts what a turn decided; what people read of it is written a moment later, when the routers have heard of it. */
  #tell(turn: Turn): void {
    this.#metrics.turn(turn);
    if (this.#untold.push(turn) === 1) this.#tellLater();
  }

  #tellLater(): void {
    this.#options.clock.after(limits.tellAfterMs, () => this.#tellNow());
  }

  #tellNow(): void {
    const { clock, logger, recordEvent } = this.#options;
    const [first] = this.#untold;
    if (this.#pipeline.pending && first !== undefined && clock.nowMs() - first.sentMs < limits.tellLatestMs) {
      this.#tellLater();
      return;
    }
    for (const turn of this.#untold.splice(0)) {
      logTurn(logger, turn);
      this.#statuses.turn(turn);
      this.#unannounceable.turn(turn);
      if (recordEvent === undefined) continue;
      for (const event of turnEvents(turn, (key) => this.#observer.raw('Service', key))) recordEvent(event);
    }
  }

  #countPlaces(): { announced: number; held: number; orphans: number } {
    let held = 0;
    for (const { decisions } of this.#outcomes.services()) held += decisions.filter((decision) => decision.outcome === 'hold').length;
    let announced = 0;
    for (const node of this.#speakers.nodes()) announced += this.#ledger.announcedOn(node);
    return { announced, held, orphans: [...this.#ledger.orphans()].length };
  }
}
