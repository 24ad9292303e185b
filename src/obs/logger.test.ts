import { spawn } from 'node:child_process';
import { closeSync, mkdtempSync, openSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createLog, describeError } from './logger.ts';

describe('the log', () => {
  it('writes one JSON line per call with level, time, event and sentence', async () => {
    const path = join(mkdtempSync(join(tmpdir(), 'anycast-log-')), 'log');
    const fd = openSync(path, 'w');
    const { logger, flush } = createLog({ level: 'info', fd });
    logger
      .child({ node: 'n1' })
      .info({ event: 'withdraw', prefix: '192.0.2.53/32', error: new Error('outer', { cause: new Error('inner') }) }, 'gone');
    logger.debug({ event: 'unseen' });
    flush();
    await expect.poll(() => readFileSync(path, 'utf8')).toContain('\n');
    closeSync(fd);
    const line = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>;
    expect(line).toMatchObject({
      level: 'info',
      event: 'withdraw',
      node: 'n1',
      prefix: '192.0.2.53/32',
      error: 'outer: inner',
      msg: 'gone',
    });
    expect(line['time']).toMatch(/^\d{4}-\d\d-\d\dT/);
  });

  it('does not hold up the event loop while nobody reads the output, and counts what it drops', async () => {
    // The child logs 8 MB into a pipe that stands still, then says on stderr how late its 10 ms timer ever was.
    const child = spawn(process.execPath, [join(import.meta.dirname, 'testing/log-into-blocked-pipe.ts')], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    child.stdout.pause();
    let report = '';
    child.stderr.on('data', (chunk: Buffer) => {
      report += chunk.toString();
    });
    try {
      await expect.poll(() => report, { timeout: 25_000 }).toContain('\n');
    } finally {
      child.kill('SIGKILL');
    }
    const { worstGapMs, dropped, blockedMs } = JSON.parse(report) as { worstGapMs: number; dropped: number; blockedMs: number };
    expect(blockedMs).toBeGreaterThan(10_000);
    expect(dropped).toBeGreaterThan(0);
    // A keepalive every third of the shortest hold time (3 s) has a second to spare; the loop must never be away that long.
    expect(worstGapMs).toBeLessThan(1_000);
  }, 30_000);
});

describe('an error in a log line', () => {
  it('is a sentence with its causes', () => {
    expect(describeError(new Error('reading failed', { cause: new Error('no such file') }))).toBe('reading failed: no such file');
    expect(describeError('text')).toBe('text');
    expect(describeError(new TypeError())).toBe('TypeError');
  });
});
