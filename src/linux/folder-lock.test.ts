import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { err, unwrap } from '#runtime/result.ts';
import { lockInFolder } from './folder-lock.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'anycast-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe('a lock in a folder', () => {
  it('is had once, and again when it is released', () => {
    const lock = unwrap(lockInFolder(join(folder, 'made'), 'n1'));
    expect(lockInFolder(join(folder, 'made'), 'n1')).toEqual(err(expect.stringContaining(`another process has ${folder}/made/n1.lock`)));
    unwrap(lockInFolder(join(folder, 'made'), 'n2')).release();
    lock.release();
    unwrap(lockInFolder(join(folder, 'made'), 'n1')).release();
  });

  it('is not held by a file that was left behind', () => {
    writeFileSync(join(folder, 'n1.lock'), 'left behind');
    unwrap(lockInFolder(folder, 'n1')).release();
  });

  it('is not waited for where its file is a FIFO', () => {
    execFileSync('mkfifo', [join(folder, 'n1.lock')]);
    expect(lockInFolder(folder, 'n1')).toEqual(err(`${folder}/n1.lock is no ordinary file: remove it`));
  });

  it('is waived where the folder can not be made, or the kernel not be asked', () => {
    writeFileSync(join(folder, 'file'), '');
    unwrap(lockInFolder(join(folder, 'file'), 'n1')).release();
    const withoutKernel = () => err('no koffi');
    unwrap(lockInFolder(folder, 'n1', withoutKernel));
    unwrap(lockInFolder(folder, 'n1', withoutKernel));
  });
});
