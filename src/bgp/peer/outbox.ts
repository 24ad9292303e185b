import { type Acknowledged, AdjRibOut, type Chunk } from '#bgp/rib/adj-rib-out.ts';
import type { OutgoingRoute } from '#bgp/rib/attribute-buckets.ts';
import type { PrefixHandle, PrefixTable } from '#bgp/rib/prefix-table.ts';
import type { SharedTemplates } from '#bgp/rib/shared-templates.ts';
import { encodeMessage } from '#bgp/wire/encode.ts';
import { afi, refreshSubtype, safiUnicast } from '#bgp/wire/iana.ts';
import type { DecodeContext } from '#bgp/wire/negotiated.ts';
import type { ByteStream } from '#linux/byte-stream.ts';
import type { AddressFamily } from '#net/ip-address.ts';
import type { Clock } from '#runtime/clock.ts';
import { Acknowledgements } from './acknowledgements.ts';
import type { Connection } from './connection.ts';
import { limits } from './limits.ts';
import type { Turns } from './turns.ts';

/** What an outbox needs. */
export type OutboxOptions = {
  readonly clock: Clock;
  /** Gives this session its share of the event loop. */
  readonly turns: Turns;
  /** Hands over as many routes as it is asked for, with `withdraw` and `announce`; true while there are more. */
  readonly supply: (most: { readonly withdrawn: number; readonly announced: number }) => boolean;
  /** The table of prefixes that all peers of the process share. */
  readonly prefixes: PrefixTable;
  /** Encoded attributes, which all peers of the process may share. */
  readonly templates: SharedTemplates;
  readonly connection: Connection;
  /** The stream of the Established session. */
  readonly stream: ByteStream;
  readonly context: DecodeContext;
  /** Both sides agreed to say where the answer to a refresh begins and ends (RFC 7313). */
  readonly enhancedRefresh: boolean;
  /** The router's TCP has a chunk: what that changed. */
  readonly acknowledged: (chunk: Chunk, changed: Acknowledged) => void;
  /** Withdrawals of these prefixes were handed to the kernel. */
  readonly withdrawalsWritten: (prefixes: readonly PrefixHandle[]) => void;
};

/**
 * What one Established session sends: takes UPDATEs from the Adj-RIB-Out as fast as the router takes them, and says when it has
 * them. A router that stands still delays nobody else, and holds up to `limits.inFlightBytes` of our memory. Work comes in slices of
 * bounded size, and withdrawals are at the front of each: they overtake what is being announced, also in the middle of it.
 */
export class Outbox {
  readonly #options: OutboxOptions;
  readonly #rib: AdjRibOut;
  readonly #acknowledgements: Acknowledgements<Chunk>;
  #closed = false;
  /** Whether the last slice left nothing to write. */
  #emptied = false;
  /** Long work is done in slices, see {@link Turns}. */
  readonly #slice = (): boolean => this.#work();
  /** Families that the router got End-of-RIB of. */
  readonly #marked = new Set<AddressFamily>();
  /** Families whose routes are being repeated, the end of which is to be said. */
  readonly #repeating = new Set<AddressFamily>();
  readonly #whenSettled: (() => void)[] = [];

  constructor(options: OutboxOptions) {
    this.#options = options;
    this.#rib = new AdjRibOut(options.prefixes, options.context.families, options.context, options.templates);
    this.#acknowledgements = new Acknowledgements(options.clock, options.stream, (chunk) => this.#acknowledged(chunk));
  }

  /** Prefixes that the router has. */
  get announcedPrefixes(): number {
    return this.#rib.announcedPrefixes;
  }

  /** Whether the router's TCP has the announcement and no withdrawal after it. */
  isAnnounced(prefix: PrefixHandle): boolean {
    return this.#rib.isAnnounced(prefix);
  }

  /** Whether the router has the prefix or may still get it. */
  mayHave(prefix: PrefixHandle): boolean {
    return this.#rib.mayHave(prefix);
  }

  /** Whether all that the router shall hear of this prefix was written. */
  isWritten(prefix: PrefixHandle): boolean {
    return this.#rib.isWritten(prefix);
  }

