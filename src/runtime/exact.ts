/** The same list in the memory that it needs: one that was filtered, or grew by pushing, has room for 16 more. For lists that are kept. */
export const exact = <T>(list: readonly T[]): T[] => list.slice();
