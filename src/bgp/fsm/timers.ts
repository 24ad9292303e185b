import type { Random } from '#runtime/random.ts';
import { limits } from './limits.ts';

/** RFC 4271 §10: a factor from 0.75 to 1.0, drawn anew each time, so that many sessions do not beat as one. */
export const jittered = (ms: number, random: Random): number => ms * (0.75 + random() / 4);

/**
 * How long a session waits in Idle after `failures` ≥ 1 failures in a row (DampPeerOscillations, RFC 4271 §8.1.1): doubling, so that
 * a router that refuses us is not asked in a loop, and never longer than `ceilingMs`. Jittered.
 */
export function idleHoldMs(failures: number, ceilingMs: number, random: Random): number {
  const doubled = limits.idleHoldFirstMs * 2 ** Math.min(failures - 1, 30);
  return jittered(Math.min(doubled, ceilingMs, limits.idleHoldMaxMs), random);
}
