/**
 * bgp/peer — one router: its session and what it hears from us.
 *
 * A {@link Peer} connects, keeps the session up, tells the router the routes that it shall have, and says what the router really
 * has. It runs the state machine of `bgp/fsm` (in `connection.ts`) and drains the tables of `bgp/rib` (in `outbox.ts`); it decides
 * nothing that those or `bgp/policy` decide. Peers share no queue, lock or buffer: what happens to one router happens to no other.
 */
import type { Session } from '#bgp/fsm/session.ts';
import type { PrefixTable } from '#bgp/rib/prefix-table.ts';
import { ceaseSubcode, familyOf } from '#bgp/wire/iana.ts';
import type { RouteRefreshMessage } from '#bgp/wire/messages.ts';
import type { Connector } from '#linux/byte-stream.ts';
import { interfaceAddresses } from '#linux/interface-addresses.ts';
import type { IpAddress } from '#net/ip-address.ts';
import type { Logger } from '#obs/logger.ts';
import type { Clock } from '#runtime/clock.ts';
import type { Random } from '#runtime/random.ts';
import { Connection } from './connection.ts';
import { connectTarget, fsmSettings, policySession } from './from-settings.ts';
import { limits } from './limits.ts';
import { Outbox } from './outbox.ts';
import { type PeerSettings, settingsEffect } from './settings.ts';
import type { PeerRouteTruth, PeerSessionTruth } from './truth.ts';
import { type PeerRoute, WantedRoutes } from './wanted-routes.ts';

export type { PeerRoute } from './wanted-routes.ts';

/**
 * How a session ends. `withdraw`: routes first, acknowledged, then Cease with the text. `restart`: another speaker takes up the routes;
 * the session closes without a word where graceful restart was agreed, and as with `withdraw` elsewhere. `quiet`: as at a crash.
 */
export type PeerStop = { readonly how: 'withdraw' | 'restart'; readonly text: string } | { readonly how: 'quiet' };

/** What a peer tells. */
export type PeerEvents = {
  /** How these routes stand with the router changed. */
  readonly routes: (prefixes: readonly string[]) => void;
  /** Withdrawals of these prefixes were handed to the kernel. */
  readonly withdrawalsWritten: (prefixes: readonly string[]) => void;
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
  /** Addresses of the interface that carries an address of ours. Default: asks the machine. */
  readonly interfaceAddresses?: (localAddress: string) => readonly IpAddress[];
};

/** One router. */
export class Peer {
  readonly #surroundings: PeerSurroundings;
  readonly #events: PeerEvents;
  readonly #logger: Logger;
  readonly #routes: WantedRoutes;
  #settings: PeerSettings;
  #connection: Connection;
  /** While Established. */
  #outbox: Outbox | undefined;
  #sinceMs: number;
  #stopping: Promise<void> | undefined;

  constructor(settings: PeerSettings, surroundings: PeerSurroundings, events: PeerEvents) {
    this.#settings = settings;
    this.#surroundings = surroundings;
    this.#events = events;
    this.#logger = surroundings.logger.child({ peer: settings.name });
    this.#routes = new WantedRoutes(surroundings.prefixes);
    this.#sinceMs = surroundings.clock.nowMs();
    this.#connection = this.#newConnection();
  }

