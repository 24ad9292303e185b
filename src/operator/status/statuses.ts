import type { Kind } from '#decide/view.ts';
import type { KubeClient } from '#kube/kube-client.ts';
import type { Logger } from '#obs/logger.ts';
import type { Timer } from '#runtime/clock.ts';
import type { Report } from '#state/messages.ts';
import { limits } from '../limits.ts';
import type { Turn } from '../pipeline/pipeline.ts';
import { configSubjects } from './config-subjects.ts';
import { everySpeakerHeard, type StatusFacts } from './facts.ts';
import { holdSubject } from './hold-subject.ts';
import { refinementSubject } from './refinement-subject.ts';
import { isRestedOn } from './rests.ts';
import { serviceSubject } from './service-subject.ts';
import { speakerSubject } from './speaker-subject.ts';
import { StatusWriter } from './status-writer.ts';

export type StatusesOptions = {
  readonly facts: Omit<StatusFacts, 'canTell'>;
  readonly client: KubeClient;
  readonly logger: Logger;
  readonly isLeading: () => boolean;
};

/** Kinds that many routes may rest on: looked at again whenever routes change. Services and their refinements are looked at by key. */
const shared: ReadonlySet<Kind> = new Set(['Node', 'AnycastPool', 'AnycastAdvertisement', 'AnycastPeer', 'AnycastConfig']);

/** Knows after which event what has to be written, and which objects that are being deleted nothing rests on any more. */
export class Statuses {
  readonly #options: StatusesOptions;
  readonly #facts: StatusFacts;
  readonly #writer: StatusWriter;
  /** Objects that are being deleted, or were, as `Kind key`. */
  readonly #ending = new Map<string, { readonly kind: Kind; readonly key: string }>();
  /** The same of {@link shared} kinds only: few, whatever the number of Services. */
  readonly #sharedEnding = new Map<string, { readonly kind: Kind; readonly key: string }>();
  #canTell = false;
  #allHeard = false;
  /** Something is to be looked at when nothing waits to be decided any more. */
  #due = false;
  #graceOver = false;
  #grace: Timer | undefined;
  #waitingLook: Timer | undefined;

