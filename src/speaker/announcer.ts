import { limits as peerLimits } from '#bgp/peer/limits.ts';
import type { ListedNews, PeerStop } from '#bgp/peer/peer.ts';
import type { PeerSessionTruth } from '#bgp/peer/truth.ts';
import type { PrefixHandle, PrefixHandles, PrefixTable } from '#bgp/rib/prefix-table.ts';
import type { Logger } from '#obs/logger.ts';
import { type AskPort, HealthCheckRunner } from '#probe/health-check-runner.ts';
import type { HealthPort } from '#probe/health-port.ts';
import type { DataPlaneVerdict } from '#probe/verdict.ts';
import type { Clock, Timer } from '#runtime/clock.ts';
import type { Result } from '#runtime/result.ts';
import type { Entry, PeerEntry } from '#state/entry.ts';
import type { ReasonCode } from '#state/reasons.ts';
import type { RouteTruth } from '#state/truth.ts';
import { Account } from './account/account.ts';
import type { Journal } from './account/journal.ts';
import { Advertiser } from './advertise/advertiser.ts';
import { Inbound, type InboundOptions } from './advertise/inbound.ts';
import type { MakePeer } from './advertise/peer-port.ts';
import { Gate, type GatedRoute } from './gate/gate.ts';
import { ListedRoutes, type NamedChange } from './listed/listed-routes.ts';
import { type Discovery, isUnnumbered, Neighbors } from './neighbors/neighbors.ts';

/** What an announcer needs. */
export type AnnouncerOptions = {
  readonly clock: Clock;
  /** The table of prefixes that all peers share. */
  readonly prefixes: PrefixTable;
  readonly makePeer: MakePeer;
  readonly askPort: AskPort;
  readonly sourceAddresses: readonly string[];
  /** Where routers may connect to us. */
  readonly inbound: Pick<InboundOptions, 'acceptor' | 'at'>;
  /** How the routers of unnumbered peers are found. */
  readonly discovery: Discovery;
  readonly journal: Journal;
  readonly logger: Logger;
  /** How these routes and sessions stand changed. `transition`: a router got or lost a route, or a session came up or went down. */
  readonly onChanged: (routes: readonly string[], sessions: readonly string[], transition: boolean) => void;
  /** Something was learnt that is to be kept on disk. */
  readonly onLearnt: () => void;
};

/**
 * Everything of a speaker between what it was told and what routers have: gate, sessions, account. It knows neither operators nor
 * the disk. What one call changes is one batch for each router.
 */
