/**
 * pipeline — one turn: what changed → intend → compile → govern → orders to speakers, decisions to whoever tells about them.
 *
 * Everything that one turn of the event loop brings is decided together, and each speaker gets one message. A changed key runs
 * through alone; what a change does not touch costs nothing, and what touches very many does not keep the others waiting. The
 * stages are pure; this file owns the order of things.
 */
import { compile } from '#decide/compile.ts';
import { compileNode } from '#decide/compile-node.ts';
import type { GovernContext, SessionDecision } from '#decide/decided.ts';
import { govern } from '#decide/govern/govern.ts';
import { governNode } from '#decide/govern/govern-node.ts';
import { intend } from '#decide/intend.ts';
import type { Intent } from '#decide/intent.ts';
import type { Order } from '#decide/ledger.ts';
import type { LedgerStore } from '#decide/ledger-store.ts';
import type { NodeProposal, Proposal } from '#decide/proposal.ts';
import { rememberingLast } from '#decide/remembering-last.ts';
import { removalContext } from '#decide/removal-context.ts';
import type { View } from '#decide/view.ts';
import { encodeEntry } from '#rpc/entry-codec.ts';
import type { Clock } from '#runtime/clock.ts';
import type { Decision } from '#state/decision.ts';
import { entryHash } from '#state/digest.ts';
import type { EncodedEntry, Entry } from '#state/entry.ts';
import type { Deliveries } from '../deliver/deliveries.ts';
import { limits } from '../limits.ts';
import type { Affected } from '../observe/view-store.ts';
import { WakeTimers } from './wake-timers.ts';

/** What was decided about one Service. */
export type ServiceOutcome = {
  readonly intent: Intent;
  readonly proposal: Proposal;
  readonly decisions: readonly Decision[];
  /** When the oldest change behind it arrived, monotonic milliseconds. */
  readonly observedMs: number;
};

/** What was decided about how one node takes part. */
export type NodeOutcome = { readonly proposal: NodeProposal; readonly decisions: readonly SessionDecision[] };

/** One turn, after its messages were sent: telling about it must not delay what it decided. Times are monotonic milliseconds. */
export type Turn = {
  readonly services: readonly ServiceOutcome[];
  readonly nodes: readonly NodeOutcome[];
  readonly decidedMs: number;
  readonly sentMs: number;
};

export type PipelineOptions = {
  readonly view: View & { services(): Iterable<string> };
  /** Of the term that runs: a new term begins with a new one. */
  readonly ledger: () => LedgerStore;
  readonly deliveries: Deliveries;
  readonly clock: Clock;
  /** Term of this leader; undefined while another leads, and then nothing is decided. */
  readonly epoch: () => number | undefined;
  /** Nodes that are known: those of the cluster, and those that speakers came from. */
  readonly nodes: () => Iterable<string>;
  readonly onTurn: (turn: Turn) => void;
};

/** Runs the stages for what was marked as changed. */
export class Pipeline {
  readonly #options: PipelineOptions;
  /** Services to decide in the next turn, with when the oldest change behind each arrived. */
  readonly #services = new Map<string, number>();
  /** The same of changes that concern very many: some of them in each turn. */
  readonly #bulk = new Map<string, number>();
  readonly #nodes = new Set<string>();
  readonly #serviceWakes: WakeTimers;
  readonly #nodeWakes: WakeTimers;
  /** Nodes that are told the same share the entry as it travels. */
  readonly #encode = rememberingLast(encodeAndHash);
  #scheduled = false;

  constructor(options: PipelineOptions) {
    this.#options = options;
    const now = (): number => options.clock.nowMs();
    this.#serviceWakes = new WakeTimers(options.clock, (service) => this.mark({ services: [service], nodes: [] }, now()));
    this.#nodeWakes = new WakeTimers(options.clock, (node) => this.mark({ services: [], nodes: [node] }, now()));
  }

