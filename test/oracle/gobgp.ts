import { spawnSync } from 'node:child_process';
import type { View } from './view.ts';

/** A message and how it is to be read: `2` two-octet AS numbers, `i` iBGP, `a` several paths for a prefix. */
export type Question = { readonly frame: Uint8Array; readonly options: string };

/** What GoBGP makes of the messages, one for one. The program comes from gobgp/build. */
export function askGobgp(program: string, questions: readonly Question[]): View[] {
  const input = questions.map(({ frame, options }) => `${options || '-'} ${Buffer.from(frame).toString('hex')}\n`).join('');
  const { status, stdout, stderr, error } = spawnSync(program, { input, encoding: 'utf8', maxBuffer: 1_000_000_000 });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} failed: ${stderr}`);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as View);
}
