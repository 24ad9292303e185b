import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { silentLogger } from '#obs/logger.ts';
import { unwrap } from '#runtime/result.ts';
import { openRecording } from './recording-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'anycast-recording-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('a recording file', () => {
  it('gets a line for each thing that happens, after those of before, and is read by its owner only', async () => {
    const path = join(folder, 'session.jsonl');
    for (const ms of [1, 2]) {
      const recording = unwrap(await openRecording(path, silentLogger));
      recording.record({ ms, peer: 'tor', connection: 1, event: 'closed', reason: 'closed by the remote end' });
      await recording.close();
      recording.record({ ms: 9, peer: 'tor', connection: 1, event: 'resumed' });
      await recording.close();
    }
    const line = (ms: number): string => `{"ms":${ms},"peer":"tor","connection":1,"event":"closed","reason":"closed by the remote end"}\n`;
    expect(readFileSync(path, 'utf8')).toBe(line(1) + line(2));
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('that can not be opened is named', async () => {
    const path = join(folder, 'missing', 'session.jsonl');
    expect(await openRecording(path, silentLogger)).toMatchObject({ ok: false, error: expect.stringContaining(path) });
  });
});
