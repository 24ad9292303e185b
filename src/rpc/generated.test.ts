import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const generated = 'src/rpc/generated/anycast/speaker/v1/speaker.ts';

/** Runs buf as `npm run generate` does; what it prints is in the error when it fails. */
function buf(...parameters: string[]): void {
  const binaries = join(root, 'node_modules/.bin');
  execFileSync(process.execPath, [join(root, 'node_modules/@bufbuild/buf/bin/buf'), ...parameters], {
    cwd: root,
    env: { ...process.env, PATH: `${binaries}${delimiter}${process.env['PATH']}` },
    stdio: 'pipe',
    timeout: 60_000,
  });
}

describe('the protocol file', () => {
  it('keeps the rules of buf', () => {
    expect(() => buf('lint')).not.toThrow();
  });

  it('generates exactly the code that is checked in', () => {
    const directory = mkdtempSync(join(tmpdir(), 'anycast-generated-'));
    try {
      buf('generate', '--output', directory);
      expect(readFileSync(join(directory, generated), 'utf8')).toBe(readFileSync(join(root, generated), 'utf8'));
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
