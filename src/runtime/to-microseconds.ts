/** Milliseconds with three decimals: a microsecond is as exact as a person reads, and as a clock here is. */
export const toMicroseconds = (ms: number): number => Math.round(ms * 1_000) / 1_000;
