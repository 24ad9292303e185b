/** A column of a packed table. */
type Column = Uint8Array | Uint32Array | Int32Array;

/** The member at an index that is inside the column: indices are ours. */
export const at = (column: Column, index: number): number => column[index] as number;

/** `larger`, which begins with what `column` holds. */
export function enlarged<T extends Column>(column: T, larger: T): T {
  larger.set(column);
  return larger;
}
