import type { EncodeContext } from '#bgp/wire/negotiated.ts';
import { updateBytes, withdrawing } from '#bgp/wire/update-encode.ts';
import type { AddressFamily } from '#net/ip-address.ts';
import { assert } from '#runtime/assert.ts';
import { AttributeBuckets, type Bucket, type OutgoingRoute } from './attribute-buckets.ts';
import { at } from './columns.ts';
import { PrefixColumn } from './prefix-column.ts';
import { emptyQueue, type PrefixQueue, PrefixQueues } from './prefix-queues.ts';
import type { PrefixHandle, PrefixTable } from './prefix-table.ts';
import type { SharedTemplates } from './shared-templates.ts';
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

/** What an acknowledgement changed: prefixes that the router has now and had not, and those that it had. */
export type Acknowledged = { readonly gained: readonly PrefixHandle[]; readonly lost: readonly PrefixHandle[] };

/** In place of a bucket: the router has the route, but is to be told again. */
const toBeRepeated = -1;

/** Routes that the router asked for again: a copy of their handles, how many were seen to, and the last chunk before it asked. */
type Repetition = { readonly family: AddressFamily; readonly prefixes: Uint32Array; seen: number; readonly asked: number };

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
  readonly #families: readonly AddressFamily[];
  readonly #buckets: AttributeBuckets;
  /** The bucket that is wanted, 0 for none. */
  readonly #wanted: PrefixColumn;
  /** The bucket that was last written, 0 where the router was told nothing, or of a withdrawal. */
  readonly #written: PrefixColumn;
  /** 1 where the router acknowledged an announcement and no withdrawal after it. */
  readonly #acknowledged: PrefixColumn;
  /** Sequence of the last chunk that named it. */
  readonly #lastChunk: PrefixColumn;
  /** A prefix is in one queue where what is wanted was not written: its bucket's, or that of withdrawals. */
  readonly #queues: PrefixQueues;
  readonly #withdrawals: Readonly<Record<AddressFamily, PrefixQueue>> = { IPv4: emptyQueue(), IPv6: emptyQueue() };
  readonly #packer: UpdatePacker;
  /** Buckets with something pending, in the order in which they got it. */
  readonly #waiting = new Set<Bucket>();
  /** Those of them that fill an UPDATE. */
  readonly #filled = new Set<Bucket>();
  /** Families that are to be repeated, with the last chunk before the router asked. */
  readonly #asked = new Map<AddressFamily, number>();
  #repetition: Repetition | undefined;
  readonly #owedMarkers = new Set<AddressFamily>();
  #writtenChunks = 0;
  #acknowledgedChunks = 0;
  #announcedPrefixes = 0;

  /** `families` are those of the session; each gets its End-of-RIB marker. `templates` may be shared with other sessions. */
  constructor(prefixes: PrefixTable, families: readonly AddressFamily[], context: EncodeContext, templates: SharedTemplates) {
    this.#prefixes = prefixes;
    this.#families = families;
    this.#buckets = new AttributeBuckets(context, templates);
    this.#packer = new UpdatePacker(prefixes, context);
    this.#wanted = new PrefixColumn(prefixes);
    this.#written = new PrefixColumn(prefixes);
    this.#acknowledged = new PrefixColumn(prefixes);
    this.#lastChunk = new PrefixColumn(prefixes);
    this.#queues = new PrefixQueues(prefixes);
  }

  /** Prefixes that the router has acknowledged to have. */
  get announcedPrefixes(): number {
    return this.#announcedPrefixes;
  }

  /** Sets of attributes that are wanted or were written: what the table's memory is made of, beside prefixes. */
  get attributeSets(): number {
    return this.#buckets.size;
  }

  /** Whether withdrawals are to be written. */
  get withdraws(): boolean {
    return this.#withdrawals.IPv4.size + this.#withdrawals.IPv6.size > 0;
  }

  /** Whether the router has acknowledged the announcement and no withdrawal after it. */
  isAnnounced(prefix: PrefixHandle): boolean {
    return this.#acknowledged.get(prefix) === 1;
  }

  /** Whether all that is wanted of this prefix was written. */
  isWritten(prefix: PrefixHandle): boolean {
    return this.#wanted.get(prefix) === this.#written.get(prefix);
  }

  /** Whether the router has the prefix or may still get it: it was told of it, and has not acknowledged a withdrawal after that. */
  mayHave(prefix: PrefixHandle): boolean {
    return this.#written.get(prefix) !== 0 || this.#lastChunk.get(prefix) > this.#acknowledgedChunks;
  }

  /** The router shall have the route, in place of one that it has. The caller holds a reference to the prefix for this call. */
  announce(prefix: PrefixHandle, route: OutgoingRoute): void {
    assert(this.#prefixes.familyOf(prefix) === route.family, 'a route and its prefix are of one family');
    const bucket = this.#buckets.acquire(route);
    if (!this.#isTracked(prefix)) this.#prefixes.retain(prefix);
    this.#forgetWanted(prefix);
    this.#wanted.set(prefix, bucket.id);
    if (this.#written.get(prefix) !== bucket.id) this.#queue(prefix, bucket);
  }

  /** The router shall not have the prefix. */
  withdraw(prefix: PrefixHandle): void {
    if (this.#wanted.get(prefix) === 0) return;
    this.#forgetWanted(prefix);
    if (this.#written.get(prefix) !== 0) this.#queues.append(this.#withdrawals[this.#prefixes.familyOf(prefix)], prefix);
    this.#releaseUnlessTracked(prefix);
  }

  /**
   * All routes of the family are written again: the router asked for them (RFC 2918 §3). `repeatSome` does it, a part at a time; what is
   * written after this call is not written once more. Costs nothing by itself: a router may ask ten thousand times a second.
   */
  repeat(family: AddressFamily): void {
    if (this.#families.includes(family)) this.#asked.set(family, this.#writtenChunks);
  }

  /** Whether a family is to be repeated that was not begun with. */
  get repeats(): boolean {
    return this.#asked.size > 0;
  }

  /**
   * Sees to as many of the routes that are to be repeated; true while there are more of the same family. The next is begun with when
   * nothing waits to be written: a router that never stops asking gets its routes as fast as it takes them, and news in between.
   */
  repeatSome(routes: number): boolean {
    if (this.#waiting.size === 0) this.#repetition ??= this.#nextRepetition();
    const repetition = this.#repetition;
    if (repetition === undefined) return false;
    const { prefixes, family, asked } = repetition;
    const end = Math.min(repetition.seen + routes, prefixes.length);
    for (; repetition.seen < end; repetition.seen += 1) this.#repeat(at(prefixes, repetition.seen), family, asked);
    if (end === prefixes.length) this.#repetition = undefined;
    return this.#repetition !== undefined;
  }

  /** All first routes are wanted now: when they are written, End-of-RIB follows (RFC 4724 §2). Once in a session. */
  finishInitialSet(): void {
    for (const family of this.#families) this.#owedMarkers.add(family);
  }

  /**
   * What is to be written next; undefined when nothing is. It ends with the message that reaches `maxOctets`. Withdrawals are written
   * alone: what is announced would only delay them. `more`: further routes will be wanted soon, so that an UPDATE that has room for
   * them waits, and End-of-RIB as well.
   */
  next(maxOctets: number, more = false): Chunk | undefined {
    const sequence = this.#writtenChunks + 1;
    this.#packer.begin(maxOctets);
    const withdrawn = this.#packWithdrawals(sequence);
    const announced = withdrawn.length > 0 ? [] : this.#packAnnouncements(sequence, more);
    const endOfRib = more ? [] : this.#packMarkers();
    const bytes = this.#packer.finish();
    if (bytes.length === 0) return undefined;
    this.#writtenChunks = sequence;
    return { sequence, bytes, withdrawn, announced, endOfRib };
  }

  /** The router's TCP has the chunk. Chunks are acknowledged in their order, each once. */
  acknowledge(chunk: Chunk): Acknowledged {
    assert(chunk.sequence === this.#acknowledgedChunks + 1 && chunk.sequence <= this.#writtenChunks, 'chunks are acknowledged in order');
    this.#acknowledgedChunks = chunk.sequence;
    const lost = chunk.withdrawn.filter((prefix) => this.#setAcknowledged(prefix, 0));
    for (const prefix of chunk.withdrawn) this.#releaseUnlessTracked(prefix);
    const gained = chunk.announced.filter((prefix) => this.#setAcknowledged(prefix, 1));
    return { gained, lost };
  }

  /** The session is over: gives back all references to prefixes. Nothing may be asked of the table afterwards. */
  close(): void {
    for (const prefix of this.#lastChunk.prefixes()) {
      if (this.#wanted.get(prefix) === 0 && this.#isTracked(prefix)) this.#prefixes.release(prefix);
    }
    for (const prefix of this.#wanted.prefixes()) this.#prefixes.release(prefix);
  }

  #packWithdrawals(sequence: number): PrefixHandle[] {
    const withdrawn: PrefixHandle[] = [];
    for (const family of this.#families) {
      this.#packer.pack(withdrawing(family), this.#queues, this.#withdrawals[family], (prefix) => {
        this.#setWritten(prefix, 0);
        this.#lastChunk.set(prefix, sequence);
        withdrawn.push(prefix);
      });
    }
    return withdrawn;
  }

  #packAnnouncements(sequence: number, more: boolean): PrefixHandle[] {
    const announced: PrefixHandle[] = [];
    for (const bucket of more ? this.#filled : this.#waiting) {
      const written = (prefix: PrefixHandle): void => {
        bucket.references += 1;
        this.#setWritten(prefix, bucket.id);
        this.#lastChunk.set(prefix, sequence);
        announced.push(prefix);
      };
      this.#packer.pack(bucket.template, this.#queues, bucket.pending, written, more ? bucket.room : 1);
      this.#unlist(bucket);
      if (this.#packer.isFull) break;
    }
    return announced;
  }

  #packMarkers(): AddressFamily[] {
    // They follow the last route, also where that was the message that filled the chunk before.
    if (this.#waiting.size > 0) return [];
    const families = [...this.#owedMarkers];
    for (const family of families) this.#packer.add(updateBytes(withdrawing(family), new Uint8Array()));
    this.#owedMarkers.clear();
    return families;
  }

  #queue(prefix: PrefixHandle, bucket: Bucket): void {
    this.#queues.append(bucket.pending, prefix);
    this.#waiting.add(bucket);
    if (bucket.pending.octets >= bucket.room) this.#filled.add(bucket);
  }

  /** A bucket from whose queue something was taken is in the lists where it still belongs. */
  #unlist(bucket: Bucket): void {
    if (bucket.pending.octets < bucket.room) this.#filled.delete(bucket);
    if (bucket.pending.size === 0) this.#waiting.delete(bucket);
  }

  #nextRepetition(): Repetition | undefined {
    const [next] = this.#asked;
    if (next === undefined) return undefined;
    const [family, asked] = next;
    this.#asked.delete(family);
    return { family, prefixes: this.#wanted.prefixes(), seen: 0, asked };
  }

  #repeat(prefix: PrefixHandle, family: AddressFamily, asked: number): void {
    const wanted = this.#wanted.get(prefix);
    // What waits is written anyway, and what was written since the router asked has been.
    if (wanted === 0 || this.#written.get(prefix) !== wanted || this.#lastChunk.get(prefix) > asked) return;
    if (this.#prefixes.familyOf(prefix) !== family) return;
    this.#setWritten(prefix, toBeRepeated);
    this.#queue(prefix, this.#buckets.get(wanted));
  }

  /** What was wanted of the prefix, a bucket or nothing, is so no more: it waits for nothing, and its bucket loses a reference. */
  #forgetWanted(prefix: PrefixHandle): void {
    const [wanted, written] = [this.#wanted.get(prefix), this.#written.get(prefix)];
    const bucket = wanted === 0 ? undefined : this.#buckets.get(wanted);
    const queue = bucket?.pending ?? this.#withdrawals[this.#prefixes.familyOf(prefix)];
    if (wanted !== written) this.#queues.remove(queue, prefix);
    this.#wanted.set(prefix, 0);
    if (bucket === undefined) return;
    this.#unlist(bucket);
    this.#buckets.release(bucket);
  }

  /** Replaces what was last written. References: the new bucket's was taken by the caller, the old one's is given back here. */
  #setWritten(prefix: PrefixHandle, id: number): void {
    const before = this.#written.get(prefix);
    if (before > 0) this.#buckets.release(this.#buckets.get(before));
    this.#written.set(prefix, id);
  }

  /** Whether it was different before. */
  #setAcknowledged(prefix: PrefixHandle, acknowledged: 0 | 1): boolean {
    const change = acknowledged - this.#acknowledged.get(prefix);
    this.#announcedPrefixes += change;
    this.#acknowledged.set(prefix, acknowledged);
    return change !== 0;
  }

  /** Whether the table holds a reference to the prefix: it is wanted, or the router has it or may still get it. */
  #isTracked(prefix: PrefixHandle): boolean {
    return this.#wanted.get(prefix) !== 0 || this.mayHave(prefix);
  }

  #releaseUnlessTracked(prefix: PrefixHandle): void {
    if (!this.#isTracked(prefix)) this.#prefixes.release(prefix);
  }
}
