import type { Stamp } from './views.ts';

/** Reads both clocks of this machine. */
export const stampNow = (): Stamp => ({
  monotonicUs: Number(process.hrtime.bigint() / 1_000n),
  unixUs: Math.round((performance.timeOrigin + performance.now()) * 1_000),
});
