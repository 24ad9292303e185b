import type { AttributeFault, DecodeError } from '#bgp/wire/errors.ts';
import type { PrefixGroup, UpdateMessage } from '#bgp/wire/messages.ts';
import { formatPrefix } from '#net/prefix.ts';
import type { Logger } from '#obs/logger.ts';
import { limits } from './limits.ts';

/**
 * Malformed UPDATEs of one router. All are counted; the first of each kind is logged whole, with its routes (RFC 7606 §6). A kind is
 * an attribute and the rule that it breaks: a router that sends many of a kind does not fill the log.
 */
export class MalformedUpdates {
  readonly #logger: Logger;
  readonly #logged = new Set<string>();
  #count = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** UPDATEs of which something was wrong. */
  get count(): number {
    return this.#count;
  }

  /** An UPDATE arrived that could be read; maybe with faults, which did not end the session. */
  read(update: UpdateMessage): void {
    if (update.faults.length === 0) return;
    this.#count++;
    const unknown = update.faults.filter((fault) => this.#isNew(kindOf(fault)));
    if (unknown.length === 0) return;
    this.#logger.warn(
      {
        event: 'malformed-update',
        faults: unknown.map(({ verdict, message, clause }) => `${message} (${clause}): ${verdict}`),
        announced: namesOf(update.reachable),
        withdrawn: namesOf(update.unreachable),
        bytes: hex(update.bytes),
      },
      'the router sent an UPDATE with errors; the session goes on',
    );
  }

  /** An UPDATE arrived after which the session can't go on. */
  unreadable({ message, clause, bytes, notification }: DecodeError): void {
    this.#count++;
    if (!this.#isNew(`reset ${notification.subcode} ${clause}`)) return;
    this.#logger.warn(
      { event: 'malformed-update', faults: [`${message} (${clause}): reset`], bytes: hex(bytes) },
      'the router sent an UPDATE that can not be read; the session ends',
    );
  }

  #isNew(kind: string): boolean {
    if (this.#logged.has(kind) || this.#logged.size >= limits.malformedKinds) return false;
    this.#logged.add(kind);
    return true;
  }
}

const kindOf = ({ verdict, code, clause }: AttributeFault): string => `${verdict} ${code} ${clause}`;

const namesOf = (groups: readonly PrefixGroup[]): string[] => groups.flatMap(({ prefixes }) => prefixes.map(formatPrefix));

const hex = (bytes: Uint8Array | undefined): string => (bytes === undefined ? '' : Buffer.from(bytes).toString('hex'));
