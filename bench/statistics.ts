/** The p-th percentile (0–100) of values, by nearest rank. */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((p / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** Milliseconds or megabytes with a precision that the measurement has. */
export const rounded = (value: number): number => Math.round(value * 1000) / 1000;
