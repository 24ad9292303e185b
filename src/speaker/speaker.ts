/**
 * speaker — what runs on each node: announces what operators, or a file, tell it, and says what routers really have.
 *
 * The path of a message: uplink → orders (epochs) → accept (what changes) → announcer: gate (may it go up?) → advertise (sessions) →
 * account (what routers have) → uplink. Disk follows the wire. Everything from outside is handed in, so that the same code runs on
 * virtual time. Promised: losing operators, disk or clock changes nothing at the routers; memory is bounded.
 * May not happen here: a decision about other nodes, and anything of Kubernetes.
 */

import type { PeerStop } from '#bgp/peer/peer.ts';
import type { PrefixTable } from '#bgp/rib/prefix-table.ts';
import type { Logger } from '#obs/logger.ts';
import type { Metrics } from '#obs/metrics.ts';
import type { AskPort } from '#probe/health-check-runner.ts';
import type { OperatorLink } from '#rpc/speaker-link.ts';
import type { Clock } from '#runtime/clock.ts';
import { err, ok, type Result } from '#runtime/result.ts';
import { allFeatures, type Feature } from '#state/features.ts';
import { type Hello, type LeaveAnswer, protocolVersion } from '#state/messages.ts';
import { Journal } from './account/journal.ts';
import type { AdminTarget } from './admin.ts';
import type { InboundOptions } from './advertise/inbound.ts';
import type { MakePeer } from './advertise/peer-port.ts';
import { Announcer } from './announcer.ts';
import { type FileConfig, readConfigFile } from './config/config-file.ts';
import { Intake } from './intake.ts';
import type { Disk } from './keep/disk.ts';
import { Keeper } from './keep/keeper.ts';
import type { KeptState } from './keep/kept-state.ts';
import { limits } from './limits.ts';
import { type SpeakerMetrics, speakerMetrics } from './metrics.ts';
import type { Discovery } from './neighbors/neighbors.ts';
import { Person } from './person.ts';
import { Uplink } from './uplink.ts';

/** What a speaker is made of. */
export type SpeakerOptions = {
  /** Name of this node. */
  readonly node: string;
  /** Random per process. */
  readonly instance: string;
  /** The kernel's boot id: verdicts of another boot prove nothing. */
  readonly bootId: string;
  /** Build of the speaker, for people. */
  readonly software: string;
  /** What it can run beyond protocol 1. Default: all that this version knows. */
  readonly features?: readonly Feature[];
  readonly clock: Clock;
  /** Wall-clock time at the clock's zero in milliseconds with fractions. Default: the clock's own, to a millisecond. */
  readonly originMs?: number;
  /** The table of prefixes that its peers share. */
  readonly prefixes: PrefixTable;
  readonly makePeer: MakePeer;
  /** Asks a health-check port of this node. */
  readonly askPort: AskPort;
  readonly disk: Disk;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Local address of sessions whose peer names none: at most one per family. Default: the kernel chooses. */
  readonly sourceAddresses?: readonly string[];
  /** Where routers may connect to us. Default: nowhere. */
  readonly inbound?: Pick<InboundOptions, 'acceptor' | 'at'>;
  /** How the routers of unnumbered peers are found. Default: not at all. */
  readonly discovery?: Discovery;
  /** A file that says what to announce, instead of operators. */
  readonly configFile?: string;
  /** How long `stay` lasts when a leaving speaker is told so, in milliseconds: the grace period less 5 s. Default 25,000. */
  readonly stayMs?: number;
};

/** Routers can't connect. */
const nowhere: Pick<InboundOptions, 'acceptor' | 'at'> = {
  at: [],
  acceptor: { listen: () => Promise.resolve(err('routers can not connect to this speaker')) },
};

/** Routers are not looked for. */
const blind: Discovery = { open: () => err('this speaker can not speak to links'), random: () => 0 };

/** One node's speaker. */
export class Speaker {
  /** For the admin socket. */
  readonly admin: AdminTarget;
  readonly #options: SpeakerOptions;
  readonly #logger: Logger;
  readonly #intake: Intake;
  readonly #announcer: Announcer;
  readonly #uplink: Uplink;
  readonly #keeper: Keeper;
  #operators: readonly string[] = [];
  #started = false;
  #leaving: Promise<void> | undefined;
  #answered: (action: LeaveAnswer['action']) => void = () => undefined;

