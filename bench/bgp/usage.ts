import { readFileSync } from 'node:fs';

/** What a process took so far. */
export type Usage = { readonly peakRssMB: number; readonly cpuMs: number };

const ticksPerSecond = 100;

/** Peak resident memory and processor time of a process, as the kernel counts them. */
export function usageOf(pid: number): Usage {
  const peakKiB = Number(readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmHWM:\s+(\d+)/)?.[1]);
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { peakRssMB: Math.round((peakKiB * 1_024) / 1e5) / 10, cpuMs: (1_000 * ticks) / ticksPerSecond };
}
