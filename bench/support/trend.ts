import { rounded } from '../statistics.ts';

/** A value over time: where it was, and what a straight line through all samples gains from the first to the last. */
export type Trend = {
  readonly samples: number;
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  readonly growth: number;
};

/** One sample: `at` in any unit of time. */
export type Sample = { readonly at: number; readonly value: number };

/** Fits a line by least squares. Without at least two samples nothing is known, and that is an error. */
export function trendOf(samples: readonly Sample[]): Trend {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || first === last) throw new Error('a trend needs at least two samples');
  const mean = (of: (sample: Sample) => number): number => samples.reduce((sum, sample) => sum + of(sample), 0) / samples.length;
  const [meanAt, meanValue] = [mean(({ at }) => at), mean(({ value }) => value)];
  const slope =
    samples.reduce((sum, { at, value }) => sum + (at - meanAt) * (value - meanValue), 0) /
    samples.reduce((sum, { at }) => sum + (at - meanAt) ** 2, 0);
  const values = samples.map(({ value }) => value);
  return {
    samples: samples.length,
    mean: rounded(meanValue),
    min: rounded(Math.min(...values)),
    max: rounded(Math.max(...values)),
    growth: rounded(slope * (last.at - first.at)),
  };
}
