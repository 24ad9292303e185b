/** Something that was started and must be stopped. */
export type Closer = { readonly name: string; close(): Promise<void> | void };

/**
 * Stops what was started, in reverse order, once. A part that fails to stop is reported and does not keep the others running.
 */
export class Shutdown {
  readonly #closers: Closer[] = [];
  #done: Promise<readonly Error[]> | undefined;

  /** Remembers a part; the part registered last is stopped first. */
  add(name: string, close: () => Promise<void> | void): void {
    this.#closers.push({ name, close });
  }

  /** Stops everything; a second call waits for the first. Resolves with the errors of parts that failed to stop. */
  run(): Promise<readonly Error[]> {
    this.#done ??= this.#closeAll();
    return this.#done;
  }

  async #closeAll(): Promise<readonly Error[]> {
    const errors: Error[] = [];
    for (const closer of this.#closers.toReversed()) {
      try {
        await closer.close();
      } catch (cause) {
        errors.push(new Error(`stopping ${closer.name} failed`, { cause }));
      }
    }
    return errors;
  }
}