  /** The router shall have the route; `flush` sends it. */
  announce(prefix: PrefixHandle, route: OutgoingRoute): void {
    this.#emptied = false;
    this.#rib.announce(prefix, route);
  }

  /** The router shall not have the prefix; `flush` sends it. */
  withdraw(prefix: PrefixHandle): void {
    this.#emptied = false;
    this.#rib.withdraw(prefix);
  }

  /** The first routes are complete: End-of-RIB follows them. */
  finishInitialSet(): void {
    this.#rib.finishInitialSet();
    this.flush();
  }

  /**
   * The router asked for all routes of a family again (RFC 2918). Where that was agreed on, it is told where they begin and end, but
   * not before it got End-of-RIB (RFC 7313 §4).
   */
  repeat(family: AddressFamily): void {
    const framed = this.#options.enhancedRefresh && this.#marked.has(family);
    if (framed && !this.#repeating.has(family)) {
      this.#repeating.add(family);
      this.#demarcate(family, refreshSubtype.begin);
    }
    this.#rib.repeat(family);
    this.#goOn();
  }

  /** Writes what goes first, withdrawals or a small change, in this turn; the rest follows by itself. */
  flush(): void {
    if (this.#work()) this.#goOn();
  }

  /** Calls back once: when the router's TCP has all that was to be sent, or when the session is over. */
  whenSettled(done: () => void): void {
    this.#whenSettled.push(done);
    this.#checkSettled();
  }

  /** The session is over. */
  close(): void {
    this.#closed = true;
    this.#options.turns.remove(this.#slice);
    this.#acknowledgements.stop();
    this.#rib.close();
    this.#checkSettled();
  }

  /** One slice: takes some routes over, and writes one chunk. True while there is more to do now. */
  #work(): boolean {
    if (this.#closed) return false;
    const supplied = this.#options.supply({ withdrawn: limits.sliceWithdrawals, announced: limits.sliceRoutes });
    const more = this.#rib.repeatSome(limits.sliceRoutes) || supplied;
    const wrote = this.#write(more);
    if (wrote !== 'something') this.#acknowledgements.pause();
    // A family that the router asked for begins when nothing else is left to write.
    const again = wrote === 'nothing' && this.#rib.repeats;
    this.#emptied = !more && wrote === 'nothing' && !again;
    if (this.#emptied) this.#finishRepeating();
    this.#checkSettled();
    // What waits for the router is gone on with when the stream drained, or when TCP acknowledged some of what is on its way.
    return more || again || wrote === 'something';
  }

  #write(more: boolean): 'something' | 'nothing' | 'waits' {
    const { connection, stream } = this.#options;
    if (connection.blocked || stream.unacknowledgedBytes() >= limits.inFlightBytes) return 'waits';
    const chunk = this.#rib.next(this.#rib.withdraws ? limits.withdrawalBytes : limits.chunkBytes, more);
    if (chunk === undefined) return 'nothing';
    connection.write(chunk.bytes);
    this.#acknowledgements.wrote(chunk);
    for (const family of chunk.endOfRib) this.#marked.add(family);
    if (chunk.withdrawn.length > 0) this.#options.withdrawalsWritten(chunk.withdrawn);
    return 'something';
  }

  /** All that was to be repeated is written. */
  #finishRepeating(): void {
    for (const family of this.#repeating) this.#demarcate(family, refreshSubtype.end);
    this.#repeating.clear();
  }

  #demarcate(family: AddressFamily, subtype: number): void {
    const { connection, context } = this.#options;
    connection.write(encodeMessage({ kind: 'routeRefresh', afi: afi[family], safi: safiUnicast, subtype }, context));
  }

  /** Others get their turn before the rest of a large table. */
  #goOn(): void {
    this.#options.turns.add(this.#slice);
  }

  #acknowledged(chunk: Chunk): void {
    this.#options.acknowledged(chunk, this.#rib.acknowledge(chunk));
    this.#goOn();
  }

  #checkSettled(): void {
    if (!this.#closed && (!this.#emptied || this.#acknowledgements.pending)) return;
    for (const done of this.#whenSettled.splice(0)) done();
  }
}
