/**
 * bgp/peer — one router: its session and what it hears from us.
 *
 * A {@link Peer} connects, keeps the session up, tells the router the routes that it shall have, and says what the router really
 * has. It runs the state machine of `bgp/fsm` (in `connection.ts`; two of them while connections collide, in `connections.ts`) and
 * drains the tables of `bgp/rib` (in `outbox.ts`); it decides nothing that those or `bgp/policy` decide. Peers share no queue, lock or buffer,
 * only their turns at the event loop and encoded attributes, which never change: what happens to one router happens to no other.
 */
import type { State } from '#bgp/fsm/events.ts';
import type { FsmSettings, Negotiated, Session } from '#bgp/fsm/session.ts';
import type { RouteAttributes } from '#bgp/policy/export-route.ts';
import type { PrefixHandle, PrefixHandles, PrefixTable } from '#bgp/rib/prefix-table.ts';
import { ceaseSubcode, familyOf, refreshSubtype } from '#bgp/wire/iana.ts';
import type { RouteRefreshMessage } from '#bgp/wire/messages.ts';
import type { ByteStream, Connector, SocketAddress } from '#linux/byte-stream.ts';
import { interfaceAddresses } from '#linux/interface-addresses.ts';
import type { IpAddress } from '#net/ip-address.ts';
import type { Logger } from '#obs/logger.ts';
import type { Clock, Timer } from '#runtime/clock.ts';
import type { Random } from '#runtime/random.ts';
import type { Connection } from './connection.ts';
import { Connections } from './connections.ts';
import { connectTarget, fsmSettings, needsProtection, policySession, protection, type Restart } from './from-settings.ts';
import { limits } from './limits.ts';
import { MalformedUpdates } from './malformed-updates.ts';
import { Outbox } from './outbox.ts';
import type { Record } from './recording.ts';
import { SessionLog } from './session-log.ts';
import { type PeerSettings, settingsEffect } from './settings.ts';
import { SharedExports } from './shared-exports.ts';
import type { PeerRouteTruth, PeerSessionTruth } from './truth.ts';
import { Turns } from './turns.ts';
import { type Concerned, type PeerRoute, WantedRoutes } from './wanted-routes.ts';

export type { PeerRoute } from './wanted-routes.ts';

/**
 * How a session ends. `withdraw`: routes first, acknowledged, then Cease with the text. `restart`: another speaker takes up the routes;
 * the session closes without a word where graceful restart was agreed, and as with `withdraw` elsewhere. `quiet`: as at a crash.
 */
export type PeerStop = { readonly how: 'withdraw' | 'restart'; readonly text: string } | { readonly how: 'quiet' };

/** What became of listed routes: `gained` ones the router has now and had not, `lost` ones it had, withdrawals of `written` ones were handed to the kernel. */
export type ListedNews = { readonly [What in 'gained' | 'lost' | 'written']: readonly PrefixHandle[] };

/** What a peer tells. */
export type PeerEvents = {
  /** How these routes stand with the router changed. */
  readonly routes: (prefixes: readonly string[]) => void;
  /** Withdrawals of these prefixes were handed to the kernel. */
  readonly withdrawalsWritten: (prefixes: readonly string[]) => void;
  /** The same of listed routes, by handle, which is good for this call. */
  readonly listed: (news: ListedNews) => void;
  /** How the session stands changed. */
  readonly session: () => void;
};

/** What a peer runs on. */
export type PeerSurroundings = {
  readonly clock: Clock;
  readonly random: Random;
  readonly connector: Connector;
  readonly logger: Logger;
  /** The table of prefixes that all peers of the process share. */
  readonly prefixes: PrefixTable;
  /** Shares the event loop among the peers of the process. Default: this peer shares it with none. */
  readonly turns?: Turns;
  /** What all peers of the process hear in the same form is worked out once. Default: this peer shares nothing. */
  readonly exports?: SharedExports;
  /** Addresses of the interface that carries an address of ours. Default: asks the machine. */
  readonly interfaceAddresses?: (local: SocketAddress) => readonly IpAddress[];
  /** What this process knows of the one before it on this node. Default: there was none. */
  readonly restart?: Restart;
  /** Takes all that happens on the sessions. Default: nobody does. */
  readonly record?: Record;
};