export class Announcer {
  readonly gate = new Gate();
  readonly #options: AnnouncerOptions;
  readonly #advertiser: Advertiser;
  readonly #account: Account;
  readonly #inbound: Inbound;
  readonly #neighbors: Neighbors;
  readonly #listed: ListedRoutes;
  readonly #runner: HealthCheckRunner;
  readonly #established = new Set<string>();
  #asked: ReadonlySet<HealthPort> = new Set();
  #wakeTimer: Timer | undefined;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
    const { clock, prefixes, makePeer, sourceAddresses, askPort, journal } = options;
    this.#listed = new ListedRoutes(prefixes, this.gate);
    this.#advertiser = new Advertiser({
      makePeer,
      sourceAddresses,
      listed: () => this.#listed.announced(),
      onListed: (news) => this.#listedNews(news),
      onRoutes: (prefixes) => this.#routesChanged(prefixes, []),
      onWithdrawalsWritten: (prefixes) => journal.withdrawalsWritten(prefixes),
      onSession: (peer) => this.#sessionChanged(peer),
      onGone: (peer) => this.#routesChanged([...this.#named()], [peer]),
      whyNoAddress: (entry) => this.#neighbors.why(entry),
    });
    this.#neighbors = new Neighbors({
      ...options.discovery,
      clock,
      logger: options.logger,
      hasSession: (peer) => this.#established.has(peer),
      onFound: (entry) => this.#found(entry),
      onWhy: (peer) => this.#sessionChanged(peer),
    });
    this.#inbound = new Inbound({
      ...options.inbound,
      dscp: peerLimits.dscp,
      logger: options.logger,
      onConnection: (peer, stream) => this.#advertiser.accept(peer, stream),
    });
    this.#account = new Account({
      clock,
      gated: (prefix) => this.gated(prefix),
      listedSinceMs: (prefix) => this.#listed.sinceMs(prefix),
      peers: () => this.#advertiser.peers,
      peerRoute: (peer, prefix) => this.#advertiser.route(peer, prefix),
    });
    this.#runner = new HealthCheckRunner({ clock, ask: askPort, onVerdict: (port, verdict) => this.#onVerdict(port, verdict) });
  }

  /** Lets routers connect. The error says what to do. */
  listen(): Promise<Result<void, string>> {
    return this.#inbound.start();
  }

  /** Takes up what the disk says, before anything else. `passed`: prefixes whose verdict is of this boot, if it is of `sameBoot`. */
  restore(entries: readonly Entry[], passed: ReadonlySet<string>, sameBoot: boolean): void {
    this.#advertiser.follows({ restarted: true, forwardingPreserved: sameBoot });
    for (const entry of entries) {
      if (entry.kind === 'route') this.gate.restoreRoute(entry, passed.has(entry.prefix), this.#options.clock.nowMs());
      else this.#set(entry);
    }
    this.#follow([...this.#named()]);
  }

  /** Runs what changed. `complete`: the sender named everything that shall be there, so that what is kept is ordered anew. */
  apply(removed: readonly Entry[], set: readonly Entry[], complete: boolean): void {
    const nowMs = this.#options.clock.nowMs();
    for (const entry of removed) {
      // Said before the gate forgets which service it was.
      if (entry.kind === 'route') this.#orderWithdrawal(entry.prefix, 'Removed');
      this.#remove(entry);
    }
    for (const entry of set) {
      if (entry.kind === 'route') this.gate.order(entry, nowMs);
      else this.#set(entry);
    }
    const touched = new Set([...removed, ...set].flatMap((entry) => (entry.kind === 'route' ? [entry.prefix] : [])));
    if (complete) for (const prefix of this.gate.confirm(nowMs)) touched.add(prefix);
    this.#follow([...touched]);
    // What is not announced by now was not worth it at the start: a router that kept it over a restart may let it go.
    if (complete) this.#advertiser.finishInitialRoutes();
  }

  /** The file of routes lists these prefixes, and no others. The references to them become ours. */
  list(prefixes: PrefixHandles): void {
    this.#listed.replace(prefixes, (change) => {
      this.#options.journal.listed('withdraw', change.removed.length, 'Removed');
      this.#advertiser.changeListed(change);
    });
    for (const prefix of [...this.#account.announced()]) if (this.#listed.has(prefix)) this.#account.forget(prefix);
  }

  /** A person isolates this speaker, or ends that. */
  isolate(isolated: boolean): void {
    this.#follow(this.gate.isolate(isolated, this.#options.clock.nowMs()));
    const change = this.#listed.judgeAll();
    this.#options.journal.listed('withdraw', change.removed.length, 'Isolated');
    this.#advertiser.changeListed(change);
  }

  /** A person withdraws prefixes here, or lets them go up again. */
  withdraw(prefixes: readonly string[], withdrawn: boolean): void {
    const changed = this.gate.withdraw(prefixes, withdrawn, this.#options.clock.nowMs());
    this.#followListed(this.#listed.judge(prefixes));
    if (changed.length > 0) this.#follow(changed);
  }

  /** Prefixes that there is something to say about: ordered, announced, or withdrawn a short while ago. */
  prefixes(): ReadonlySet<string> {
    return new Set([...this.#named(), ...this.#listed.texts()]);
  }

  /** A route that this node is told to announce, named or listed. */
  gated(prefix: string): GatedRoute | undefined {
    return this.gate.get(prefix) ?? this.#listed.gated(prefix, (family) => this.#advertiser.peersOf(family));
  }

  route(prefix: string): RouteTruth {
    return this.#account.truth(prefix);
  }

  session(peer: string): PeerSessionTruth {
    return this.#advertiser.session(peer);
  }

  sessions(): PeerSessionTruth[] {
    return this.#advertiser.peers.map((peer) => this.session(peer));
  }

  /** Prefixes that some router has. */
  get announcedCount(): number {
    let listed = 0;
    for (const prefix of this.#listed.announced()) if (this.#advertiser.isAnnounced(prefix)) listed += 1;
    return this.#account.announcedCount + listed;
  }

  /** Prefixes that this node is told to announce. */
  get orderedCount(): number {
    return this.gate.size + this.#listed.size;
  }

  /** Ends all sessions; resolves when they are gone, in bounded time. */
  async stop(stop: PeerStop): Promise<void> {
    this.#runner.stop();
    this.#neighbors.stop();
    this.#wakeTimer?.cancel();
    if (stop.how !== 'quiet') {
      for (const prefix of this.#account.announced()) this.#orderWithdrawal(prefix, 'Leave');
      this.#options.journal.listed('withdraw', this.#listed.size, 'Leave');
    }
    await Promise.all([this.#inbound.stop(), this.#advertiser.stop(stop)]);
  }

  #set(entry: Exclude<Entry, { kind: 'route' }>): void {
    if (entry.kind === 'node') this.#advertiser.setRouterId(entry.routerId);
    else this.#setPeer(this.#neighbors.setPeer(entry));
  }

  #setPeer(entry: PeerEntry): void {
    // Whoever has no address can not be told from others that connect.
    if (isUnnumbered(entry)) this.#inbound.removePeer(entry.name);
    else this.#inbound.setPeer(entry);
    this.#advertiser.setPeer(entry);
  }

  /** The router of an unnumbered peer is there, or is another: it shall hear what is announced. */
  #found(entry: PeerEntry): void {
    this.#setPeer(entry);
    this.#advertiser.flush();
  }

  #remove(entry: Entry): void {
    if (entry.kind === 'node') this.#advertiser.setRouterId(undefined);
    else if (entry.kind === 'peer') {
      this.#neighbors.removePeer(entry.name);
      this.#inbound.removePeer(entry.name);
      this.#advertiser.removePeer(entry.name);
    } else this.gate.remove(entry.prefix);
  }

  #orderWithdrawal(prefix: string, reason: ReasonCode): void {
    if (this.#account.isAnnounced(prefix))
      this.#options.journal.withdrawalOrdered(prefix, this.gate.get(prefix)?.entry.service ?? '', reason);
  }

  /** Makes the sessions follow what the gate says about these prefixes now, and sees to it that the gate is asked again in time. */
  #follow(prefixes: readonly string[]): void {
    for (const prefix of prefixes) {
      const gated = this.gate.get(prefix);
      const wanted = gated?.judgement.wanted === true;
      this.#advertiser.setRoute(prefix, wanted ? gated.entry.exports : []);
      if (wanted) this.#options.journal.withdrawalCancelled(prefix);
      else this.#orderWithdrawal(prefix, gated?.judgement.reason ?? 'Removed');
    }
    this.#advertiser.flush();
    this.#askPorts();
    this.#wakeLater();
    this.#routesChanged(prefixes, []);
  }

  /** Prefixes of routes that have entries of their own, or had a short while ago. */
  #named(): ReadonlySet<string> {
    const ordered = Array.from(this.gate.routes(), ({ entry }) => entry.prefix);
    return new Set([...ordered, ...this.#account.announced(), ...this.#account.withdrawn()]);
  }

  /** Makes the sessions follow what a person said about some listed routes; each has its line, as a named one. */
  #followListed({ removed, added }: NamedChange): void {
    const { journal } = this.#options;
    for (const { prefix, text } of removed) {
      if (this.#advertiser.isAnnounced(prefix)) journal.withdrawalOrdered(text, '', 'WithdrawnLocally');
    }
    for (const { text } of added) journal.withdrawalCancelled(text);
    this.#advertiser.changeListed({ removed: removed.map(({ prefix }) => prefix), added: added.map(({ prefix }) => prefix) });
  }

  /** What routers have of listed routes changed. */
  #listedNews({ gained, lost, written }: ListedNews): void {
    const { clock, journal } = this.#options;
    const texts = (prefixes: readonly PrefixHandle[]): string[] => prefixes.map((prefix) => this.#listed.textOf(prefix));
    for (const prefixes of [gained, lost]) this.#listed.changed(prefixes, clock.nowMs());
    journal.listed('announce', gained.length, 'Serving');
    if (!journal.withdraws) return;
    journal.withdrawalsWritten(texts(written));
    for (const prefix of texts(lost.filter((handle) => !this.#advertiser.isAnnounced(handle)))) journal.withdrawn(prefix);
  }

  #onVerdict(port: HealthPort, verdict: DataPlaneVerdict): void {
    const knewFamilies = this.gate.portsAnswer.size;
    const changed = this.gate.verdict(port, verdict, this.#options.clock.nowMs());
    if (changed.length > 0 || this.gate.portsAnswer.size !== knewFamilies) {
      this.#follow(changed);
      this.#options.onLearnt();
    }
  }

  #askPorts(): void {
    const { ports } = this.gate;
    for (const port of this.#asked) if (!ports.has(port)) this.#runner.unwatch(port);
    for (const port of ports) this.#runner.watch(port);
    this.#asked = ports;
  }

  #wakeLater(): void {
    this.#wakeTimer?.cancel();
    const { clock, onLearnt } = this.#options;
    const { wakeAtMs } = this.gate;
    if (wakeAtMs === undefined) return;
    this.#wakeTimer = clock.after(Math.max(0, wakeAtMs - clock.nowMs()), () => {
      this.#follow(this.gate.wake(clock.nowMs()));
      onLearnt();
    });
  }

  #routesChanged(prefixes: readonly string[], sessions: readonly string[]): void {
    let transition = false;
    for (const prefix of prefixes) {
      const had = this.#account.isAnnounced(prefix);
      if (!this.#account.update(prefix)) continue;
      transition = true;
      const entry = this.gate.get(prefix)?.entry;
      if (!this.#account.isAnnounced(prefix)) this.#options.journal.withdrawn(prefix);
      else if (!had && entry !== undefined) this.#options.journal.announced(entry);
    }
    if (prefixes.length + sessions.length > 0) this.#options.onChanged(prefixes, sessions, transition);
  }

  #sessionChanged(peer: string): void {
    const was = this.#established.has(peer);
    const is = this.session(peer).state === 'Established';
    if (is) this.#established.add(peer);
    else this.#established.delete(peer);
    this.#options.onChanged([], [peer], is !== was);
  }
}
