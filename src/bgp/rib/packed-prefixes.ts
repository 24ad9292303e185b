import { prefixOctets } from '#bgp/wire/prefixes.ts';
import { assert } from '#runtime/assert.ts';
import { at, enlarged } from './columns.ts';
import { limits } from './limits.ts';

/**
 * Prefixes of one family in slots of typed arrays, found by open addressing: a million take 28 MiB where a Map of objects takes
 * 508. A slot is reused once nobody refers to it.
 */
export class PackedPrefixes {
  /** Octets of an address: 4 or 16. */
  readonly #stride: number;
  #octets: Uint8Array;
  #lengths = new Uint8Array(limits.firstPrefixes);
  /** 0: the slot is free. */
  #references = new Uint32Array(limits.firstPrefixes);
  /** Slot + 1 by hash, 0 for none; what collides goes to the next free place. Twice as long as there are slots. */
  #index = new Int32Array(2 * limits.firstPrefixes);
  readonly #freeSlots: number[] = [];
  /** Slots that were ever used. */
  #used = 0;

  constructor(stride: number) {
    this.#stride = stride;
    this.#octets = new Uint8Array(stride * limits.firstPrefixes);
  }

  get size(): number {
    return this.#used - this.#freeSlots.length;
  }

  /** Slots for which there is room without growing. */
  get room(): number {
    return this.#lengths.length;
  }

  /** The slot of the prefix, or -1. */
  find(octets: Uint8Array, length: number): number {
    return at(this.#index, this.#placeOf(octets, length)) - 1;
  }

  /** The slot of the prefix, new or known, with one reference more. */
  acquire(octets: Uint8Array, length: number): number {
    const known = this.find(octets, length);
    if (known >= 0) {
      this.retain(known);
      return known;
    }
    const slot = this.#freeSlots.pop() ?? this.#newSlot();
    this.#octets.set(octets, slot * this.#stride);
    this.#lengths[slot] = length;
    this.#references[slot] = 1;
    this.#index[this.#placeOf(octets, length)] = slot + 1;
    return slot;
  }

  /** One reference more to a slot that is in use. */
  retain(slot: number): void {
    this.#references[slot] = this.#referencesTo(slot) + 1;
  }

  /** One reference less to a slot that is in use. */
  release(slot: number): void {
    const left = this.#referencesTo(slot) - 1;
    this.#references[slot] = left;
    if (left > 0) return;
    this.#removeFromIndex(this.#placeOf(this.#octets, at(this.#lengths, slot), slot * this.#stride));
    this.#freeSlots.push(slot);
  }

  /** Address, a copy, and length. */
  read(slot: number): { octets: Uint8Array; length: number } {
    return { octets: this.#octets.slice(slot * this.#stride, (slot + 1) * this.#stride), length: at(this.#lengths, slot) };
  }

  /** Octets that the prefix takes in an UPDATE. */
  encodedOctets(slot: number): number {
    return 1 + prefixOctets(at(this.#lengths, slot));
  }

  /** Writes the prefix as an UPDATE carries it; says where the next one begins. */
  encode(slot: number, into: Uint8Array, offset: number): number {
    const start = slot * this.#stride;
    const octets = prefixOctets(at(this.#lengths, slot));
    into[offset] = at(this.#lengths, slot);
    // A loop, as a subarray for each of a million prefixes costs more than their octets.
    for (let index = 0; index < octets; index += 1) into[offset + 1 + index] = at(this.#octets, start + index);
    return offset + 1 + octets;
  }

  #referencesTo(slot: number): number {
    const references = this.#references[slot] ?? 0;
    assert(references > 0, 'a prefix handle is used only while a reference to it is held');
    return references;
  }

  #newSlot(): number {
    if (this.#used === this.#lengths.length) this.#grow();
    this.#used += 1;
    return this.#used - 1;
  }

  #grow(): void {
    const room = 2 * this.#lengths.length;
    this.#octets = enlarged(this.#octets, new Uint8Array(this.#stride * room));
    this.#lengths = enlarged(this.#lengths, new Uint8Array(room));
    this.#references = enlarged(this.#references, new Uint32Array(room));
    this.#index = new Int32Array(2 * room);
    for (let slot = 0; slot < this.#used; slot += 1) {
      this.#index[this.#placeOf(this.#octets, at(this.#lengths, slot), slot * this.#stride)] = slot + 1;
    }
  }

  /** Where in the index the prefix is, or would be put. Its address begins at `start`: a view for each of a million is garbage. */
  #placeOf(octets: Uint8Array, length: number, start = 0): number {
    const mask = this.#index.length - 1;
    let place = this.#hash(octets, length, start) & mask;
    for (let slot = at(this.#index, place) - 1; slot >= 0; slot = at(this.#index, place) - 1) {
      if (this.#holds(slot, octets, length, start)) return place;
      place = (place + 1) & mask;
    }
    return place;
  }

  #holds(slot: number, octets: Uint8Array, length: number, start: number): boolean {
    if (this.#lengths[slot] !== length) return false;
    const own = slot * this.#stride;
    for (let index = 0; index < this.#stride; index += 1) {
      if (octets[start + index] !== this.#octets[own + index]) return false;
    }
    return true;
  }

  /** Closes the gap: what had to go further than its own place because of the removed one moves up, so that searches find it. */
  #removeFromIndex(removed: number): void {
    const mask = this.#index.length - 1;
    let gap = removed;
    let place = (gap + 1) & mask;
    for (let slot = at(this.#index, place) - 1; slot >= 0; slot = at(this.#index, place) - 1) {
      const home = this.#hash(this.#octets, at(this.#lengths, slot), slot * this.#stride) & mask;
      if (((place - home) & mask) >= ((place - gap) & mask)) {
        this.#index[gap] = slot + 1;
        gap = place;
      }
      place = (place + 1) & mask;
    }
    this.#index[gap] = 0;
  }

  /** FNV-1a, with its bits mixed down: neighbouring prefixes differ in their last octets only. */
  #hash(octets: Uint8Array, length: number, start: number): number {
    let mixed = 0x811c9dc5 ^ length;
    for (let index = start; index < start + this.#stride; index += 1) mixed = Math.imul(mixed ^ at(octets, index), 0x01000193);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x85ebca6b);
    return mixed ^ (mixed >>> 13);
  }
}
