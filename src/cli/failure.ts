import type { Result } from '#runtime/result.ts';

/** Wrong usage or configuration: exit code 2. The message says where and what to do, in one line. */
export class UsageError extends Error {}

/** The value, or a {@link UsageError} with the reason why there is none. */
export function orUsageError<T>(result: Result<T, string>): T {
  if (result.ok) return result.value;
  throw new UsageError(result.error);
}
