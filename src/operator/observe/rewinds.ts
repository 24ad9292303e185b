import { createHash } from 'node:crypto';
import { acceptRewindAnnotation } from '#api/names.ts';
import type { Kind } from '#decide/view.ts';
import { isOlder } from '#kube/resource.ts';
import type { Logger } from '#obs/logger.ts';

/** What can go back in time: the kinds that decisions rest on, and passwords. */
export type RewindKind = Kind | 'Secret';

export type RewindsOptions = {
  readonly logger: Logger;
  /** Kinds whose watch went back in time, as their sources say. */
  readonly rewound: () => readonly RewindKind[];
  /** Believes what a kind says from now on. */
  readonly accept: (kind: RewindKind) => void;
  /** The word of a person: the token that was shown to him; undefined while he gave none. */
  readonly accepted: () => string | undefined;
  /** What is shown changed. */
  readonly onChange: () => void;
};

/** What a person is asked about. */
export type Rewind = {
  /** Ascending. */
  readonly kinds: readonly RewindKind[];
  /** Names this very rewind: another one, or a further kind, has another token. */
  readonly token: string;
};

/**
 * Kinds whose resourceVersion went back (etcd restored from a backup): what they say is held until a person confirms what he was
 * shown. A word that names something else, such as one that was given for an earlier rewind, is none.
 */
export class Rewinds {
  readonly #options: RewindsOptions;
  /** Where each kind was when it went back, and at its last list. */
  readonly #positions = new Map<RewindKind, { readonly shown: string; readonly last: string }>();
  #told: string | undefined;

  constructor(options: RewindsOptions) {
    this.#options = options;
  }

  /** What is to be confirmed; undefined while no kind went back. */
  get current(): Rewind | undefined {
    if (this.#positions.size === 0) return undefined;
    const kinds = [...this.#positions.keys()].sort();
    const named = kinds.map((kind) => `${kind} ${this.#positions.get(kind)?.shown}`).join('\n');
    return { kinds, token: createHash('sha256').update(named).digest('hex').slice(0, tokenLength) };
  }

  /** A kind was listed, up to a resource version. */
  listed(kind: RewindKind, resourceVersion: string): void {
    if (!this.#options.rewound().includes(kind)) return;
    const before = this.#positions.get(kind);
    const isAnother = before === undefined || isOlder(resourceVersion, before.last);
    this.#positions.set(kind, { shown: isAnother ? resourceVersion : before.shown, last: resourceVersion });
    this.look();
  }

  /** Looks whether a person confirmed what is shown now. */
  look(): void {
    const { current } = this;
    if (current === undefined) return;
    const { logger, accept, accepted, onChange } = this.#options;
    const { kinds, token } = current;
    if (accepted() === token) {
      this.#positions.clear();
      for (const kind of kinds) accept(kind);
      logger.warn({ event: 'rewind-accepted', kinds, token }, 'a person confirmed: what the API server says counts again');
    } else if (this.#told !== token) {
      logger.error({ event: 'input-rewound', kinds, token }, rewindMessage(current));
    } else return;
    this.#told = this.current?.token;
    onChange();
  }
}

/** What happened, and what a person has to do. */
export const rewindMessage = ({ kinds, token }: Rewind): string =>
  `the API server went back in time, as after a restored backup: ${kinds.join(', ')}. Nothing is decided from these kinds. See that their objects are as they should be, then: kubectl annotate --overwrite anycastconfig default ${acceptRewindAnnotation}=${token}`;

const tokenLength = 12;