/** One router. */
export class Peer {
  readonly #surroundings: PeerSurroundings;
  readonly #events: PeerEvents;
  readonly #logger: Logger;
  readonly #log: SessionLog;
  readonly #routes: WantedRoutes;
  readonly #malformed: MalformedUpdates;
  readonly #turns: Turns;
  readonly #exports: SharedExports;
  #settings: PeerSettings;
  #connections: Connections;
  /** While Established. */
  #established: { readonly connection: Connection; readonly outbox: Outbox } | undefined;
  /** State of the session, and since when: a second connection that comes and goes does not count. */
  #state: State = 'Idle';
  #sinceMs: number;
  #started = false;
  /** What our OPEN says about a restart; after the first session this process is the one that forwarded. */
  #restart: Restart;
  #hasInitialRoutes = false;
  /** Runs while End-of-RIB is held back. */
  #endOfRib: Timer | undefined;
  #stopping: Promise<void> | undefined;

  constructor(settings: PeerSettings, surroundings: PeerSurroundings, events: PeerEvents) {
    this.#settings = settings;
    this.#surroundings = surroundings;
    this.#events = events;
    this.#logger = surroundings.logger.child({ peer: settings.name });
    this.#log = new SessionLog(this.#logger);
    this.#malformed = new MalformedUpdates(this.#logger);
    this.#exports = surroundings.exports ?? new SharedExports();
    this.#routes = new WantedRoutes(surroundings.prefixes, this.#exports);
    this.#turns = surroundings.turns ?? new Turns(surroundings.clock);
    this.#sinceMs = surroundings.clock.nowMs();
    this.#restart = surroundings.restart ?? { restarted: false, forwardingPreserved: false };
    this.#connections = this.#newConnections();
  }

