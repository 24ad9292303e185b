import type { Successor } from '#decide/leave.ts';
import { LedgerStore } from '#decide/ledger-store.ts';
import { aConfig, aNode, anAdvertisement, aPeer, aPool, aService, aSlice, ready } from '#decide/testing/builders.ts';
import type { ObservedObject } from '#decide/view.ts';
import { type LogFields, type Logger, silentLogger } from '#obs/logger.ts';
import { type MemoryLink, MemoryOperator } from '#rpc/memory-link.ts';
import type { OperatorLink } from '#rpc/speaker-link.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import { digestOf, entryHash } from '#state/digest.ts';
import type { EncodedEntry } from '#state/entry.ts';
import type { Hello, OperatorMessage, Report } from '#state/messages.ts';
import type { RouteTruth, SessionTruth } from '#state/truth.ts';
import { Deliveries } from '../deliver/deliveries.ts';
import { ViewStore } from '../observe/view-store.ts';
import { Pipeline, type Turn } from '../pipeline/pipeline.ts';
import { Speakers } from '../speakers.ts';

/** A term of leadership without statuses: view, pipeline, speakers, on virtual time. */
export class TestTerm {
  readonly clock = new VirtualClock({ startMs: 100_000 });
  readonly view = new ViewStore(() => true);
  readonly lines: LogFields[] = [];
  readonly turns: Turn[] = [];
  readonly higherEpochs: number[] = [];
  readonly changes: string[] = [];
  readonly reports: { readonly node: string; readonly report: Report; readonly services: readonly string[] }[] = [];
  readonly deliveries: Deliveries;
  readonly pipeline: Pipeline;
  readonly speakers: Speakers;
  readonly links: MemoryOperator;
  ledger = new LedgerStore();
  epoch: number | undefined = 7;
  /** Whether speakers that leave are replaced. */
  successor: Successor = 'comes';

  constructor() {
    const { clock, view } = this;
    const write = (fields: LogFields): void => void this.lines.push(fields);
    const logger: Logger = { ...silentLogger, info: write, warn: write };
    const ledger = () => this.ledger;
    const epoch = () => this.epoch;
    this.deliveries = new Deliveries(epoch);
    const { deliveries } = this;
    const nodes = () => [...view.nodes()].map((node) => node.key);
    this.pipeline = new Pipeline({ view, ledger, deliveries, clock, epoch, nodes, onTurn: (turn) => this.turns.push(turn) });
    this.speakers = new Speakers({
      view,
      ledger,
      deliveries,
      pipeline: this.pipeline,
      clock,
      logger,
      epoch,
      lookForSuccessor: () => Promise.resolve(this.successor),
      onHigherEpoch: (higher) => this.higherEpochs.push(higher),
      onChange: (node) => this.changes.push(node),
      onReport: (node, report, services) => this.reports.push({ node, report, services: [...services] }),
    });
    this.links = new MemoryOperator({ name: 'operator', clock, onSpeaker: (link, hello) => this.speakers.connected(link, hello) });
  }

  /** The ordinary case: `dns/edge` with endpoints on n1 and n2, one peer, everything advertised, and no removal guard. */
  static ordinary(): TestTerm {
    const term = new TestTerm();
    term.put(aConfig([]), aPool(), anAdvertisement(), aPeer(), aNode('n1'), aNode('n2'), aService(), aSlice([ready('n1'), ready('n2')]));
    return term;
  }

  put(...objects: readonly ObservedObject[]): void {
    for (const object of objects) this.pipeline.mark(this.view.put(object), this.clock.nowMs());
  }

  /** Lets everything that is due now happen. */
  settle(): void {
    this.clock.advance(0);
  }

  /** A speaker connects and says Hello. */
  speaker(node: string, hello: Partial<Hello> = {}): TestSpeaker {
    const speaker = new TestSpeaker(this, node, hello);
    this.settle();
    return speaker;
  }
}

/** A speaker that does what the test says. */
export class TestSpeaker {
  readonly heard: OperatorMessage[] = [];
  readonly closed: string[] = [];
  readonly stream: MemoryLink;
  readonly #term: TestTerm;
  #link: OperatorLink | undefined;

  constructor(term: TestTerm, node: string, hello: Partial<Hello>) {
    this.#term = term;
    this.stream = term.links.connect({
      node,
      onOperator: (link) => {
        this.#link = link;
        link.onMessage((message) => this.heard.push(message));
        link.onClose((reason) => this.closed.push(reason));
        link.send(helloOf(node, hello));
      },
    });
  }

  say(message: Parameters<OperatorLink['send']>[0]): void {
    this.#link?.send(message);
    this.#term.settle();
  }

  /** Acknowledges the last state that it heard. */
  ack(): void {
    const last = this.heard.findLast((message) => message.kind === 'full' || message.kind === 'delta');
    if (last !== undefined && 'version' in last) this.say({ kind: 'ack', epoch: last.epoch, version: last.version, rejected: [] });
  }

  report(routes: readonly RouteTruth[], sessions: readonly SessionTruth[] = []): void {
    this.say({ kind: 'report', routes, sessions });
  }

  /** Keys that the last state message sets and removes, as `+key` and `-key`. */
  get last(): string[] {
    const message = this.heard.at(-1);
    if (message?.kind === 'full') return [...message.entries.map(({ key }) => `+${key}`), ...message.keep.map((key) => `=${key}`)].sort();
    if (message?.kind === 'delta')
      return [...message.removals.map((key) => `-${key}`), ...message.upserts.map(({ key }) => `+${key}`)].sort();
    return [];
  }
}

/** The Hello of a speaker that has these entries. */
export function helloOf(node: string, more: Partial<Hello> = {}, entries: readonly EncodedEntry[] = []): Hello {
  return {
    kind: 'hello',
    protocol: 1,
    features: [],
    node,
    instance: `${node}-1`,
    bootId: 'boot-1',
    software: 'test',
    epoch: 0,
    version: 0,
    digest: digestOf(entries),
    entries: entries.map((entry) => ({ key: entry.key, hash: entryHash(entry) })),
    routes: [],
    sessions: [],
    permits: [],
    ...more,
  };
}

/** A route that these peers have; none: it is gone. */
export const truth = (prefix: string, peers: readonly string[] = [], ageMs = 0): RouteTruth => ({
  prefix,
  peers: peers.map((peer) => ({ peer, announced: true, reason: 'Announced' })),
  ageMs,
});

export const session = (peer: string, state: SessionTruth['state'] = 'Established', more: Partial<SessionTruth> = {}): SessionTruth => ({
  peer,
  state,
  ageMs: 0,
  families: ['IPv4'],
  localAddress: '10.0.0.1',
  announcedPrefixes: 0,
  lastError: '',
  ...more,
});
