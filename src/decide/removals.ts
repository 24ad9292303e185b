import type { Cause } from '#state/evidence.ts';
import type { ReasonCode } from '#state/reasons.ts';
import { batchQuietMs, maxBatchSize, removalWindowMs } from './limits.ts';
import type { ObservedHold } from './view.ts';

/**
 * What is decided about a prefix that configuration takes away altogether. `grace`: it may come back in a moment; it counts as
 * gone. `held`: too much would go; it stays until a person approves, or until it is wanted again. `removed`: it went within the
 * last hour.
 */
export type Removal =
  | { readonly state: 'grace' }
  | {
      readonly state: 'held';
      /** Name of the AnycastHold. */
      readonly batch: string;
      readonly isApproved: boolean;
      /** A person wants to make the objects anew: they are let go, and the route stays. */
      readonly isReleased: boolean;
    }
  | { readonly state: 'removed' };

/** One prefix of a batch, and why it would go. */
export type HeldRemoval = {
  readonly prefix: string;
  /** Key of the Service. */
  readonly service: string;
  readonly cause: Cause;
  readonly reason: ReasonCode;
};

/** Read-only; see {@link RemovalStore}. */
export type Removals = {
  of(prefix: string): Removal | undefined;
  /** How many prefixes count against the removal guard: in grace, and removed without a person's approval within the last hour. */
  counted(nowMs: number): { readonly inGrace: number; readonly removed: number };
};

/** What one decision says about prefixes that go as a whole. */
export type RemovalChanges = {
  readonly grace: readonly string[];
  readonly held: readonly HeldRemoval[];
  readonly removed: readonly string[];
  /** Wanted again. */
  readonly kept: readonly string[];
};

type Batch = {
  readonly members: Map<string, HeldRemoval>;
  /** When the last one joined, monotonic milliseconds. */
  lastMs: number;
  isApproved: boolean;
  isReleased: boolean;
};

/** The memory of the removal guard: of one term, but for the batches, whose AnycastHolds outlive it. */
export class RemovalStore implements Removals {
  readonly #inGrace = new Set<string>();
  /** Prefixes removed without approval, with when, oldest first. */
  readonly #removed = new Map<string, number>();
  readonly #batches = new Map<string, Batch>();
  readonly #batchOf = new Map<string, string>();
  /** Batches so far: part of the next one's name. */
  #made = 0;
  /** The batch that further removals join. */
  #open: string | undefined;

  of(prefix: string): Removal | undefined {
    const name = this.#batchOf.get(prefix);
    if (name !== undefined) {
      const { isApproved, isReleased } = this.#batches.get(name) as Batch;
      return { state: 'held', batch: name, isApproved, isReleased };
    }
    if (this.#inGrace.has(prefix)) return { state: 'grace' };
    return this.#removed.has(prefix) ? { state: 'removed' } : undefined;
  }

  counted(nowMs: number): { readonly inGrace: number; readonly removed: number } {
    let over = 0;
    for (const atMs of this.#removed.values()) {
      if (nowMs - atMs < removalWindowMs) break;
      over++;
    }
    return { inGrace: this.#inGrace.size, removed: this.#removed.size - over };
  }

  /** Prefixes that stay for now, by state. */
  sizes(): { readonly grace: number; readonly held: number } {
    return { grace: this.#inGrace.size, held: this.#batchOf.size };
  }

  /** Names of the batches. */
  batches(): Iterable<string> {
    return this.#batches.keys();
  }

  /** What is held in a batch; empty where there is no such batch. */
  batch(name: string): readonly HeldRemoval[] {
    return [...(this.#batches.get(name)?.members.values() ?? [])];
  }

  /** Whether further removals may join a batch: until nothing joined it for a minute, or a person decided about it. */
  isOpen(name: string, nowMs: number): boolean {
    const batch = this.#batches.get(name);
    return name === this.#open && batch !== undefined && batch.members.size < maxBatchSize && nowMs - batch.lastMs < batchQuietMs;
  }

  /** Notes what was decided in the term `epoch`. */
  apply({ grace, held, removed, kept }: RemovalChanges, epoch: number, nowMs: number): void {
    for (const prefix of grace) this.#inGrace.add(prefix);
    for (const removal of held) this.#hold(removal, epoch, nowMs);
    for (const prefix of removed) this.#remove(prefix, nowMs);
    for (const prefix of kept) {
      this.forget(prefix);
      this.#removed.delete(prefix);
    }
    for (const [prefix, atMs] of this.#removed) {
      if (nowMs - atMs < removalWindowMs) break;
      this.#removed.delete(prefix);
    }
  }

  /** Nothing of a prefix is left that could go. */
  forget(prefix: string): void {
    this.#inGrace.delete(prefix);
    this.#leaveBatch(prefix);
  }

  /**
   * What an AnycastHold says: what another leader held, and what a person decided about what it lists. What joined the batch after
   * that was read by nobody: it makes a new batch.
   */
  applyHold({ key, removals, isApproved, isReleased }: ObservedHold, epoch: number, nowMs: number): void {
    if (removals.length === 0) return;
    const batch = this.#batch(key);
    for (const removal of removals) if (!this.#batchOf.has(removal.prefix)) this.#join(key, batch, removal);
    if (isApproved || isReleased) {
      const listed = new Set(removals.map(({ prefix }) => prefix));
      if (this.#open === key) this.#open = undefined;
      for (const removal of [...batch.members.values()]) {
        if (listed.has(removal.prefix)) continue;
        this.#leaveBatch(removal.prefix);
        this.#hold(removal, epoch, nowMs);
      }
    }
    batch.isApproved ||= isApproved;
    batch.isReleased ||= isReleased;
    if (batch.members.size === 0) this.#batches.delete(key);
  }

  #hold(removal: HeldRemoval, epoch: number, nowMs: number): void {
    if (this.#batchOf.has(removal.prefix)) return;
    this.#inGrace.delete(removal.prefix);
    if (this.#open === undefined || !this.isOpen(this.#open, nowMs)) this.#open = `removal-${epoch}-${++this.#made}`;
    const batch = this.#batch(this.#open);
    this.#join(this.#open, batch, removal);
    batch.lastMs = nowMs;
  }

  #remove(prefix: string, nowMs: number): void {
    const wasApproved = this.#batchOf.has(prefix);
    this.forget(prefix);
    if (!wasApproved && !this.#removed.has(prefix)) this.#removed.set(prefix, nowMs);
  }

  #batch(name: string): Batch {
    const batch = this.#batches.get(name) ?? { members: new Map(), lastMs: 0, isApproved: false, isReleased: false };
    this.#batches.set(name, batch);
    return batch;
  }

  #join(name: string, batch: Batch, removal: HeldRemoval): void {
    batch.members.set(removal.prefix, removal);
    this.#batchOf.set(removal.prefix, name);
  }

  #leaveBatch(prefix: string): void {
    const name = this.#batchOf.get(prefix);
    if (name === undefined) return;
    this.#batchOf.delete(prefix);
    const { members } = this.#batches.get(name) as Batch;
    members.delete(prefix);
    if (members.size === 0) this.#batches.delete(name);
  }
}
