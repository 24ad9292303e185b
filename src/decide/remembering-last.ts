/**
 * The same pure function, which does not compute anew what it was asked last: of many places in a row most ask the same. Arguments
 * are compared by identity, and so whoever asks next may count on getting the same object.
 */
export function rememberingLast<A extends readonly unknown[], R>(compute: (...asked: A) => R): (...asked: A) => R {
  let last: { readonly asked: A; readonly answer: R } | undefined;
  return (...asked) => {
    if (last === undefined || !sameItems(last.asked, asked)) last = { asked, answer: compute(...asked) };
    return last.answer;
  };
}

const sameItems = (a: readonly unknown[], b: readonly unknown[]): boolean =>
  a.length === b.length && a.every((item, index) => item === b[index]);