  /** Begins to connect, or to wait for the router where the peer is passive. */
  start(): void {
    if (this.#stopping !== undefined) return;
    this.#started = true;
    this.#connections.start();
  }

  /** Takes a connection that the router opened. Whether it becomes the session depends on what other there is (RFC 4271 §6.8). */
  accept(stream: ByteStream): void {
    if (!this.#started || this.#stopping !== undefined) {
      stream.destroy();
      return;
    }
    const set = stream.protect(protection(this.#settings));
    if (!set.ok && needsProtection(this.#settings)) {
      this.#logger.warn({ event: 'connection-refused', address: stream.remote.address }, set.error);
      stream.destroy();
      return;
    }
    this.#connections.accept(stream);
  }

  /** Changes what the router shall hear. Removals go out first. */
  change(removals: readonly string[], upserts: readonly PeerRoute[]): void {
    if (this.#stopping !== undefined) return;
    for (const prefix of removals) this.#routes.remove(prefix);
    for (const route of upserts) this.#routes.set(route);
    this.#established?.outbox.flush();
  }

  /** All routes that this process found worth announcing at its start are told: End-of-RIB need not wait for more of them. */
  finishInitialRoutes(): void {
    this.#hasInitialRoutes = true;
    this.#finishInitialSet();
  }

  /**
   * As `change`, for many prefixes with the same attributes, to which the caller holds references for this call: a file may list a
   * million. The arrays must not change afterwards, as long tables are told over many turns of the event loop. What becomes of them is told in `listed`. A prefix is either listed, or named to `change`.
   */
  changeListed(removals: PrefixHandles, upserts: PrefixHandles, attributes: RouteAttributes): void {
    if (this.#stopping !== undefined) return;
    this.#routes.removeListed(removals);
    this.#routes.setListed(upserts, attributes);
    this.#established?.outbox.flush();
  }

  /** Changes the settings, at the cost that `settings.ts` names for each field. */
  reconfigure(settings: PeerSettings): void {
    if (this.#stopping !== undefined) return;
    const effect = settingsEffect(this.#settings, settings);
    this.#settings = settings;
    this.#connections.configure(this.#fsmSettings());
    if (effect === 'bounce') this.#bounce();
    else if (effect === 'refresh') this.#exportAll();
  }

  /** How a route stands with this router; undefined when it neither shall have it, nor has it or may still get it. */
  route(prefix: string): PeerRouteTruth | undefined {
    return this.#routes.truth(prefix);
  }

  /** Whether the router's TCP acknowledged this prefix, and no withdrawal after it. */
  isAnnounced(prefix: PrefixHandle): boolean {
    return this.#established?.outbox.isAnnounced(prefix) === true;
  }

  /** How the session stands. */
  session(): PeerSessionTruth {
    const { state, negotiated, lastError } = this.#connections.session;
    return {
      peer: this.#settings.name,
      state,
      ageMs: this.#surroundings.clock.nowMs() - this.#sinceMs,
      families: state === 'Established' ? (negotiated?.context.families ?? []) : [],
      localAddress: this.#connections.foremost.stream?.local.address ?? '',
      announcedPrefixes: this.#established?.outbox.announcedPrefixes ?? 0,
      malformedUpdates: this.#malformed.count,
      lastError,
    };
  }

  /** Ends the session; resolves when it is gone, in bounded time. A second call waits for the first. */
  stop(stop: PeerStop): Promise<void> {
    this.#stopping ??= this.#stop(stop);
    return this.#stopping;
  }

  async #stop(stop: PeerStop): Promise<void> {
    // What the router keeps for us is told nothing: a NOTIFICATION would end it (RFC 4724 §4.2).
    const isKept = this.#established?.connection.session.negotiated?.gracefulRestart !== undefined;
    const isQuiet = stop.how === 'quiet' || (stop.how === 'restart' && isKept);
    if (!isQuiet) await this.#withdrawAll();
    this.#connections.stop(isQuiet ? undefined : { subcode: ceaseSubcode.administrativeShutdown, text: stop.text });
    this.#routes.removeAll();
    await this.#connections.closed();
  }

  /** Takes all routes back and waits until the router's TCP has that, not longer than the room's limit. */
  async #withdrawAll(): Promise<void> {
    if (this.#established === undefined) return;
    const { outbox } = this.#established;
    this.#routes.removeAll();
    outbox.flush();
    await new Promise<void>((resolve) => {
      const timer = this.#surroundings.clock.after(limits.withdrawalAckMs, resolve);
      outbox.whenSettled(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  #newConnections(): Connections {
    const { clock, random, connector, record } = this.#surroundings;
    const { name: peer } = this.#settings;
    return new Connections(
      this.#fsmSettings(),
      {
        clock,
        random,
        connector,
        target: connectTarget(this.#settings),
        ...(record && { record: (connection, recorded) => record({ ms: clock.nowMs(), peer, connection, ...recorded }) }),
      },
      {
        changed: (connection, session, previous) => this.#changed(connection, session, previous),
        // The router's routes are none of ours, but its mistakes are told.
        update: (update) => this.#malformed.read(update),
        unreadable: (error) => this.#malformed.unreadable(error),
        refresh: (message) => this.#refresh(message),
        drained: () => this.#established?.outbox.flush(),
      },
    );
  }

  /** Ends the session because of its settings, and begins another with the new ones. */
  #bounce(): void {
    this.#connections.stop({ subcode: ceaseSubcode.otherConfigurationChange });
    this.#connections = this.#newConnections();
    if (this.#started) this.start();
  }

  #changed(connection: Connection, session: Session, previous: Session): void {
    const { state } = this.#connections.session;
    if (state !== this.#state) this.#sinceMs = this.#surroundings.clock.nowMs();
    this.#state = state;
    this.#log.changed(session, previous, this.#settings.families);
    if (session.state === 'Established') this.#up(connection);
    if (previous.state === 'Established') this.#lost();
    this.#events.session();
  }

  #up(connection: Connection): void {
    const { clock, prefixes } = this.#surroundings;
    const { stream, session } = connection;
    if (stream === undefined || session.negotiated === undefined) return;
    for (const caveat of stream.caveats) this.#logger.warn({ event: 'session-caveat' }, caveat);
    const outbox = new Outbox({
      clock,
      turns: this.#turns,
      supply: (most) => this.#routes.tellSome(most),
      prefixes,
      templates: this.#exports.templates,
      connection,
      stream,
      context: session.negotiated.context,
      enhancedRefresh: session.negotiated.enhancedRefresh,
      acknowledged: (chunk, changed) => this.#tell(this.#routes.acknowledged(chunk, changed)),
      withdrawalsWritten: (prefixes) => this.#tellWritten(prefixes),
    });
    this.#established = { connection, outbox };
    this.#restart = { restarted: false, forwardingPreserved: true };
    this.#connections.configure(this.#fsmSettings());
    this.#exportAll();
    this.#awaitInitialRoutes(outbox, session.negotiated);
  }

  /**
   * End-of-RIB makes the router drop what we do not announce again after a restart: it waits until the owner knows what that is, and
   * not so long that the router gives up.
   */
  #awaitInitialRoutes(outbox: Outbox, { gracefulRestart }: Negotiated): void {
    const { gracefulRestart: offer } = this.#settings;
    if (this.#hasInitialRoutes || gracefulRestart === undefined || offer === undefined) {
      outbox.finishInitialSet();
      return;
    }
    const waitMs = Math.min(limits.initialRoutesMs, (offer.restartSeconds * 1_000) / 2);
    this.#endOfRib = this.#surroundings.clock.after(waitMs, () => this.#finishInitialSet());
  }

  #finishInitialSet(): void {
    if (this.#endOfRib === undefined) return;
    this.#endOfRib.cancel();
    this.#endOfRib = undefined;
    this.#established?.outbox.finishInitialSet();
  }

  #fsmSettings(): FsmSettings {
    return fsmSettings(this.#settings, this.#restart);
  }

  /** All routes in the form that policy gives them now; what is the same as before is not sent again. */
  #exportAll(): void {
    if (this.#established === undefined) return;
    const { connection, outbox } = this.#established;
    const { stream, session } = connection;
    if (stream === undefined || session.negotiated === undefined) return;
    const { context } = session.negotiated;
    const { local } = stream;
    const addressesOf = this.#surroundings.interfaceAddresses ?? ((end: SocketAddress) => interfaceAddresses(end));
    const policy = policySession(this.#settings, { context, localAddress: local.address }, addressesOf(local));
    const routes = this.#routes.hear(outbox, policy, this.#settings.maxPrefixes);
    outbox.flush();
    if (routes.length > 0) this.#events.routes(routes);
  }

  /** Without the session the router has none of our routes. */
  #lost(): void {
    this.#endOfRib?.cancel();
    this.#endOfRib = undefined;
    const concerned = this.#routes.deafen();
    this.#established?.outbox.close();
    this.#established = undefined;
    this.#tell(concerned);
  }

  #tell({ named, listed }: Concerned): void {
    if (named.length > 0) this.#events.routes(named);
    if (listed.gained.length + listed.lost.length > 0) this.#events.listed({ ...listed, written: [] });
  }

  #tellWritten(prefixes: readonly PrefixHandle[]): void {
    const { named, listed } = this.#routes.written(prefixes);
    if (named.length > 0) this.#events.withdrawalsWritten(named);
    if (listed.length > 0) this.#events.listed({ gained: [], lost: [], written: listed });
  }

  #refresh({ afi, safi, subtype }: RouteRefreshMessage): void {
    const family = familyOf(afi, safi);
    // Subtypes 1 and 2 frame an answer (RFC 7313 §4); a family that is not carried is ignored (RFC 2918 §4).
    if (subtype === refreshSubtype.request && family !== undefined) this.#established?.outbox.repeat(family);
  }
}
