import type { FsmSettings } from '#bgp/fsm/session.ts';
import type { RouteAttributes } from '#bgp/policy/export-route.ts';
import { PrefixTable } from '#bgp/rib/prefix-table.ts';
import { MemoryNetwork } from '#linux/memory-network.ts';
import { parseIpAddress } from '#net/ip-address.ts';
import { seededRandom } from '#runtime/random.ts';
import { unwrap } from '#runtime/result.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import { type ListedNews, Peer, type PeerSurroundings } from '../peer.ts';
import type { PeerSettings } from '../settings.ts';
import { keepingLogger } from './log.ts';
import { TestRouter } from './router.ts';

/** Attributes of a plain route. */
export const plain: RouteAttributes = { communities: [], largeCommunities: [], prepend: 0 };

/** Plain routes for these prefixes. */
export const routes = (...prefixes: string[]) => routesTo(prefixes);

/** Plain routes for a whole list of prefixes. */
export const routesTo = (prefixes: readonly string[]) => prefixes.map((prefix) => ({ prefix, attributes: plain }));

/** `count` host routes. */
export const manyPrefixes = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `10.${(index >> 16) & 0xff}.${(index >> 8) & 0xff}.${index & 0xff}/32`);

/** A peer and the router that it speaks to. */
export type Pair = {
  readonly peer: Peer;
  readonly router: TestRouter;
  readonly settings: PeerSettings;
  /** Prefixes that were told to have changed, in order. */
  readonly told: string[];
  /** Prefixes whose withdrawal was told to be written. */
  readonly written: string[];
  /** What was told of listed routes, in order. */
  readonly listed: ListedNews[];
};

/** What a test may want different of a pair. */
export type PairOptions = {
  readonly number?: number;
  readonly settings?: Partial<PeerSettings>;
  readonly router?: Partial<FsmSettings>;
  readonly surroundings?: Partial<PeerSurroundings>;
};

/** Peers and routers on one virtual clock and one network in memory. */
export class World {
  readonly clock = new VirtualClock();
  readonly network = new MemoryNetwork(this.clock);
  readonly prefixes = new PrefixTable();
  readonly log = keepingLogger();
  attempts = 0;

  /** A router at `192.0.2.<number>` and a peer for it, not started. */
  async pair(options: PairOptions = {}): Promise<Pair> {
    const number = options.number ?? 254;
    const settings: PeerSettings = {
      name: `router-${number}`,
      address: `192.0.2.${number}`,
      port: 179,
      localAsn: 64500,
      peerAsn: 64501,
      routerId: '192.0.2.1',
      families: ['IPv4', 'IPv6'],
      holdTimeMs: 9_000,
      connectRetryMs: 5_000,
      ...options.settings,
    };
    const router = await new TestRouter(this.clock, settings.address, {
      localAsn: 64501,
      peerAsn: 64500,
      routerId: number,
      holdTimeMs: 90_000,
      connectRetryMs: 5_000,
      families: ['IPv4', 'IPv6'],
      afterIdle: 'nothing',
      ...options.router,
    }).listen(this.network);
    const told: string[] = [];
    const written: string[] = [];
    const listed: ListedNews[] = [];
    const connector: MemoryNetwork['connect'] = (target, done) => {
      this.attempts++;
      return this.network.connect(target, done);
    };
    const peer = new Peer(
      settings,
      {
        clock: this.clock,
        random: seededRandom(number),
        connector: { connect: connector },
        logger: this.log.logger,
        prefixes: this.prefixes,
        interfaceAddresses: () => [unwrap(parseIpAddress('2001:db8::1'))],
        ...options.surroundings,
      },
      {
        routes: (texts) => {
          for (const text of texts) told.push(text);
        },
        withdrawalsWritten: (texts) => {
          for (const text of texts) written.push(text);
        },
        listed: (news) => listed.push(news),
        session: () => undefined,
      },
    );
    return { peer, router, settings, told, written, listed };
  }

  /** As `pair`, with the session Established. */
  async establishedPair(options: PairOptions = {}): Promise<Pair> {
    const pair = await this.pair(options);
    pair.peer.start();
    this.clock.advance(10);
    return pair;
  }
}
