/** What is wrong with something: a sentence that names field and value and says what would be right. Undefined: nothing. */
export type Problem = string | undefined;

export function rangeProblem(field: string, value: number, from: number, to: number): Problem {
  return value >= from && value <= to ? undefined : `${field} is ${value}: a number from ${from} to ${to} is needed`;
}

/** Checks what is there. */
export const optional = <T>(value: T | undefined, check: (value: T) => Problem): Problem =>
  value === undefined ? undefined : check(value);
