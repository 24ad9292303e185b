/**
 * bgp/rib — what we announce to routers, what routers announce to us, packed.
 *
 * Pure. A prefix is an integer handle into a table of typed arrays, which all peers of a process share; `Prefix` objects live at
 * the edges. Whoever keeps a handle holds a reference to it, so that memory follows what is announced and not what ever was.
 * May not happen here: thoughts about attributes (`bgp/policy`) or about when to write (`bgp/peer`).
 */
import { type AddressFamily, addressBits } from '#net/ip-address.ts';
import type { Prefix } from '#net/prefix.ts';
import { PackedPrefixes } from './packed-prefixes.ts';

/** A prefix in a {@link PrefixTable}: a small unsigned integer, good for typed arrays. Even ones are IPv4. */
export type PrefixHandle = number;

/** Many handles; packed where a million of them come at once. */
export type PrefixHandles = readonly PrefixHandle[] | Uint32Array<ArrayBuffer>;

/** The family of a prefix by its handle. */
export const familyOfHandle = (handle: PrefixHandle): AddressFamily => ((handle & 1) === 0 ? 'IPv4' : 'IPv6');

/** Prefixes of both families by handle, with a count of references to each. */
export class PrefixTable {
  readonly #packed: Readonly<Record<AddressFamily, PackedPrefixes>> = {
    IPv4: new PackedPrefixes(addressBits('IPv4') / 8),
    IPv6: new PackedPrefixes(addressBits('IPv6') / 8),
  };

  /** Prefixes that somebody holds. */
  get size(): number {
    return this.#packed.IPv4.size + this.#packed.IPv6.size;
  }

  /** The handle of the prefix, with one reference more: `release` it. */
  acquire(prefix: Prefix): PrefixHandle {
    const slot = this.#packed[prefix.family].acquire(prefix.octets, prefix.length);
    return 2 * slot + (prefix.family === 'IPv4' ? 0 : 1);
  }

  /** The handle of the prefix if somebody holds it. */
  find(prefix: Prefix): PrefixHandle | undefined {
    const slot = this.#packed[prefix.family].find(prefix.octets, prefix.length);
    return slot < 0 ? undefined : 2 * slot + (prefix.family === 'IPv4' ? 0 : 1);
  }

  /** One reference more to a handle that somebody holds. */
  retain(handle: PrefixHandle): void {
    this.#packed[this.familyOf(handle)].retain(handle >> 1);
  }

  /** One reference less; the last one frees the handle for another prefix. */
  release(handle: PrefixHandle): void {
    this.#packed[this.familyOf(handle)].release(handle >> 1);
  }

  familyOf(handle: PrefixHandle): AddressFamily {
    return familyOfHandle(handle);
  }

  /** For how many prefixes of this one's family there is room now: their handles, halved, are below it. */
  roomLike(handle: PrefixHandle): number {
    return this.#packed[familyOfHandle(handle)].room;
  }

  /** The prefix of a handle that somebody holds. */
  prefixOf(handle: PrefixHandle): Prefix {
    const family = this.familyOf(handle);
    return { family, ...this.#packed[family].read(handle >> 1) };
  }

  /** Octets that the prefix takes in an UPDATE. */
  encodedOctets(handle: PrefixHandle): number {
    return this.#packed[this.familyOf(handle)].encodedOctets(handle >> 1);
  }

  /** Writes the prefix as an UPDATE carries it; says where the next one begins. */
  encode(handle: PrefixHandle, into: Uint8Array, at: number): number {
    return this.#packed[this.familyOf(handle)].encode(handle >> 1, into, at);
  }
}
