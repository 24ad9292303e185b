/** Keys under labels: which services ask for an address, which have endpoints on a node. A key may stand under several labels. */
export class IndexMap {
  readonly #keysByLabel = new Map<string, Set<string>>();
  readonly #labelsByKey = new Map<string, readonly string[]>();

  /** Puts a key under exactly these labels, taking it from where it stood. */
  set(key: string, labels: readonly string[]): void {
    for (const label of this.#labelsByKey.get(key) ?? []) this.#take(label, key);
    if (labels.length === 0) {
      this.#labelsByKey.delete(key);
      return;
    }
    this.#labelsByKey.set(key, labels);
    for (const label of labels) {
      const keys = this.#keysByLabel.get(label);
      if (keys === undefined) this.#keysByLabel.set(label, new Set([key]));
      else keys.add(key);
    }
  }

  /** The keys under a label. */
  get(label: string): ReadonlySet<string> {
    return this.#keysByLabel.get(label) ?? none;
  }

  /** The labels that a key stands under. */
  labelsOf(key: string): readonly string[] {
    return this.#labelsByKey.get(key) ?? [];
  }

  #take(label: string, key: string): void {
    const keys = this.#keysByLabel.get(label);
    keys?.delete(key);
    if (keys?.size === 0) this.#keysByLabel.delete(label);
  }
}

const none: ReadonlySet<string> = new Set();
