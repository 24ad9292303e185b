/**
 * test/support — what tests with real processes, routers and network namespaces stand on.
 *
 * Everything that outlives a call belongs to a {@link Scope}: closing it ends processes by their own pid, removes namespaces
 * and folders, in the reverse order of their making, whether the test passed or not. What a killed run left behind is
 * recognised by the run's pid in its name and removed by the next run. Nothing here sleeps for luck: waiting means asking
 * again until a deadline ({@link eventually}).
 */

/**
 * The lifetime of what a test starts. One per file or test:
 * `const scope = new Scope(); afterAll(() => scope.close());`
 */
export class Scope {
  readonly #closers: { readonly what: string; readonly close: () => void | Promise<void> }[] = [];

  /** Registers how `what` is ended or removed. Called once, when the scope closes. */
  onClose(what: string, close: () => void | Promise<void>): void {
    this.#closers.push({ what, close });
  }

  /** Ends everything, last made first. One failure does not keep the rest from ending; all are reported at the end. */
  async close(): Promise<void> {
    const failures: Error[] = [];
    for (let next = this.#closers.pop(); next; next = this.#closers.pop()) {
      try {
        await next.close();
      } catch (cause) {
        failures.push(new Error(`${next.what} did not end cleanly: ${(cause as Error).message}`, { cause }));
      }
    }
    if (failures.length === 1) throw failures[0];
    if (failures.length > 1) throw new AggregateError(failures, failures.map((failure) => failure.message).join('; '));
  }
}
