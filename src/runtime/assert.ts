/** Stops on a bug: a state that no input may reach. The message says which rule was broken. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}

/** Marks a branch that the types make unreachable; the compiler complains where a case is missing. */
export function unreachable(value: never): never {
  throw new Error(`assertion failed: unexpected case ${JSON.stringify(value)}`);
}
