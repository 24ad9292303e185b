import type { PeerStop } from '#bgp/peer/peer.ts';
import { type AskPort, HealthCheckRunner } from '#probe/health-check-runner.ts';
import type { DataPlaneVerdict } from '#probe/verdict.ts';
import type { Clock, Timer } from '#runtime/clock.ts';
import type { Entry } from '#state/entry.ts';
import type { ReasonCode } from '#state/reasons.ts';
import type { RouteTruth, SessionTruth } from '#state/truth.ts';
import { Account } from './account/account.ts';
import type { Journal } from './account/journal.ts';
import { Advertiser } from './advertise/advertiser.ts';
import type { MakePeer } from './advertise/peer-port.ts';
import { Gate } from './gate/gate.ts';

/** What an announcer needs. */
export type AnnouncerOptions = {
  readonly clock: Clock;
  readonly makePeer: MakePeer;
  readonly askPort: AskPort;
  readonly sourceAddresses: readonly string[];
  readonly journal: Journal;
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
  readonly #runner: HealthCheckRunner;
  readonly #established = new Set<string>();
  #asked: ReadonlySet<number> = new Set();
  #wakeTimer: Timer | undefined;

  constructor(options: AnnouncerOptions) {
    this.#options = options;
    const { clock, makePeer, sourceAddresses, askPort, journal } = options;
    this.#advertiser = new Advertiser({
      makePeer,
      sourceAddresses,
      onRoutes: (prefixes) => this.#routesChanged(prefixes, []),
      onWithdrawalsWritten: (prefixes) => journal.withdrawalsWritten(prefixes),
      onSession: (peer) => this.#sessionChanged(peer),
      onGone: (peer) => this.#routesChanged([...this.prefixes()], [peer]),
    });
    this.#account = new Account({
      clock,
      gated: (prefix) => this.gate.get(prefix),
      peers: () => this.#advertiser.peers,
      peerRoute: (peer, prefix) => this.#advertiser.route(peer, prefix),
    });
    this.#runner = new HealthCheckRunner({ clock, ask: askPort, onVerdict: (port, verdict) => this.#onVerdict(port, verdict) });
  }

  /** Takes up what the disk says. `passed`: prefixes whose verdict is of this boot. */
  restore(entries: readonly Entry[], passed: ReadonlySet<string>): void {
    for (const entry of entries) {
      if (entry.kind === 'route') this.gate.restoreRoute(entry, passed.has(entry.prefix), this.#options.clock.nowMs());
      else this.#set(entry);
    }
    this.#follow([...this.prefixes()]);
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
  }

  /** A person isolates this speaker, or ends that. */
  isolate(isolated: boolean): void {
    this.#follow(this.gate.isolate(isolated, this.#options.clock.nowMs()));
  }

  /** A person withdraws prefixes here, or lets them go up again. */
  withdraw(prefixes: readonly string[], withdrawn: boolean): void {
    this.#follow(this.gate.withdraw(prefixes, withdrawn, this.#options.clock.nowMs()));
  }

  /** Prefixes that there is something to say about: ordered, announced, or withdrawn a short while ago. */
  prefixes(): ReadonlySet<string> {
    const ordered = Array.from(this.gate.routes(), ({ entry }) => entry.prefix);
    return new Set([...ordered, ...this.#account.announced(), ...this.#account.withdrawn()]);
  }

  route(prefix: string): RouteTruth {
    return this.#account.truth(prefix);
  }

  session(peer: string): SessionTruth {
    return this.#advertiser.session(peer);
  }

  sessions(): SessionTruth[] {
    return this.#advertiser.peers.map((peer) => this.session(peer));
  }

  /** Prefixes that some router has. */
  get announcedCount(): number {
    return this.#account.announcedCount;
  }

  /** Ends all sessions; resolves when they are gone, in bounded time. */
  async stop(stop: PeerStop): Promise<void> {
    this.#runner.stop();
    this.#wakeTimer?.cancel();
    if (stop.how !== 'quiet') for (const prefix of this.#account.announced()) this.#orderWithdrawal(prefix, 'Leave');
    await this.#advertiser.stop(stop);
  }

  #set(entry: Exclude<Entry, { kind: 'route' }>): void {
    if (entry.kind === 'node') this.#advertiser.setRouterId(entry.routerId);
    else this.#advertiser.setPeer(entry);
  }

  #remove(entry: Entry): void {
    if (entry.kind === 'node') this.#advertiser.setRouterId(undefined);
    else if (entry.kind === 'peer') this.#advertiser.removePeer(entry.name);
    else this.gate.remove(entry.prefix);
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

  #onVerdict(port: number, verdict: DataPlaneVerdict): void {
    const knewPorts = this.gate.portsAnswer;
    const changed = this.gate.verdict(port, verdict, this.#options.clock.nowMs());
    if (changed.length > 0 || this.gate.portsAnswer !== knewPorts) {
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
