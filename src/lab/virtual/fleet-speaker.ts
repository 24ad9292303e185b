import { decodeEntry } from '#rpc/entry-codec.ts';
import type { OperatorLink } from '#rpc/speaker-link.ts';
import { assert } from '#runtime/assert.ts';
import type { Clock } from '#runtime/clock.ts';
import { accept } from '#speaker/accept/accept.ts';
import { AppliedState, type StateChange } from '#speaker/accept/applied-state.ts';
import type { Entry, RouteEntry } from '#state/entry.ts';
import type { Delta, Full, Hello, OperatorMessage } from '#state/messages.ts';
import type { RouteTruth, SessionTruth } from '#state/truth.ts';

/** How long a message takes to act, in milliseconds. */
const takesMs = 1;

/** The part of a speaker that costs an operator something: it takes state as a real one does, and its routers have a moment later what it is told. */
export class FleetSpeaker {
  readonly node: string;
  readonly state = new AppliedState();
  readonly #clock: Clock;
  readonly #onState: (message: Full | Delta, node: string) => void;
  #link: OperatorLink | undefined;
  /** When each route was set, by prefix. */
  readonly #sinceMs = new Map<string, number>();

  /** `onState` is told of each message that brings state, before it is taken. */
  constructor(node: string, clock: Clock, onState: (message: Full | Delta, node: string) => void) {
    this.node = node;
    this.#clock = clock;
    this.#onState = onState;
  }

  /** A stream to an operator is open. */
  readonly attach = (link: OperatorLink): void => {
    this.#link = link;
    link.onMessage((message) => this.#hear(message, link));
    link.onClose(() => undefined);
    link.send(this.#hello());
  };

  #hear(message: OperatorMessage, link: OperatorLink): void {
    if (message.kind !== 'full' && message.kind !== 'delta') return;
    this.#onState(message, this.node);
    this.#clock.after(takesMs, () => this.#take(message, link));
  }

  #take(message: Full | Delta, link: OperatorLink): void {
    if (this.#link !== link) return;
    const acceptance = accept(this.state, message, decodeEntry);
    assert(acceptance.kind === 'accepted', `${this.node} can use what it is sent`);
    const { change, answer } = acceptance;
    const removed = change.removed.flatMap((key) => this.state.get(key)?.running?.entry ?? []);
    this.state.apply(change);
    link.send(answer);
    this.#report(removed, change, link);
  }

  #report(removed: readonly Entry[], change: StateChange, link: OperatorLink): void {
    const set = change.set.flatMap(({ running }) => running?.entry ?? []);
    for (const { prefix } of routesIn(removed)) this.#sinceMs.delete(prefix);
    for (const { prefix } of routesIn(set)) this.#sinceMs.set(prefix, this.#clock.nowMs());
    const gone = routesIn(removed).filter(({ prefix }) => !this.#sinceMs.has(prefix));
    const routes = [
      ...gone.map(({ prefix }): RouteTruth => ({ prefix, peers: [], ageMs: 0 })),
      ...routesIn(set).map((entry) => this.#truth(entry)),
    ];
    link.send({ kind: 'report', routes, sessions: set.flatMap((entry) => (entry.kind === 'peer' ? established(entry.name) : [])) });
  }

  #hello(): Hello {
    const entries = Array.from(this.state.entries()).flatMap(({ running }) => running?.entry ?? []);
    return {
      kind: 'hello',
      protocol: 1,
      features: [],
      node: this.node,
      instance: `${this.node}-1`,
      bootId: 'boot-1',
      software: 'virtual',
      epoch: this.state.epoch,
      version: this.state.version,
      digest: this.state.digest.toString(),
      entries: this.state.hashes(),
      routes: routesIn(entries).map((entry) => this.#truth(entry)),
      sessions: entries.flatMap((entry) => (entry.kind === 'peer' ? established(entry.name) : [])),
      permits: [],
    };
  }

  #truth({ prefix, exports }: RouteEntry): RouteTruth {
    const peers = exports.flatMap((item) => item.peers).sort();
    return {
      prefix,
      peers: peers.map((peer) => ({ peer, announced: true, reason: 'Announced' })),
      ageMs: this.#clock.nowMs() - (this.#sinceMs.get(prefix) ?? 0),
    };
  }
}

const routesIn = (entries: readonly Entry[]): RouteEntry[] => entries.filter((entry) => entry.kind === 'route');

const established = (peer: string): SessionTruth => ({
  peer,
  state: 'Established',
  ageMs: 0,
  families: ['IPv4'],
  localAddress: '10.0.0.1',
  announcedPrefixes: 0,
  lastError: '',
});
