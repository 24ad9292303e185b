/**
 * operator — decides what every node announces: observe → intend → compile → govern → deliver, and tells what is so.
 *
 * The only room that knows both Kubernetes and the speakers. This file puts the parts together and owns the term: what is known
 * of the speakers is of one term of leadership, and is learnt anew from their Hellos in the next. A replica that does not lead
 * watches, keeps its speakers connected, and says and writes nothing.
 */
import { LedgerStore } from '#decide/ledger-store.ts';
import type { Kind } from '#decide/view.ts';
import type { KubeClient } from '#kube/kube-client.ts';
import type { ObjectSource } from '#kube/object-source.ts';
import type { Logger } from '#obs/logger.ts';
import type { Metrics } from '#obs/metrics.ts';
import type { SpeakerHandler } from '#rpc/speaker-link.ts';
import type { Clock } from '#runtime/clock.ts';
import type { Report } from '#state/messages.ts';
import type { CustomObject } from './custom-object.ts';
import { Deliveries } from './deliver/deliveries.ts';
import { Observer, type Sources } from './observe/observer.ts';
import type { Affected } from './observe/view-store.ts';
import { type NodeOutcome, Pipeline, type ServiceOutcome, type Turn } from './pipeline/pipeline.ts';
import { Speakers } from './speakers.ts';
import { configSubjects } from './status/config-subjects.ts';
import type { StatusFacts } from './status/facts.ts';
import { refinementSubject } from './status/refinement-subject.ts';
import { serviceSubject } from './status/service-subject.ts';
import { speakerSubject } from './status/speaker-subject.ts';
import { StatusWriter } from './status/status-writer.ts';
import { OperatorMetrics } from './tell/operator-metrics.ts';
import { logTurn } from './tell/turn-log.ts';

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
  /** AnycastSpeakers, which only the status reads. */
  readonly speakerObjects: ObjectSource<CustomObject>;
  readonly client: KubeClient;
  readonly leadership: Leadership;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
};

/** One replica of the operator. */
export class Operator {
  readonly #options: OperatorOptions;
  readonly #observer: Observer;
  readonly #deliveries: Deliveries;
  readonly #pipeline: Pipeline;
  readonly #speakers: Speakers;
  readonly #writer: StatusWriter;
  readonly #metrics: OperatorMetrics;
  readonly #services = new Map<string, ServiceOutcome>();
  readonly #nodes = new Map<string, NodeOutcome>();
  /** Objects that are being deleted, as `Kind key`: looked at whenever routes change, for their finalizers. */
  readonly #deleting = new Map<string, { readonly kind: Kind; readonly key: string }>();
  #ledger = new LedgerStore();