  /** Begins to connect. */
  start(): void {
    if (this.#stopping === undefined) this.#connection.dispatch({ kind: 'ManualStart' });
  }

  /** Changes what the router shall hear. Removals go out first. */
  change(removals: readonly string[], upserts: readonly PeerRoute[]): void {
    if (this.#stopping !== undefined) return;
    for (const prefix of removals) this.#routes.remove(prefix);
    for (const route of upserts) this.#routes.set(route);
    this.#outbox?.flush();
  }

  /** Changes the settings, at the cost that `settings.ts` names for each field. */
  reconfigure(settings: PeerSettings): void {
    if (this.#stopping !== undefined) return;
    const effect = settingsEffect(this.#settings, settings);
    this.#settings = settings;
    this.#connection.configure(fsmSettings(settings));
    if (effect === 'bounce') this.#bounce();
    else if (effect === 'refresh') this.#exportAll();
  }

  /** How a route stands with this router; undefined when it neither shall have it, nor has it or may still get it. */
  route(prefix: string): PeerRouteTruth | undefined {
    return this.#routes.truth(prefix);
  }

  /** How the session stands. */
  session(): PeerSessionTruth {
    const { state, negotiated, lastError } = this.#connection.session;
    return {
      peer: this.#settings.name,
      state,
      ageMs: this.#surroundings.clock.nowMs() - this.#sinceMs,
      families: state === 'Established' ? (negotiated?.context.families ?? []) : [],
      localAddress: this.#connection.stream?.local.address ?? '',
      announcedPrefixes: this.#outbox?.announcedPrefixes ?? 0,
      lastError,
    };
  }

  /** Ends the session; resolves when it is gone, in bounded time. A second call waits for the first. */
  stop(stop: PeerStop): Promise<void> {
    this.#stopping ??= this.#stop(stop);
    return this.#stopping;
  }

  async #stop(stop: PeerStop): Promise<void> {
    if (stop.how !== 'quiet') await this.#withdrawAll();
    const cease = stop.how !== 'quiet' ? { subcode: ceaseSubcode.administrativeShutdown, text: stop.text } : undefined;
    this.#connection.dispatch({ kind: 'ManualStop', cease });
    this.#routes.removeAll();
    await this.#connection.closed();
  }

  /** Takes all routes back and waits until the router's TCP has that, not longer than the room's limit. */
  async #withdrawAll(): Promise<void> {
    const outbox = this.#outbox;
    if (outbox === undefined) return;
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

  #newConnection(): Connection {
    const { clock, random, connector } = this.#surroundings;
    const target = connectTarget(this.#settings);
    return new Connection(
      fsmSettings(this.#settings),
      { clock, random, connector, target },
      {
        changed: (session, previous) => this.#changed(session, previous),
        update: () => undefined, // routers' routes are none of ours
        refresh: (message) => this.#refresh(message),
        drained: () => this.#outbox?.flush(),
      },
    );
  }

  /** Ends the session because of its settings, and begins another with the new ones. */
  #bounce(): void {
    this.#connection.dispatch({ kind: 'ManualStop', cease: { subcode: ceaseSubcode.otherConfigurationChange } });
    this.#connection = this.#newConnection();
    this.start();
  }

  #changed(session: Session, previous: Session): void {
    this.#sinceMs = this.#surroundings.clock.nowMs();
    this.#log(session, previous);
    if (session.state === 'Established') this.#established();
    if (previous.state === 'Established') this.#lost();
    this.#events.session();
  }

  #established(): void {
    const { clock, prefixes } = this.#surroundings;
    const { stream, session } = this.#connection;
    if (stream === undefined || session.negotiated === undefined) return;
    for (const caveat of stream.caveats) this.#logger.warn({ event: 'session-caveat' }, caveat);
    const outbox = new Outbox({
      clock,
      prefixes,
      connection: this.#connection,
      stream,
      context: session.negotiated.context,
      acknowledged: (texts) => {
        this.#routes.acknowledged(texts);
        this.#events.routes(texts);
      },
      withdrawalsWritten: this.#events.withdrawalsWritten,
    });
    this.#outbox = outbox;
    this.#exportAll();
    outbox.finishInitialSet();
  }

  /** All routes in the form that policy gives them now; what is the same as before is not sent again. */
  #exportAll(): void {
    const { stream, session } = this.#connection;
    if (this.#outbox === undefined || stream === undefined) return;
    const localAddress = stream.local.address;
    const addressesOf = this.#surroundings.interfaceAddresses ?? ((address: string) => interfaceAddresses(address));
    const families = session.negotiated?.context.families ?? [];
    const routes = this.#routes.hear(this.#outbox, policySession(this.#settings, { families, localAddress }, addressesOf(localAddress)));
    this.#outbox.flush();
    if (routes.length > 0) this.#events.routes(routes);
  }

  /** Without the session the router has none of our routes. */
  #lost(): void {
    this.#outbox?.close();
    this.#outbox = undefined;
    const routes = this.#routes.deafen();
    if (routes.length > 0) this.#events.routes(routes);
  }

  #refresh({ afi, safi, subtype }: RouteRefreshMessage): void {
    const family = familyOf(afi, safi);
    // Subtypes 1 and 2 frame an answer (RFC 7313 §4); a family that is not carried is ignored (RFC 2918 §4).
    if (subtype === 0 && family !== undefined) this.#outbox?.repeat(family);
  }

  #log(session: Session, previous: Session): void {
    const { state, lastError, negotiated } = session;
    if (state === 'Established') this.#logger.info({ event: 'session', state, families: negotiated?.context.families });
    // A router that is away is tried for hours: one line says so, until the reason is another.
    else if (lastError !== previous.lastError) this.#logger.warn({ event: 'session', state, error: lastError });
    else if (previous.state === 'Established') this.#logger.info({ event: 'session', state });
  }
}