  /** Marks what has to be decided again; it is, when this turn of the event loop has brought all it brings. */
  mark(affected: Affected, observedMs: number): void {
    const services = affected.services === 'all' ? [...this.#options.view.services()] : affected.services;
    if (services.length > limits.bulkPerTurn) this.#markBulk(services, observedMs);
    else this.#markServices(services, observedMs);
    for (const node of affected.nodes === 'all' ? this.#options.nodes() : affected.nodes) this.#nodes.add(node);
    this.#schedule();
  }

  /** Whether something changed that is not decided yet. */
  get pending(): boolean {
    return this.#services.size + this.#bulk.size + this.#nodes.size > 0;
  }

  /** Marks everything: a new term began. */
  markAll(): void {
    this.mark({ services: 'all', nodes: 'all' }, this.#options.clock.nowMs());
  }

  /** Another leader decides now. */
  stop(): void {
    this.#services.clear();
    this.#bulk.clear();
    this.#nodes.clear();
    this.#serviceWakes.clear();
    this.#nodeWakes.clear();
  }

  #markServices(services: readonly string[], observedMs: number): void {
    for (const service of services) {
      if (this.#services.has(service)) continue;
      this.#services.set(service, this.#bulk.get(service) ?? observedMs);
      this.#bulk.delete(service);
    }
  }

  #markBulk(services: readonly string[], observedMs: number): void {
    for (const service of services) if (!this.#services.has(service) && !this.#bulk.has(service)) this.#bulk.set(service, observedMs);
  }

  #schedule(): void {
    if (this.#scheduled || !this.pending) return;
    this.#scheduled = true;
    this.#options.clock.soon(() => this.#run());
  }

  /** Takes what this turn decides. Where very many changed one by one, as when all was listed, they are no different. */
  #takeServices(): [string, number][] {
    if (this.#services.size > limits.bulkPerTurn) {
      for (const [service, observedMs] of this.#services) this.#bulk.set(service, observedMs);
      this.#services.clear();
    }
    const services = [...this.#services];
    this.#services.clear();
    for (const [service, observedMs] of this.#bulk) {
      if (services.length >= limits.bulkPerTurn) break;
      services.push([service, observedMs]);
      this.#bulk.delete(service);
    }
    return services;
  }

  #run(): void {
    this.#scheduled = false;
    const epoch = this.#options.epoch();
    if (epoch === undefined || !this.pending) return;
    const context: GovernContext = {
      nowMs: this.#options.clock.nowMs(),
      epoch,
      hashOf: (entry) => entryHash(encodeEntry(entry)),
      ...removalContext(this.#options.view, this.#options.ledger()),
    };
    const nodes = [...this.#nodes];
    const services = this.#takeServices();
    this.#nodes.clear();
    // Sessions first: a route names peers that the speaker must know.
    const nodeOutcomes = nodes.map((node) => this.#decideNode(node, context));
    const serviceOutcomes = services.map(([service, observedMs]) => this.#decideService(service, observedMs, context));
    this.#options.deliveries.flush();
    this.#options.onTurn({ services: serviceOutcomes, nodes: nodeOutcomes, decidedMs: context.nowMs, sentMs: this.#options.clock.nowMs() });
    this.#schedule();
  }

  #decideService(service: string, observedMs: number, context: GovernContext): ServiceOutcome {
    const { view } = this.#options;
    const ledger = this.#options.ledger();
    const intent = intend(view, ledger, service, context.nowMs);
    const proposal = compile(view, ledger, intent);
    const governed = govern(proposal, ledger, context);
    ledger.apply(governed, context.nowMs);
    this.#order(governed.orders);
    // A session may wait for the last of its routes.
    for (const { node } of governed.orders) if (ledger.hasHoldsOn(node)) this.#nodes.add(node);
    this.#serviceWakes.set(service, governed.wakeAtMs);
    return { intent, proposal, decisions: governed.decisions, observedMs };
  }

  #decideNode(node: string, context: GovernContext): NodeOutcome {
    const { view } = this.#options;
    const ledger = this.#options.ledger();
    const proposal = compileNode(view, ledger, node);
    const governed = governNode(proposal, ledger, context);
    ledger.applyNode(governed, context.nowMs);
    this.#order(governed.orders);
    this.#nodeWakes.set(node, governed.wakeAtMs);
    return { proposal, decisions: governed.decisions };
  }

  #order(orders: readonly Order[]): void {
    for (const order of orders) {
      const delivery = this.#options.deliveries.of(order.node);
      if (order.kind === 'remove') {
        delivery.remove(order.key);
        continue;
      }
      const { encoded, hash } = this.#encode(order.entry);
      delivery.set(encoded, hash);
    }
  }
}

function encodeAndHash(entry: Entry): { readonly encoded: EncodedEntry; readonly hash: string } {
  const encoded = encodeEntry(entry);
  return { encoded, hash: entryHash(encoded) };
}
