import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Scope } from './scope.ts';

const prefix = 'anycast-test-';

/** Makes a folder for this run (mode 0700) and removes it with the scope; folders of runs that were killed go first. */
export function tempFolder(scope: Scope, purpose: string): string {
  for (const name of readdirSync(tmpdir())) {
    const pid = name.startsWith(prefix) ? Number(name.slice(prefix.length).split('-')[0]) : 0;
    if (pid > 0 && !isAlive(pid)) rmSync(join(tmpdir(), name), { recursive: true, force: true });
  }
  const folder = mkdtempSync(join(tmpdir(), `${prefix}${process.pid}-${purpose}-`));
  scope.onClose(`folder ${folder}`, () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** Whether a process with this pid runs. One that has ended and waits for its parent to take note does not. */
export function isAlive(pid: number): boolean {
  try {
    const state = readFileSync(`/proc/${pid}/status`, 'utf8').match(/^State:\s+(\w)/m)?.[1];
    return state !== 'Z' && state !== 'X';
  } catch {
    return false;
  }
}
