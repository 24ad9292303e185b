import type { EncodeContext } from '#bgp/wire/negotiated.ts';
import { roomForPrefixes, type UpdateTemplate, updateBytes } from '#bgp/wire/update-encode.ts';
import type { PrefixQueue, PrefixQueues } from './prefix-queues.ts';
import type { PrefixHandle, PrefixTable } from './prefix-table.ts';

/** Fills UPDATEs with prefixes: as many in each as fit, until enough octets are there. */
export class UpdatePacker {
  readonly #prefixes: PrefixTable;
  readonly #context: EncodeContext;
  readonly #scratch: Uint8Array;
  #maxOctets = 0;
  #messages: Uint8Array[] = [];
  #octets = 0;

  constructor(prefixes: PrefixTable, context: EncodeContext) {
    this.#prefixes = prefixes;
    this.#context = context;
    this.#scratch = new Uint8Array(context.maxMessageLength);
  }

  /** Begins a chunk, which ends with the message that reaches `maxOctets`. */
  begin(maxOctets: number): void {
    this.#maxOctets = maxOctets;
    this.#messages = [];
    this.#octets = 0;
  }

  get isFull(): boolean {
    return this.#octets >= this.#maxOctets;
  }

  /**
   * Moves prefixes from `pending` into messages of the template, oldest first, and tells of each. A message that could take more than
   * there is waits for it while fewer than `leastOctets` are pending.
   */
  pack(
    template: UpdateTemplate,
    queues: PrefixQueues,
    pending: PrefixQueue,
    packed: (prefix: PrefixHandle) => void,
    leastOctets = 1,
  ): void {
    const room = roomForPrefixes(template, this.#context);
    while (pending.octets >= leastOctets && !this.isFull) {
      let length = 0;
      while (pending.size > 0 && length + this.#prefixes.encodedOctets(pending.first) <= room) {
        const prefix = pending.first;
        length = this.#prefixes.encode(prefix, this.#scratch, length);
        queues.remove(pending, prefix);
        packed(prefix);
      }
      this.add(updateBytes(template, this.#scratch.subarray(0, length)));
    }
  }

  /** Adds a message as it is. */
  add(message: Uint8Array): void {
    this.#messages.push(message);
    this.#octets += message.length;
  }

  /** All messages of the chunk, one after another. */
  finish(): Uint8Array {
    const bytes = new Uint8Array(this.#octets);
    let at = 0;
    for (const message of this.#messages) {
      bytes.set(message, at);
      at += message.length;
    }
    return bytes;
  }
}