  constructor(options: SpeakerOptions) {
    this.#options = options;
    const { clock, disk, node, prefixes, makePeer, askPort, sourceAddresses = [], inbound = nowhere, discovery = blind } = options;
    const logger = options.logger.child({ node });
    this.#logger = logger;
    const metrics = this.#registerMetrics();
    const originMs = options.originMs ?? clock.wallMs() - clock.nowMs();
    this.#keeper = new Keeper({ disk, clock, logger, node, snapshot: () => this.#snapshot() });
    this.#announcer = new Announcer({
      clock,
      prefixes,
      makePeer,
      askPort,
      sourceAddresses,
      inbound,
      discovery,
      logger,
      journal: new Journal({ clock, logger, durations: metrics.withdraw, originMs }),
      onChanged: (routes, sessions, transition) => this.#uplink.changed(routes, sessions, transition),
      onLearnt: () => this.#keeper.changed(),
    });
    this.#uplink = new Uplink({
      clock,
      hello: () => this.#hello(),
      onMessage: (message, link) => this.#intake.receive(message, link),
      route: (prefix) => this.#announcer.route(prefix),
      session: (peer) => this.#announcer.session(peer),
      onLinks: (count) => logger.info({ event: 'operators', count }),
    });
    this.#intake = new Intake({
      logger,
      messages: metrics.messages,
      run: (removed, set, complete) => this.#announcer.apply(removed, set, complete),
      onChanged: () => this.#keeper.changed(),
      saveEpoch: () => this.#keeper.saveNow(),
      onLeaveAnswer: (action) => this.#answered(action),
    });
    this.admin = new Person(this.#announcer, this.#keeper, logger);
  }

  /**
   * Takes up what was kept: with verdicts of this boot, routes go up without an operator. Where there is a file, it is read before
   * anything else; one that is not valid is the error, and no router has heard of this speaker then.
   */
  async start(): Promise<Result<void, string>> {
    const configured = this.#options.configFile === undefined ? ok(undefined) : await this.#readConfig(this.#options.configFile);
    if (!configured.ok) return configured;
    const listening = await this.#announcer.listen();
    if (!listening.ok) return listening;
    this.#announcer.isolate(await this.#keeper.isIsolated());
    const kept = await this.#keeper.load();
    if (kept !== undefined) this.#restore(kept);
    if (configured.value !== undefined) this.#configure(configured.value);
    this.#started = true;
    return ok(undefined);
  }

  /** Reads the file again. One that is not valid changes nothing; the error names the field. */
  async reload(): Promise<Result<void, string>> {
    const { configFile } = this.#options;
    if (configFile === undefined) return err('this speaker has no configuration file: its operators say what it announces');
    const configured = await this.#readConfig(configFile);
    if (!configured.ok) return configured;
    this.#configure(configured.value);
    return ok(undefined);
  }

  /** A stream to an operator is open. Only after {@link start}. */
  attach(link: OperatorLink): void {
    this.#uplink.attach(link);
  }

  /** Where operators were last found, as kept: known from {@link start} on. */
  get operators(): readonly string[] {
    return this.#operators;
  }

  /** Keeps where operators are found. */
  keepOperators(addresses: readonly string[]): void {
    this.#operators = addresses;
    this.#keeper.changed();
  }

  /** What keeps this speaker from doing its job; undefined when nothing does. */
  notReady(): string | undefined {
    if (!this.#started) return 'the kept state is not read yet';
    if (this.#leaving !== undefined) return 'this speaker is leaving';
    const sessions = this.#announcer.sessions();
    // To be told to speak to nobody, as in mode Observe, is to have nothing to do.
    const isTold = this.#intake.state.version > 0;
    if (sessions.length === 0) return isTold ? undefined : 'no operator and no file has told this speaker yet which routers to speak to';
    return sessions.some(({ state }) => state === 'Established') ? undefined : 'no session with a router is Established';
  }

  /**
   * Leaves in order: asks the operators what the routes shall do, and does it. Without an answer in time it restarts: routes are
   * withdrawn, but not from routers that agreed to keep them over a restart. Resolves when the sessions are gone and the state is on disk; a second call waits for the first.
   */
  leave(): Promise<void> {
    this.#leaving ??= this.#leave();
    return this.#leaving;
  }

  /** Stops without asking and without withdrawing, as a crash would; what routers do then is theirs. */
  stop(): Promise<void> {
    this.#leaving ??= this.#end({ how: 'quiet' });
    return this.#leaving;
  }

  async #readConfig(path: string): Promise<Result<FileConfig, string>> {
    const { node, prefixes } = this.#options;
    const config = await readConfigFile(path, prefixes);
    if (!config.ok) return config;
    const named = config.value.node ?? node;
    if (named === node) return config;
    for (const prefix of config.value.listed) prefixes.release(prefix);
    return err(`${path}: node is "${named}", this speaker runs as "${node}": restart it to change its name`);
  }

  #configure({ entries, listed }: FileConfig): void {
    this.#intake.configure(entries);
    this.#announcer.list(listed);
  }

  async #leave(): Promise<void> {
    const { clock, stayMs = 25_000 } = this.#options;
    const action = await this.#askToLeave();
    this.#logger.info({ event: 'leave', action });
    if (action === 'stay') await new Promise<void>((resolve) => void clock.after(stayMs, resolve));
    if (action === 'restart') await this.#end({ how: 'restart', text: 'the speaker restarts' });
    else await this.#end({ how: 'withdraw', text: 'the speaker is leaving' });
  }

  /**
   * The answer of an operator of the highest epoch. When none comes, nobody said that the speaker leaves for good: it restarts.
   * A speaker that runs by a file has nobody to ask, and takes its routes back.
   */
  #askToLeave(): Promise<LeaveAnswer['action']> {
    if (this.#options.configFile !== undefined) return Promise.resolve('withdraw');
    if (this.#uplink.count === 0) return Promise.resolve('restart');
    return new Promise((resolve) => {
      const timer = this.#options.clock.after(limits.leaveAnswerMs, () => resolve('restart'));
      this.#answered = (action) => {
        timer.cancel();
        resolve(action);
      };
      this.#uplink.broadcast({ kind: 'leave' });
    });
  }

  async #end(stop: PeerStop): Promise<void> {
    this.#intake.close();
    await this.#announcer.stop(stop);
    // What became of the routes is the last that operators hear.
    this.#uplink.flush();
    this.#uplink.stop();
    await this.#keeper.stop();
  }

  #restore(kept: KeptState): void {
    const sameBoot = kept.bootId === this.#options.bootId;
    this.#operators = kept.operators;
    const entries = this.#intake.restore(kept);
    this.#announcer.gate.restore({ withdrawn: kept.withdrawn, portsAnswer: sameBoot ? kept.portsAnswer : [] });
    this.#announcer.restore(entries, new Set(sameBoot ? kept.passed : []), sameBoot);
    this.#logger.info({ event: 'state-restored', epoch: kept.epoch, version: kept.version, entries: entries.length, sameBoot });
  }

  #hello(): Hello {
    const { node, instance, bootId, software, features = allFeatures } = this.#options;
    const { epoch, version, digest } = this.#intake.state;
    return {
      kind: 'hello',
      protocol: protocolVersion,
      features,
      node,
      instance,
      bootId,
      software,
      epoch,
      version,
      digest: digest.toString(),
      entries: this.#intake.state.hashes(),
      routes: Array.from(this.#announcer.prefixes(), (prefix) => this.#announcer.route(prefix)),
      sessions: this.#announcer.sessions(),
      permits: [],
    };
  }

  #snapshot(): KeptState {
    const { gate } = this.#announcer;
    const { epoch, version } = this.#intake.state;
    return {
      bootId: this.#options.bootId,
      epoch,
      version,
      passed: [...gate.passed()],
      portsAnswer: [...gate.portsAnswer],
      withdrawn: [...gate.withdrawn],
      operators: this.#operators,
      entries: [...this.#intake.state.entries()],
    };
  }

  #registerMetrics(): SpeakerMetrics {
    return speakerMetrics(this.#options.metrics, {
      sessions: () => this.#announcer.sessions(),
      announced: () => this.#announcer.announcedCount,
      ordered: () => this.#announcer.orderedCount,
      isolated: () => this.#announcer.gate.isolated,
      epoch: () => this.#intake.state.epoch,
      operators: () => this.#uplink.count,
      diskFails: () => this.#keeper.failure !== undefined,
    });
  }
}
