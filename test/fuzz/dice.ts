import { type Random, seededRandom } from '#runtime/random.ts';

/** Lengths, AS numbers, codes and flags that are likely to be where decoders stumble. */
const interestingOctets = [0, 1, 2, 3, 4, 5, 0x0f, 0x10, 0x20, 0x21, 0x40, 0x7f, 0x80, 0x81, 0xc0, 0xe0, 0xfe, 0xff];

/** Chance that can be had again: each message of a campaign has dice of its own, made from the campaign's seed and its number. */
export class Dice {
  readonly #random: Random;

  constructor(seed: number, index: number) {
    this.#random = seededRandom(seed ^ Math.imul(index, 0x9e3779b9));
  }

  /** A number from 0 to `below` - 1. */
  number(below: number): number {
    return Math.floor(this.#random() * below);
  }

  /** True once in `times`. */
  oneIn(times: number): boolean {
    return this.number(times) === 0;
  }

  /** One of the members, of which there must be some. */
  pick<T>(members: readonly T[]): T {
    return members[this.number(members.length)] as T;
  }

  octet(): number {
    return this.oneIn(2) ? this.pick(interestingOctets) : this.number(256);
  }

  octets(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.octet());
  }
}
