import { readdirSync, readFileSync } from 'node:fs';

/** Resident memory of a process, in MiB. */
export const residentMB = (pid: number): number =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024;

/** User and system time of a process, in seconds; the kernel counts in hundredths. */
export function cpuSeconds(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Files and sockets that a process holds open. */
export const openFiles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length;

/** What keeps a process's event loop busy, timers and handles, by its own word. */
export async function activeResources(http: string): Promise<number> {
  const answer = await fetch(`http://${http}/metrics`);
  const values = (await answer.text()).matchAll(/^nodejs_active_resources\{[^}]*\} (\d+)$/gm);
  return [...values].reduce((sum, [, value]) => sum + Number(value), 0);
}
