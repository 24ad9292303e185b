import { type AddressFamily, familyOfText } from '#net/ip-address.ts';
import { type HealthPort, partsOf } from '#probe/health-port.ts';
import type { RouteEntry } from '#state/entry.ts';
import { type Judgement, judge, type Passage } from './rule.ts';

/** A route as the gate sees it now. */
export type GatedRoute = { readonly entry: RouteEntry; readonly passage: Passage; readonly judgement: Judgement };

/**
 * The gate over all routes of a node. Each call names what it changed, in time proportional to what it touches; isolation
 * touches everything.
 */
export class Gate {
  readonly #routes = new Map<string, GatedRoute>();
  readonly #withdrawn = new Set<string>();
  /** Routes that wait for a port or for time, by prefix. */
  readonly #waiting = new Map<string, GatedRoute>();
  /** Prefixes by the port whose verdict they wait for. */
  readonly #byPort = new Map<HealthPort, Set<string>>();
  #isolated = false;
  readonly #portsAnswer = new Set<AddressFamily>();

  get isolated(): boolean {
    return this.#isolated;
  }

  /** Families in which a health-check port has answered on this node. */
  get portsAnswer(): ReadonlySet<AddressFamily> {
    return this.#portsAnswer;
  }

  /** Prefixes that a person withdrew. */
  get withdrawn(): ReadonlySet<string> {
    return this.#withdrawn;
  }

  /** The ports that routes wait for. */
  get ports(): ReadonlySet<HealthPort> {
    return new Set(this.#byPort.keys());
  }

  /** Number of routes that are ordered. */
  get size(): number {
    return this.#routes.size;
  }

  get(prefix: string): GatedRoute | undefined {
    return this.#routes.get(prefix);
  }

  routes(): Iterable<GatedRoute> {
    return this.#routes.values();
  }

  /** Prefixes whose data plane was proved: kept on disk. */
  *passed(): Iterable<string> {
    for (const [prefix, { passage }] of this.#routes) if (passage.passed) yield prefix;
  }

  /** When {@link wake} has something to do, monotonic milliseconds; undefined when time alone changes nothing. */
  get wakeAtMs(): number | undefined {
    let earliest: number | undefined;
    for (const { judgement } of this.#waiting.values()) {
      const { wakeAtMs } = judgement;
      if (wakeAtMs !== undefined && (earliest === undefined || wakeAtMs < earliest)) earliest = wakeAtMs;
    }
    return earliest;
  }

  /** What the disk says, before anything else: verdicts are given only where they are of this boot. */
  restore(kept: { withdrawn: Iterable<string>; portsAnswer: Iterable<AddressFamily> }): void {
    for (const family of kept.portsAnswer) this.#portsAnswer.add(family);
    for (const prefix of kept.withdrawn) this.#withdrawn.add(prefix);
  }

  /** A route that is known from the disk only. */
  restoreRoute(entry: RouteEntry, passed: boolean, nowMs: number): void {
    this.#judge(entry, { passed }, nowMs);
  }

  /** An operator, or the file, says that a route shall be announced. The waiting time runs from the first time it says so. */
  order(entry: RouteEntry, nowMs: number): void {
    const passage = this.#routes.get(entry.prefix)?.passage ?? { passed: false };
    this.#judge(entry, { orderedAtMs: nowMs, ...passage }, nowMs);
  }

  /** An operator said that everything that is there shall stay: what only the disk said is now ordered. Returns the prefixes whose judgement changed. */
  confirm(nowMs: number): string[] {
    const unconfirmed = [...this.#waiting.values()].filter(({ passage }) => passage.orderedAtMs === undefined);
    return unconfirmed.map(({ entry }) => entry.prefix).filter((prefix) => this.#rejudge(prefix, nowMs, { orderedAtMs: nowMs }));
  }

  /** The route is not to be announced any more; what was learnt about it is forgotten. */
  remove(prefix: string): void {
    this.#stopWaiting(prefix);
    this.#routes.delete(prefix);
  }

  /** A health-check port answered, or did not. Returns the prefixes whose judgement changed. */
  verdict(port: HealthPort, verdict: { answered: boolean; forwards: boolean }, nowMs: number): string[] {
    const changed: string[] = [];
    const proved = verdict.forwards ? [...(this.#byPort.get(port) ?? [])] : [];
    for (const prefix of proved) if (this.#rejudge(prefix, nowMs, { passed: true })) changed.push(prefix);
    const { family } = partsOf(port);
    if (verdict.answered && !this.#portsAnswer.has(family)) {
      this.#portsAnswer.add(family);
      for (const prefix of [...this.#waiting.keys()]) if (this.#rejudge(prefix, nowMs)) changed.push(prefix);
    }
    return changed;
  }

  /** Time has passed. Returns the prefixes whose judgement changed. */
  wake(nowMs: number): string[] {
    return [...this.#waiting.keys()].filter((prefix) => this.#rejudge(prefix, nowMs));
  }

  /** A person isolates this speaker, or ends that. Returns the prefixes whose judgement changed. */
  isolate(isolated: boolean, nowMs: number): string[] {
    if (this.#isolated === isolated) return [];
    this.#isolated = isolated;
    return [...this.#routes.keys()].filter((prefix) => this.#rejudge(prefix, nowMs));
  }

  /** A person withdraws prefixes here, or lets them go up again. Returns the prefixes whose judgement changed. */
  withdraw(prefixes: readonly string[], withdrawn: boolean, nowMs: number): string[] {
    for (const prefix of prefixes) {
      if (withdrawn) this.#withdrawn.add(prefix);
      else this.#withdrawn.delete(prefix);
    }
    return prefixes.filter((prefix) => this.#rejudge(prefix, nowMs));
  }

  /** Whether the judgement differs from what it was. */
  #rejudge(prefix: string, nowMs: number, learnt: Partial<Passage> = {}): boolean {
    const before = this.#routes.get(prefix);
    if (before === undefined) return false;
    const after = this.#judge(before.entry, { ...before.passage, ...learnt }, nowMs);
    return after.wanted !== before.judgement.wanted || after.reason !== before.judgement.reason;
  }

  #judge(entry: RouteEntry, passage: Passage, nowMs: number): Judgement {
    const node = { isolated: this.#isolated, portsAnswer: this.#portsAnswer };
    const { gate, prefix } = entry;
    const judgement = judge({ family: familyOfText(prefix), gate, passage, withdrawn: this.#withdrawn.has(prefix) }, node, nowMs);
    this.#stopWaiting(entry.prefix);
    const route = { entry, passage: { ...passage, passed: judgement.passes }, judgement };
    this.#routes.set(entry.prefix, route);
    if (!judgement.passes) this.#waiting.set(entry.prefix, route);
    if (judgement.askPort !== undefined) this.#waitFor(judgement.askPort, entry.prefix);
    return judgement;
  }

  #waitFor(port: HealthPort, prefix: string): void {
    const prefixes = this.#byPort.get(port);
    if (prefixes === undefined) this.#byPort.set(port, new Set([prefix]));
    else prefixes.add(prefix);
  }

  #stopWaiting(prefix: string): void {
    this.#waiting.delete(prefix);
    const port = this.#routes.get(prefix)?.judgement.askPort;
    const prefixes = port === undefined ? undefined : this.#byPort.get(port);
    if (port === undefined || prefixes === undefined) return;
    prefixes.delete(prefix);
    if (prefixes.size === 0) this.#byPort.delete(port);
  }
}