  constructor(options: OperatorOptions) {
    this.#options = options;
    const { clock, logger, leadership, client, metrics } = options;
    const epoch = (): number | undefined => leadership.epoch;
    const ledger = (): LedgerStore => this.#ledger;
    this.#deliveries = new Deliveries(() => leadership.epoch ?? 0);
    this.#observer = new Observer({
      sources: options.sources,
      clock,
      logger,
      onAffected: (affected, atMs) => this.#pipeline.mark(this.#withHeldRoutes(affected), atMs),
      onObject: (kind, key) => this.#noteObject(kind, key),
      onFresh: () => logger.info({ event: 'observing' }),
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
      onHigherEpoch: (higher) => leadership.raiseAbove(higher),
      onChange: (node) => this.#touchNode(node),
      onReport: (node, report) => this.#noteReport(node, report),
    });
    const facts: StatusFacts = {
      observer: this.#observer,
      speakers: this.#speakers,
      deliveries: this.#deliveries,
      ledger,
      service: (key) => this.#services.get(key),
      services: () => this.#services.values(),
      node: (name) => this.#nodes.get(name),
      clock,
    };
    this.#writer = new StatusWriter({
      client,
      clock,
      logger,
      isLeading: () => leadership.epoch !== undefined,
      subjects: {
        Service: serviceSubject(facts),
        AnycastService: refinementSubject(facts),
        ...configSubjects(facts),
        AnycastSpeaker: speakerSubject(facts, options.speakerObjects.store),
      },
    });
    this.#metrics = new OperatorMetrics(metrics, {
      leading: () => leadership.epoch !== undefined,
      speakers: () => [...this.#speakers.nodes()].length,
      places: () => this.#countPlaces(),
    });
  }

  /** Takes a speaker that was authenticated; to be given to the server of the speaker protocol. */
  readonly onSpeaker: SpeakerHandler = (link, hello) => this.#speakers.connected(link, hello);

  start(): void {
    this.#writer.start();
    this.#options.speakerObjects.start(({ kind, ...change }) => {
      if (kind !== 'listed' && 'key' in change) this.#writer.touch('AnycastSpeaker', change.key);
    });
    this.#observer.start();
    this.#options.leadership.start({ onAcquired: () => this.#beginTerm(), onLost: () => this.#endTerm() });
  }

  /** Stops deciding, gives up the lead, ends all watches. What speakers announce stays. */
  async stop(): Promise<void> {
    this.#pipeline.stop();
    await this.#writer.stop();
    await this.#options.leadership.stop();
    await Promise.all([this.#observer.stop(), this.#options.speakerObjects.stop()]);
  }

  /** What keeps this replica from doing its job; undefined when nothing does. A standby is ready: it could lead. */
  notReady(): string | undefined {
    return this.#observer.complete ? undefined : this.#observer.failures().join('; ');
  }

  #beginTerm(): void {
    this.#options.logger.info({ event: 'term-began', epoch: this.#options.leadership.epoch });
    this.#forgetTerm();
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
    this.#ledger = new LedgerStore();
    this.#services.clear();
    this.#nodes.clear();
  }

  /** A changed node concerns the Services that have a route there too, also where none of their endpoints is left on it. */
  #withHeldRoutes(affected: Affected): Affected {
    const { services, nodes } = affected;
    if (services === 'all' || nodes === 'all') return affected;
    const held = [...nodes].flatMap((node) => [...this.#ledger.servicesOn(node)]);
    return held.length === 0 ? affected : { services: new Set([...services, ...held]), nodes };
  }

  #knownNodes(): Set<string> {
    const cluster = [...this.#observer.view.nodes()].map((node) => node.key);
    return new Set([...cluster, ...this.#speakers.nodes()]);
  }

  /** Logs, metrics and statuses of one turn, whose messages are sent already. */
  #tell(turn: Turn): void {
    logTurn(this.#options.logger, turn);
    this.#metrics.turn(turn);
    for (const outcome of turn.services) this.#noteService(outcome);
    for (const outcome of turn.nodes) {
      this.#nodes.set(outcome.proposal.node, outcome);
      this.#touchNode(outcome.proposal.node);
    }
    this.#touchDeleting();
  }

  #noteService(outcome: ServiceOutcome): void {
    const { service, addresses } = outcome.intent;
    const isGone = this.#observer.view.service(service)?.presence === 'deleted' && [...this.#ledger.routesOf(service)].length === 0;
    if (isGone) {
      this.#services.delete(service);
      this.#observer.forget('Service', service);
    } else {
      this.#services.set(service, outcome);
    }
    this.#touchService(service);
    for (const { pool } of addresses) if (pool !== undefined) this.#writer.touch('AnycastPool', pool);
    for (const { kind, object } of outcome.proposal.notes) this.#writer.touch(kind, object);
  }

  #noteObject(kind: Kind, key: string): void {
    const object = this.#observer.raw(kind, key);
    if (object?.metadata.deletionTimestamp === undefined) this.#deleting.delete(`${kind} ${key}`);
    else this.#deleting.set(`${kind} ${key}`, { kind, key });
    this.#writer.touch(kind, key);
  }

  #noteReport(node: string, report: Report): void {
    this.#metrics.report(node, report, this.#options.clock.nowMs());
    for (const { prefix } of report.routes)
      for (const { service } of this.#ledger.routesAt(prefix)) if (service !== undefined) this.#touchService(service);
    for (const { prefix } of report.routes) {
      // A route that is gone from the ledger was of a Service that asks for the address, or did.
      for (const service of this.#observer.view.servicesAsking(prefix.slice(0, prefix.lastIndexOf('/')))) this.#touchService(service);
    }
    for (const { peer } of report.sessions) this.#writer.touch('AnycastPeer', peer);
    this.#touchDeleting();
  }

  #touchService(service: string): void {
    this.#writer.touch('Service', service);
    for (const { key } of this.#observer.view.refinementsOf(service)) this.#writer.touch('AnycastService', key);
  }

  #touchNode(node: string): void {
    this.#writer.touch('AnycastSpeaker', node);
    for (const peer of this.#observer.view.peersOf(node)) this.#writer.touch('AnycastPeer', peer.key);
    this.#touchDeleting();
  }

  #touchDeleting(): void {
    for (const { kind, key } of this.#deleting.values()) this.#writer.touch(kind, key);
  }

  #countPlaces(): { announced: number; held: number; orphans: number } {
    let held = 0;
    for (const { decisions } of this.#services.values()) held += decisions.filter((decision) => decision.outcome === 'hold').length;
    let announced = 0;
    for (const node of this.#speakers.nodes()) announced += this.#ledger.announcedOn(node);
    return { announced, held, orphans: [...this.#ledger.orphans()].length };
  }
}
