import type { EncodeContext } from '#bgp/wire/negotiated.ts';
import { updateBytes, withdrawing } from '#bgp/wire/update-encode.ts';
import type { AddressFamily } from '#net/ip-address.ts';
import { assert } from '#runtime/assert.ts';
import { AttributeBuckets, type Bucket, type OutgoingRoute } from './attribute-buckets.ts';
import { at, enlarged } from './columns.ts';
import { limits } from './limits.ts';
import type { PrefixHandle, PrefixTable } from './prefix-table.ts';
import { UpdatePacker } from './update-packer.ts';

/** UPDATEs to write to the router, whole and in order, and what they say. */
export type Chunk = {
  /** 1, 2, 3… of a session: the order of writing and of acknowledging. */
  readonly sequence: number;
  readonly bytes: Uint8Array;
  readonly withdrawn: readonly PrefixHandle[];
  readonly announced: readonly PrefixHandle[];
  /** Families whose End-of-RIB marker it ends with. */
  readonly endOfRib: readonly AddressFamily[];
};

/** In place of a bucket: the router has the route, but is to be told again. */
const toBeRepeated = -1;

/**
 * What one session shall tell its router, against what it told: the difference, packed into as few UPDATEs as it takes.
 * Withdrawals always go first; a change of mind replaces what is still waiting, so that a router that reads slowly gets the
 * last word only and memory is bounded by the number of routes. A new session needs a new table, for its router knows nothing.
 *
 * A route is wanted (`announce`), then written (in a chunk from `next`), then acknowledged (`acknowledge`): only then is it true
 * that the router has it.
 */
export class AdjRibOut {
  readonly #prefixes: PrefixTable;
  readonly #context: EncodeContext;
  readonly #families: readonly AddressFamily[];
  readonly #buckets: AttributeBuckets;
  /** By handle: the bucket that is wanted, 0 for none. */
  #wanted = new Int32Array(limits.firstPrefixes);
  /** By handle: the bucket that was last written, 0 where the router was told nothing, or of a withdrawal. */
  #written = new Int32Array(limits.firstPrefixes);
  /** By handle: 1 where the router acknowledged an announcement and no withdrawal after it. */
  #acknowledged = new Uint8Array(limits.firstPrefixes);
  /** By handle: sequence of the last chunk that named it. */
  #lastChunk = new Uint32Array(limits.firstPrefixes);
  readonly #withdrawals: Readonly<Record<AddressFamily, Set<PrefixHandle>>> = { IPv4: new Set(), IPv6: new Set() };
  /** Buckets with something pending, in the order in which they got it. */
  readonly #waiting = new Set<Bucket>();
  readonly #owedMarkers = new Set<AddressFamily>();
  #writtenChunks = 0;
  #acknowledgedChunks = 0;
  #announcedPrefixes = 0;

  /** `families` are those of the session; each gets its End-of-RIB marker. */
  constructor(prefixes: PrefixTable, families: readonly AddressFamily[], context: EncodeContext) {
    this.#prefixes = prefixes;
    this.#families = families;
    this.#context = context;
    this.#buckets = new AttributeBuckets(context);
  }

  /** Prefixes that the router has acknowledged to have. */
  get announcedPrefixes(): number {
    return this.#announcedPrefixes;
  }

  /** Sets of attributes that are wanted or were written: what the table's memory is made of, beside prefixes. */
  get attributeSets(): number {
    return this.#buckets.size;
  }

  /** Whether the router has acknowledged the announcement and no withdrawal after it. */
  isAnnounced(prefix: PrefixHandle): boolean {
    return this.#acknowledged[prefix] === 1;
  }