  constructor(options: StatusesOptions) {
    this.#options = options;
    const facts: StatusFacts = { ...options.facts, canTell: () => this.#canTell };
    this.#facts = facts;
    this.#writer = new StatusWriter({
      client: options.client,
      clock: facts.clock,
      logger: options.logger,
      mayWrite: () => options.isLeading() && facts.observer.complete,
      subjects: {
        Service: serviceSubject(facts),
        AnycastService: refinementSubject(facts),
        ...configSubjects(facts),
        AnycastSpeaker: speakerSubject(facts),
        AnycastHold: holdSubject(facts),
      },
    });
  }

  start(): void {
    this.#writer.start();
  }

  /** Ends when the writes that are under way have. */
  async stop(): Promise<void> {
    this.#grace?.cancel();
    this.#waitingLook?.cancel();
    await this.#writer.stop();
  }

  /** A new term began: how things stand is told when the speakers are heard, or had their time. */
  termBegins(): void {
    this.#canTell = false;
    this.#allHeard = false;
    this.#graceOver = false;
    this.#grace?.cancel();
    this.#grace = this.#facts.clock.after(limits.termSettleMs, () => {
      this.#graceOver = true;
      this.settle();
    });
  }

  /** Looks whether enough is known to tell how things stand, and to let go of what waited for speakers. Called when a speaker was heard. */
  settle(): void {
    const { observer, speakers, speakerObjects } = this.#facts;
    this.#due = !observer.complete || this.#facts.pending();
    if (this.#due || !this.#options.isLeading()) return;
    const allHeard = everySpeakerHeard(this.#facts);
    const isNews = allHeard && !this.#allHeard;
    this.#allHeard = allHeard;
    if (isNews) this.#letGo();
    if (this.#canTell || !(allHeard || this.#graceOver)) return;
    this.#canTell = true;
    // What was looked at while nothing could be told does not wait for its interval.
    this.#writer.forgetLooks();
    for (const kind of observer.kinds) for (const key of observer.keys(kind)) this.#writer.touch(kind, key);
    for (const node of new Set([...speakerObjects.store.keys(), ...speakers.nodes()])) this.#writer.touch('AnycastSpeaker', node);
  }

  /** An object is new, changed or gone. */
  object(kind: Kind, key: string): void {
    const presence = this.#facts.observer.view.get(kind, key)?.presence;
    const isEnding = this.#facts.observer.raw(kind, key)?.metadata.deletionTimestamp !== undefined || presence === 'deleted';
    if (isEnding) this.#begin(kind, key);
    else this.#end(kind, key);
    this.#writer.touch(kind, key);
    if (shared.has(kind)) this.#look(kind, key);
  }

  /** An AnycastSpeaker is new, changed or gone: deleted by us, or by a person who knows that the node is gone for good. */
  speakerObject({ kind, key }: { readonly kind: 'upserted' | 'deleted' | 'vanished'; readonly key: string }): void {
    this.#writer.touch('AnycastSpeaker', key);
    if (kind !== 'deleted') return;
    this.#facts.speakers.forget(key);
    this.#lookAtShared();
    this.settle();
  }

  /** A turn was decided. */
  turn({ services, nodes }: Turn): void {
    for (const outcome of services) {
      this.#touchNamed(outcome.intent.service);
      this.#facts.outcomes.setService(outcome);
      this.#touchNamed(outcome.intent.service);
      this.service(outcome.intent.service);
    }
    for (const outcome of nodes) {
      this.#facts.outcomes.setNode(outcome);
      this.node(outcome.proposal.node);
    }
    this.#lookAtShared();
    this.#lookAtHolds();
    if (this.#due || !this.#canTell) this.settle();
  }

  /** Routers have something else now. */
  report({ sessions }: Report, services: ReadonlySet<string>): void {
    for (const service of services) {
      this.#facts.outcomes.routesChanged(service);
      this.service(service);
    }
    for (const { peer } of sessions) this.#writer.touch('AnycastPeer', peer);
    this.#lookAtHolds();
  }

  /** Something about a Service may be different. */
  service(key: string): void {
    const { observer, outcomes } = this.#facts;
    this.#writer.touch('Service', key);
    for (const refinement of [...observer.view.refinementsOf(key)]) {
      this.#writer.touch('AnycastService', refinement.key);
      this.#look('AnycastService', refinement.key);
    }
    this.#look('Service', key);
    if (observer.view.service(key) !== undefined) return;
    this.#touchNamed(key);
    outcomes.forgetService(key);
  }

  /** A speaker came, went, or said something. */
  speaker(name: string): void {
    this.node(name);
    if (this.#facts.speakers.get(name) !== undefined) return;
    // What is being deleted, or waits for an address, says whom it waits for: once, where many speakers go together.
    this.#waitingLook ??= this.#facts.clock.after(limits.tellAfterMs, () => {
      this.#waitingLook = undefined;
      this.#lookAtWaiting();
    });
  }

  /** Something about a node, or its speaker, may be different. */
  node(name: string): void {
    this.#writer.touch('AnycastSpeaker', name);
    for (const peer of this.#facts.observer.view.peersOf(name)) this.#writer.touch('AnycastPeer', peer.key);
    this.#lookAtShared();
  }

  /** Pools and other objects that the last decision about a Service names: they count it, or say something of it. */
  #touchNamed(service: string): void {
    const outcome = this.#facts.outcomes.service(service);
    for (const { pool } of outcome?.intent.addresses ?? []) if (pool !== undefined) this.#writer.touch('AnycastPool', pool);
    for (const { kind, object } of outcome?.proposal.notes ?? []) this.#writer.touch(kind, object);
  }

  /** All speakers are heard: what waited for the last of them goes on. */
  #letGo(): void {
    for (const { kind, key } of [...this.#ending.values()]) this.#look(kind, key);
    for (const service of this.#facts.observer.keys('Service')) this.#writer.touch('Service', service);
  }

  #lookAtWaiting(): void {
    for (const { kind, key } of [...this.#ending.values()]) {
      if (kind === 'AnycastService') this.#look(kind, key);
      else if (kind === 'Service') this.#touchRefinements(key);
    }
    for (const { intent } of this.#facts.outcomes.services())
      if (intent.addresses.some(({ refusal }) => refusal?.reason === 'AddressInUse')) this.#touchRefinements(intent.service);
  }

  #touchRefinements(service: string): void {
    for (const refinement of this.#facts.observer.view.refinementsOf(service)) this.#writer.touch('AnycastService', refinement.key);
  }

  /** Few, and mostly none. */
  #lookAtHolds(): void {
    const { observer, ledger } = this.#facts;
    for (const name of new Set([...ledger().removals.batches(), ...observer.keys('AnycastHold')])) this.#writer.touch('AnycastHold', name);
  }

  #begin(kind: Kind, key: string): void {
    this.#ending.set(`${kind} ${key}`, { kind, key });
    if (shared.has(kind)) this.#sharedEnding.set(`${kind} ${key}`, { kind, key });
  }

  #end(kind: Kind, key: string): void {
    this.#ending.delete(`${kind} ${key}`);
    this.#sharedEnding.delete(`${kind} ${key}`);
  }

  #lookAtShared(): void {
    for (const { kind, key } of [...this.#sharedEnding.values()]) this.#look(kind, key);
  }

  /** An object that is being deleted may lose its finalizer; one that was deleted is forgotten when nothing rests on it. */
  #look(kind: Kind, key: string): void {
    if (!this.#ending.has(`${kind} ${key}`)) return;
    const { observer, speakers, outcomes } = this.#facts;
    const presence = observer.view.get(kind, key)?.presence;
    if (presence !== 'deleted') {
      this.#writer.touch(kind, key);
      return;
    }
    if (!this.#options.isLeading() || isRestedOn(this.#facts, kind, key)) return;
    this.#end(kind, key);
    observer.forget(kind, key);
    if (kind !== 'Node') return;
    outcomes.forgetNode(key);
    speakers.forget(key);
  }
}
