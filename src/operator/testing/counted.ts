/** How much was asked for. */
export type Tally = { calls: number; items: number };

/**
 * The same object, with every call of a method counted, and every item that is taken from what a method lists. With it a test
 * tells what a change costs in work, which no slow machine can disturb.
 */
export function counted<T extends object>(target: T, tally: Tally): T {
  return new Proxy(target, {
    get(of, name) {
      const value: unknown = Reflect.get(of, name, of);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]): unknown => {
        tally.calls++;
        const result: unknown = Reflect.apply(value, of, args);
        if (Array.isArray(result)) tally.items += result.length;
        return isLazy(result) ? each(result, tally) : result;
      };
    },
  });
}

const isLazy = (value: unknown): value is Iterable<unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Symbol.iterator in value;

function* each(items: Iterable<unknown>, tally: Tally): Generator<unknown> {
  for (const item of items) {
    tally.items++;
    yield item;
  }
}