  /** Whether all that is wanted of this prefix was written. */
  isWritten(prefix: PrefixHandle): boolean {
    return (this.#wanted[prefix] ?? 0) === (this.#written[prefix] ?? 0);
  }

  /** Whether the router has the prefix or may still get it: it was told of it, and has not acknowledged a withdrawal after that. */
  mayHave(prefix: PrefixHandle): boolean {
    return (this.#written[prefix] ?? 0) !== 0 || (this.#lastChunk[prefix] ?? 0) > this.#acknowledgedChunks;
  }

  /** The router shall have the route, in place of one that it has. The caller holds a reference to the prefix for this call. */
  announce(prefix: PrefixHandle, route: OutgoingRoute): void {
    assert(this.#prefixes.familyOf(prefix) === route.family, 'a route and its prefix are of one family');
    this.#makeRoomFor(prefix);
    if (!this.#isTracked(prefix)) this.#prefixes.retain(prefix);
    const bucket = this.#buckets.acquire(route);
    this.#forgetWanted(prefix);
    this.#wanted[prefix] = bucket.id;
    this.#withdrawals[route.family].delete(prefix);
    if (this.#written[prefix] !== bucket.id) this.#queue(prefix, bucket);
  }

  /** The router shall not have the prefix. */
  withdraw(prefix: PrefixHandle): void {
    if (!this.#forgetWanted(prefix)) return;
    if (this.#written[prefix] !== 0) this.#withdrawals[this.#prefixes.familyOf(prefix)].add(prefix);
    this.#releaseUnlessTracked(prefix);
  }

  /** All routes of the family are written again: the router asked for them (RFC 2918 §3). */
  repeat(family: AddressFamily): void {
    for (const [prefix, wanted] of this.#wanted.entries()) {
      if (wanted === 0 || this.#written[prefix] === 0 || this.#prefixes.familyOf(prefix) !== family) continue;
      this.#setWritten(prefix, toBeRepeated);
      this.#queue(prefix, this.#buckets.get(wanted));
    }
  }

  /** All first routes are wanted now: when they are written, End-of-RIB follows (RFC 4724 §2). Once in a session. */
  finishInitialSet(): void {
    for (const family of this.#families) this.#owedMarkers.add(family);
  }

  /** What is to be written next; undefined when nothing is. It ends with the message that reaches `maxOctets`. */
  next(maxOctets: number): Chunk | undefined {
    const sequence = this.#writtenChunks + 1;
    const packer = new UpdatePacker(this.#prefixes, this.#context, maxOctets);
    const withdrawn = this.#packWithdrawals(packer, sequence);
    const announced = this.#packAnnouncements(packer, sequence);
    const endOfRib = this.#packMarkers(packer);
    const bytes = packer.finish();
    if (bytes.length === 0) return undefined;
    this.#writtenChunks = sequence;
    return { sequence, bytes, withdrawn, announced, endOfRib };
  }

  /** The router's TCP has the chunk. Chunks are acknowledged in their order, each once. */
  acknowledge(chunk: Chunk): void {
    assert(chunk.sequence === this.#acknowledgedChunks + 1 && chunk.sequence <= this.#writtenChunks, 'chunks are acknowledged in order');
    this.#acknowledgedChunks = chunk.sequence;
    for (const prefix of chunk.withdrawn) {
      this.#setAcknowledged(prefix, 0);
      this.#releaseUnlessTracked(prefix);
    }
    for (const prefix of chunk.announced) this.#setAcknowledged(prefix, 1);
  }

  /** The session is over: gives back all references to prefixes. Nothing may be asked of the table afterwards. */
  close(): void {
    for (const prefix of this.#wanted.keys()) {
      if (this.#isTracked(prefix)) this.#prefixes.release(prefix);
    }
  }

  #packWithdrawals(packer: UpdatePacker, sequence: number): PrefixHandle[] {
    const withdrawn: PrefixHandle[] = [];
    for (const family of this.#families) {
      packer.pack(withdrawing(family), this.#withdrawals[family], (prefix) => {
        this.#setWritten(prefix, 0);
        this.#lastChunk[prefix] = sequence;
        withdrawn.push(prefix);
      });
    }
    return withdrawn;
  }

  #packAnnouncements(packer: UpdatePacker, sequence: number): PrefixHandle[] {
    const announced: PrefixHandle[] = [];
    for (const bucket of this.#waiting) {
      packer.pack(bucket.template, bucket.pending, (prefix) => {
        bucket.references += 1;
        this.#setWritten(prefix, bucket.id);
        this.#lastChunk[prefix] = sequence;
        announced.push(prefix);
      });
      if (bucket.pending.size === 0) this.#waiting.delete(bucket);
      if (packer.isFull) break;
    }
    return announced;
  }

  #packMarkers(packer: UpdatePacker): AddressFamily[] {
    if (packer.isFull) return [];
    const families = [...this.#owedMarkers];
    for (const family of families) packer.add(updateBytes(withdrawing(family), new Uint8Array()));
    this.#owedMarkers.clear();
    return families;
  }

  #queue(prefix: PrefixHandle, bucket: Bucket): void {
    bucket.pending.add(prefix);
    this.#waiting.add(bucket);
  }

  /** The prefix is wanted no more in the bucket that it was; false where it was wanted in none. */
  #forgetWanted(prefix: PrefixHandle): boolean {
    const id = this.#wanted[prefix] ?? 0;
    if (id === 0) return false;
    const bucket = this.#buckets.get(id);
    this.#wanted[prefix] = 0;
    if (bucket.pending.delete(prefix) && bucket.pending.size === 0) this.#waiting.delete(bucket);
    this.#buckets.release(bucket);
    return true;
  }

  /** Replaces what was last written. References: the new bucket's was taken by the caller, the old one's is given back here. */
  #setWritten(prefix: PrefixHandle, id: number): void {
    const before = at(this.#written, prefix);
    if (before > 0) this.#buckets.release(this.#buckets.get(before));
    this.#written[prefix] = id;
  }

  #setAcknowledged(prefix: PrefixHandle, acknowledged: 0 | 1): void {
    this.#announcedPrefixes += acknowledged - at(this.#acknowledged, prefix);
    this.#acknowledged[prefix] = acknowledged;
  }

  /** Whether the table holds a reference to the prefix: it is wanted, or the router has it or may still get it. */
  #isTracked(prefix: PrefixHandle): boolean {
    return this.#wanted[prefix] !== 0 || this.#written[prefix] !== 0 || at(this.#lastChunk, prefix) > this.#acknowledgedChunks;
  }

  #releaseUnlessTracked(prefix: PrefixHandle): void {
    if (!this.#isTracked(prefix)) this.#prefixes.release(prefix);
  }

  #makeRoomFor(prefix: PrefixHandle): void {
    if (prefix < this.#wanted.length) return;
    const room = 2 ** Math.ceil(Math.log2(prefix + 1));
    this.#wanted = enlarged(this.#wanted, new Int32Array(room));
    this.#written = enlarged(this.#written, new Int32Array(room));
    this.#acknowledged = enlarged(this.#acknowledged, new Uint8Array(room));
    this.#lastChunk = enlarged(this.#lastChunk, new Uint32Array(room));
  }
}
