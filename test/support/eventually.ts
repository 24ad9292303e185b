import { setTimeout as delay } from 'node:timers/promises';

/** How long and how often {@link eventually} asks. */
export type EventuallyOptions = {
  /** When to give up, in milliseconds. Default 15_000: generous, for a busy machine; success returns at once. */
  readonly withinMs?: number;
  /** Pause between two questions, in milliseconds. Default 50. */
  readonly everyMs?: number;
};

/**
 * Asks `read` again and again until `satisfied` accepts what it returns, and returns that. A `read` that throws is asked again.
 * When time is up the error says what was waited for and what was last seen.
 */
export async function eventually<T>(
  what: string,
  read: () => T | Promise<T>,
  satisfied: (value: T) => boolean = Boolean,
  { withinMs = 15_000, everyMs = 50 }: EventuallyOptions = {},
): Promise<T> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    let seen: string;
    let cause: unknown;
    try {
      const value = await read();
      if (satisfied(value)) return value;
      seen = JSON.stringify(value) ?? String(value);
    } catch (error) {
      if (error instanceof Hopeless) throw error;
      seen = String(error);
      cause = error;
    }
    if (performance.now() >= deadline) {
      throw new Error(`not within ${withinMs} ms: ${what}; last seen: ${seen.slice(0, 4_000)}`, { cause });
    }
    await delay(everyMs);
  }
}

/** Thrown by what is asked when asking again makes no sense, as when the process that would answer has ended. */
export class Hopeless extends Error {}
