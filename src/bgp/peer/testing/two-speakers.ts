import { PrefixTable } from '#bgp/rib/prefix-table.ts';
import type { ByteStream } from '#linux/byte-stream.ts';
import { MemoryNetwork } from '#linux/memory-network.ts';
import { type Random, seededRandom } from '#runtime/random.ts';
import { unwrap } from '#runtime/result.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import { Peer, type PeerSurroundings } from '../peer.ts';
import type { PeerSettings } from '../settings.ts';
import { keepingLogger } from './log.ts';
import { shaky } from './shaky-stream.ts';

/** One of two speakers that are each other's router. */
export type Side = {
  readonly peer: Peer;
  readonly settings: PeerSettings;
  readonly log: ReturnType<typeof keepingLogger>;
  /** States of the session, in order. */
  readonly states: string[];
};

/** What a test may want different of one side. */
export type SideOptions = { readonly settings?: Partial<PeerSettings>; readonly surroundings?: Partial<PeerSurroundings> };

const addresses = ['192.0.2.1', '192.0.2.2'] as const;
const asns = [64501, 64502] as const;

/** Two of our own speakers on one virtual clock, each with a listener: AS 64501 at 192.0.2.1 and AS 64502 at 192.0.2.2. */
export class TwoSpeakers {
  readonly clock = new VirtualClock();
  readonly network = new MemoryNetwork(this.clock);
  readonly sides: readonly [Side, Side];
  /** Connections that were made. */
  connections = 0;
  readonly #random: Random;
  readonly #maxDelayMs: number;

  private constructor(seed: number, maxDelayMs: number, options: readonly [SideOptions, SideOptions]) {
    this.#random = seededRandom(seed);
    this.#maxDelayMs = maxDelayMs;
    this.sides = [this.#side(0, options[0]), this.#side(1, options[1])];
  }

  /** Not started yet. Bytes take up to `maxDelayMs`, each piece another time. */
  static async create(
    options: { first?: SideOptions; second?: SideOptions; seed?: number; maxDelayMs?: number } = {},
  ): Promise<TwoSpeakers> {
    const two = new TwoSpeakers(options.seed ?? 1, options.maxDelayMs ?? 0, [options.first ?? {}, options.second ?? {}]);
    for (const [index, address] of addresses.entries()) {
      const accept = (stream: ByteStream): void => two.sides[index]?.peer.accept(two.#shake(stream));
      unwrap(await two.network.listen({ address, port: 179 }, accept));
    }
    return two;
  }

  start(): void {
    for (const { peer } of this.sides) peer.start();
  }

  /** The states of both sessions. */
  get states(): readonly string[] {
    return this.sides.map(({ peer }) => peer.session().state);
  }

  /** All connections break. */
  reset(): void {
    for (const address of addresses) this.network.reset(address);
  }

  #shake(stream: ByteStream): ByteStream {
    return this.#maxDelayMs === 0 ? stream : shaky(stream, this.clock, this.#random, this.#maxDelayMs);
  }

  #side(index: 0 | 1, options: SideOptions): Side {
    const other = index === 0 ? 1 : 0;
    const settings: PeerSettings = {
      name: `as${asns[other]}`,
      address: addresses[other],
      port: 179,
      localAsn: asns[index],
      peerAsn: asns[other],
      routerId: addresses[index],
      families: ['IPv4'],
      holdTimeMs: 9_000,
      connectRetryMs: 5_000,
      sourceAddress: addresses[index],
      ...options.settings,
    };
    const log = keepingLogger();
    const states: string[] = [];
    const peer: Peer = new Peer(
      settings,
      {
        clock: this.clock,
        random: this.#random,
        connector: {
          connect: (target, done) => {
            this.connections++;
            return this.network.connect(target, (result) => done(result.ok ? { ok: true, value: this.#shake(result.value) } : result));
          },
        },
        logger: log.logger,
        prefixes: new PrefixTable(),
        interfaceAddresses: () => [],
        ...options.surroundings,
      },
      {
        routes: () => undefined,
        listed: () => undefined,
        withdrawalsWritten: () => undefined,
        session: () => states.push(peer.session().state),
      },
    );
    return { peer, settings, log, states };
  }
}
