import type { Restart } from '#bgp/peer/from-settings.ts';
import type { PeerEvents, PeerRoute, PeerStop } from '#bgp/peer/peer.ts';
import type { PeerSettings } from '#bgp/peer/settings.ts';
import type { PeerRouteTruth, PeerSessionTruth } from '#bgp/peer/truth.ts';
import { type PrefixHandle, PrefixTable } from '#bgp/rib/prefix-table.ts';
import type { ByteStream } from '#linux/byte-stream.ts';
import { formatPrefix } from '#net/prefix.ts';
import { assert } from '#runtime/assert.ts';
import type { MakePeer, PeerPort } from '../advertise/peer-port.ts';

type Held = { readonly announced: boolean; readonly wanted: boolean };

/** A peer whose router obeys the test: it acknowledges when it is told to, or at once where `acknowledges` is true. */
export class FakePeer implements PeerPort {
  settings: PeerSettings;
  /** What the session was told, in order: `+prefix`, `-prefix`, `start`, `stop`. */
  readonly told: string[] = [];
  readonly restart: Restart;
  acknowledges = true;
  hasInitialRoutes = false;
  established = false;
  stopped: PeerStop | undefined;
  readonly routes = new Map<string, PeerRoute>();
  readonly #held = new Map<string, Held>();
  readonly #events: PeerEvents;
  readonly #prefixes: PrefixTable;
  readonly #listed = new Set<PrefixHandle>();
  #gone: (() => void) | undefined;

  constructor(settings: PeerSettings, prefixes: PrefixTable, events: PeerEvents, restart: Restart) {
    this.restart = restart;
    this.#prefixes = prefixes;
    this.settings = settings;
    this.#events = events;
  }

  start(): void {
    this.told.push('start');
  }

  accept(stream: ByteStream): void {
    this.told.push(`accept ${stream.remote.address}`);
  }

  finishInitialRoutes(): void {
    this.hasInitialRoutes = true;
  }

  change(removals: readonly string[], upserts: readonly PeerRoute[]): void {
    for (const prefix of removals) {
      this.told.push(`-${prefix}`);
      this.routes.delete(prefix);
      this.#held.set(prefix, { announced: this.#held.get(prefix)?.announced ?? false, wanted: false });
    }
    for (const route of upserts) {
      this.told.push(`+${route.prefix}`);
      this.routes.set(route.prefix, route);
      this.#held.set(route.prefix, { announced: this.#held.get(route.prefix)?.announced ?? false, wanted: true });
    }
    if (removals.length > 0 && this.established) this.#events.withdrawalsWritten(removals);
    if (this.acknowledges) this.acknowledge();
    else this.#events.routes([...removals, ...upserts.map(({ prefix }) => prefix)]);
  }

  changeListed(removals: Iterable<PrefixHandle>, upserts: Iterable<PrefixHandle>): void {
    const [removed, added] = [[...removals], [...upserts]];
    for (const prefix of removed) this.#listed.delete(prefix);
    for (const prefix of added) this.#listed.add(prefix);
    const text = (prefix: PrefixHandle): string => formatPrefix(this.#prefixes.prefixOf(prefix));
    this.told.push(...removed.map((prefix) => `listed -${text(prefix)}`), ...added.map((prefix) => `listed +${text(prefix)}`));
    if (this.established) this.#events.listed({ gained: added, lost: removed, written: removed });
  }

  isAnnounced(prefix: PrefixHandle): boolean {
    return this.established && this.#listed.has(prefix);
  }

  reconfigure(settings: PeerSettings): void {
    this.told.push('reconfigure');
    this.settings = settings;
  }

  route(prefix: string): PeerRouteTruth | undefined {
    const held = this.#held.get(prefix);
    if (held === undefined) return undefined;
    if (!this.established) return { announced: false, reason: 'SessionDown' };
    return { announced: held.announced, reason: held.announced && held.wanted ? 'Announced' : 'WaitingForAck' };
  }

  session(): PeerSessionTruth {
    return {
      peer: this.settings.name,
      state: this.established ? 'Established' : 'Connect',
      ageMs: 0,
      families: this.established ? this.settings.families : [],
      localAddress: this.established ? '192.0.2.1' : '',
      announcedPrefixes: [...this.#held.values()].filter(({ announced }) => announced).length,
      malformedUpdates: 0,
      lastError: '',
    };
  }

  stop(stop: PeerStop): Promise<void> {
    this.told.push('stop');
    this.stopped = stop;
    return new Promise((resolve) => {
      this.#gone = () => {
        this.down();
        resolve();
      };
      if (this.acknowledges) this.end();
    });
  }

  /** The session comes up; the router has everything at once where it acknowledges. */
  up(): void {
    this.established = true;
    this.#events.session();
    if (this.#listed.size > 0) this.#events.listed({ gained: [...this.#listed], lost: [], written: [] });
    if (this.acknowledges) this.acknowledge();
  }

  /** The session goes down, and what the router had with it. */
  down(): void {
    this.established = false;
    for (const [prefix, held] of this.#held) this.#held.set(prefix, { ...held, announced: false });
    this.#events.session();
    this.#events.routes([...this.#held.keys()]);
  }

  /** The router's TCP acknowledges what was written. */
  acknowledge(): void {
    if (!this.established) return;
    const prefixes = [...this.#held.keys()];
    for (const [prefix, { wanted }] of this.#held) {
      if (wanted) this.#held.set(prefix, { announced: true, wanted });
      else this.#held.delete(prefix);
    }
    this.#events.routes(prefixes);
  }

  /** A stop that waits ends. */
  end(): void {
    this.#gone?.();
  }
}

/** The peers that a speaker under test made, the newest of each name. */
export class FakeRouters {
  readonly made: FakePeer[] = [];
  /** The table that all peers share. */
  readonly prefixes = new PrefixTable();
  /** Whether routers acknowledge at once. */
  acknowledge = true;

  readonly make: MakePeer = (settings, events, restart) => {
    const peer = new FakePeer(settings, this.prefixes, events, restart);
    peer.acknowledges = this.acknowledge;
    this.made.push(peer);
    return peer;
  };

  /** The newest peer of this name. */
  get(name: string): FakePeer {
    const peer = this.made.findLast(({ settings }) => settings.name === name);
    assert(peer !== undefined, `a peer "${name}" was made`);
    return peer;
  }
}
