import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { LogFields, Logger } from '#obs/logger.ts';
import { encodeEntry } from '#rpc/entry-codec.ts';
import { unwrap } from '#runtime/result.ts';
import { VirtualClock } from '#runtime/virtual-clock.ts';
import { entryHash } from '#state/digest.ts';
import type { EncodedEntry, NodeEntry } from '#state/entry.ts';
import type { AppliedEntry } from '../accept/applied-state.ts';
import { limits } from '../limits.ts';
import { type Disk, FolderDisk, MemoryDisk } from './disk.ts';
import { Keeper } from './keeper.ts';
import { type KeptState, readKeptState, writeKeptState } from './kept-state.ts';

const node: NodeEntry = { kind: 'node', routerId: '192.0.2.1' };
const good = encodeEntry(node);
const bad: EncodedEntry = { key: 'node', bytes: Uint8Array.of(255, 255) };
const running = { entry: node, encoded: good };
const plainEntry: AppliedEntry = { sent: good, hash: entryHash(good), running };
const rejection = { key: 'node', message: 'old words' };

const aKept = (more: Partial<KeptState> = {}): KeptState => ({
  bootId: 'boot-1',
  epoch: 3,
  version: 17,
  passed: ['192.0.2.53/32'],
  portsAnswer: ['IPv4'],
  withdrawn: ['192.0.2.54/32'],
  operators: ['10.0.0.1:9441'],
  entries: [plainEntry],
  ...more,
});

describe('the text of kept state', () => {
  it('reads back as it was written', () => {
    expect(unwrap(readKeptState(writeKeptState(aKept())))).toEqual(aKept());
    expect(unwrap(readKeptState(writeKeptState(aKept({ entries: [] }))))).toEqual(aKept({ entries: [] }));
  });

  it('keeps the last good form of an entry that was rejected', () => {
    const entries: AppliedEntry[] = [{ sent: bad, hash: entryHash(bad), running, rejection }];
    const [read] = unwrap(readKeptState(writeKeptState(aKept({ entries })))).entries;
    expect(read).toMatchObject({ sent: bad, hash: entryHash(bad), running });
    expect(read?.rejection?.message).toContain('node');
  });

  it('runs what was rejected when it was written, where this version can', () => {
    const entries: AppliedEntry[] = [{ sent: good, hash: entryHash(good), rejection }];
    expect(unwrap(readKeptState(writeKeptState(aKept({ entries })))).entries).toEqual([plainEntry]);
  });

  it('forgets a last good form that this version can not read', () => {
    const entries: AppliedEntry[] = [{ sent: bad, hash: entryHash(bad), running: { entry: node, encoded: bad }, rejection }];
    expect(unwrap(readKeptState(writeKeptState(aKept({ entries })))).entries[0]?.running).toBeUndefined();
  });

  it('finds every truncation and every changed character', () => {
    const text = writeKeptState(aKept());
    for (let length = 0; length < text.length; length++) expect(readKeptState(text.slice(0, length)).ok).toBe(false);
    for (let at = 0; at < text.length; at++) {
      expect(readKeptState(`${text.slice(0, at)}~${text.slice(at + 1)}`).ok).toBe(false);
    }
  });

  it('says when another version wrote it, or when fields are not as they should be', () => {
    const text = writeKeptState(aKept());
    expect(readKeptState(text.replace('state 2', 'state 1'))).toMatchObject({ error: expect.stringMatching(/another version/) });
    const wrong = writeKeptState({ ...aKept(), epoch: -1 });
    expect(readKeptState(wrong)).toMatchObject({ error: expect.stringMatching(/epoch/) });
  });
});

describe.each([
  ['in memory', async () => ({ disk: new MemoryDisk() as Disk, done: async () => undefined as unknown })],
  [
    'of the machine',
    async () => {
      const folder = await mkdtemp(join(tmpdir(), 'anycast-disk-'));
      return { disk: new FolderDisk(join(folder, 'made', 'when', 'needed')) as Disk, done: () => rm(folder, { recursive: true }) };
    },
  ],
])('a folder %s', (_name, open) => {
  it('replaces, renames and removes files', async () => {
    const { disk, done } = await open();
    try {
      expect(await disk.read('a')).toBeUndefined();
      await disk.replace('a', 'one');
      await disk.replace('a', 'two');
      expect(await disk.read('a')).toBe('two');
      await disk.rename('a', 'b');
      expect(await disk.read('a')).toBeUndefined();
      expect(await disk.read('b')).toBe('two');
      await disk.remove('b');
      await disk.remove('b');
      expect(await disk.read('b')).toBeUndefined();
      await expect(disk.rename('a', 'b')).rejects.toThrow(/ENOENT/);
    } finally {
      await done();
    }
  });
});

describe('a folder of the machine', () => {
  it('is for its owner alone, and so is every file in it: passwords of sessions are among what is kept', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'anycast-disk-'));
    const umask = process.umask(0);
    try {
      const state = join(folder, 'state');
      const disk = new FolderDisk(state);
      for (const text of ['one', 'two']) await disk.replace('n1.state', text);
      await disk.rename('n1.state', 'n1.state.unreadable');
      const modes = await Promise.all([state, join(state, 'n1.state.unreadable')].map(async (path) => (await stat(path)).mode & 0o777));
      expect(modes).toEqual([0o700, 0o600]);
    } finally {
      process.umask(umask);
      await rm(folder, { recursive: true });
    }
  });

  it('leaves nothing beside the file, and says what it can not use', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'anycast-disk-'));
    try {
      await new FolderDisk(folder).replace('n1.state', 'text');
      expect(await readdir(folder)).toEqual(['n1.state']);
      await writeFile(join(folder, 'file'), '');
      const wrong = new FolderDisk(join(folder, 'file'));
      await expect(wrong.replace('n1.state', 'text')).rejects.toThrow(/EEXIST|ENOTDIR/);
      await expect(wrong.read('n1.state')).rejects.toThrow(/ENOTDIR/);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

function aKeeper(disk = new MemoryDisk()) {
  const clock = new VirtualClock();
  const lines: LogFields[] = [];
  const write = (fields: LogFields): void => void lines.push(fields);
  const logger: Logger = { debug: write, info: write, warn: write, error: write, child: () => logger };
  let version = 0;
  const keeper = new Keeper({ disk, clock, logger, node: 'n1', snapshot: () => aKept({ version }) });
  const change = (): void => {
    version++;
    keeper.changed();
  };
  const keptVersion = (): number => unwrap(readKeptState(disk.files.get('n1.state') ?? '')).version;
  return { clock, keeper, disk, lines, change, keptVersion };
}

describe('a FIFO in a folder of the machine', () => {
  it('keeps neither a reader nor a writer waiting', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'anycast-fifo-'));
    for (const name of ['n1.state', 'n1.state.tmp']) execFileSync('mkfifo', [join(folder, name)]);
    const disk = new FolderDisk(folder);
    await expect(disk.read('n1.state')).rejects.toThrow('n1.state is no ordinary file: remove it');
    await disk.replace('n1.state', 'kept');
    expect(await disk.read('n1.state')).toBe('kept');
    await rm(folder, { recursive: true });
  });
});

describe('keeping', () => {
  it('writes a first change soon and then at most once in its time, always the newest', async () => {
    const { clock, keeper, disk, change, keptVersion } = aKeeper();
    for (let step = 0; step < 50; step++) {
      change();
      await clock.advanceAsync(50);
    }
    expect(disk.writes).toBe(3);
    await clock.advanceAsync(limits.saveEveryMs);
    expect(keptVersion()).toBe(50);
    await clock.advanceAsync(60_000);
    expect(disk.writes).toBe(4);
    await keeper.stop();
    expect(disk.writes).toBe(4);
    expect(clock.pendingTimers).toBe(0);
  });

  it('writes at once when it is asked to', async () => {
    const { keeper, clock, change, keptVersion } = aKeeper();
    change();
    await keeper.saveNow();
    expect(keptVersion()).toBe(1);
    change();
    change();
    await Promise.all([keeper.saveNow(), keeper.saveNow()]);
    expect(keptVersion()).toBe(3);
    change();
    await keeper.stop();
    expect(keptVersion()).toBe(4);
    expect(clock.pendingTimers).toBe(0);
  });

  it('says once that the disk is full, goes on, and writes when there is room again', async () => {
    const { clock, keeper, disk, lines, change, keptVersion } = aKeeper();
    disk.failure = 'ENOSPC: no space left on device, write';
    change();
    await clock.advanceAsync(35_000);
    expect(lines.map(({ event }) => event)).toEqual(['state-not-written']);
    expect(keeper.failure).toContain('ENOSPC');
    disk.failure = undefined;
    await clock.advanceAsync(limits.saveRetryMs);
    expect(keptVersion()).toBe(1);
    expect(keeper.failure).toBeUndefined();
    expect(lines.map(({ event }) => event)).toEqual(['state-not-written', 'state-written']);
  });

  it('loads what it kept', async () => {
    const { keeper, change } = aKeeper();
    expect(await keeper.load()).toBeUndefined();
    change();
    await keeper.saveNow();
    expect(await keeper.load()).toEqual(aKept({ version: 1 }));
  });

  it('sets aside what it can not read and starts without it', async () => {
    const disk = new MemoryDisk();
    disk.files.set('n1.state', 'half a fi');
    const { keeper, lines } = aKeeper(disk);
    expect(await keeper.load()).toBeUndefined();
    expect([...disk.files.keys()]).toEqual(['n1.state.unreadable']);
    expect(lines).toEqual([expect.objectContaining({ event: 'state-unreadable' })]);
  });

  it('starts without it when the disk does not answer', async () => {
    const disk = new MemoryDisk();
    disk.read = () => Promise.reject(new Error('EIO: i/o error, read'));
    const { keeper, lines } = aKeeper(disk);
    expect(await keeper.load()).toBeUndefined();
    expect(await keeper.isIsolated()).toBe(true);
    expect(lines.map(({ event }) => event)).toEqual(['state-unreadable', 'state-unreadable']);
  });

  it('keeps isolation apart, so that it outlives a damaged state', async () => {
    const { keeper, disk } = aKeeper();
    expect(await keeper.isIsolated()).toBe(false);
    expect(await keeper.keepIsolated(true)).toBeUndefined();
    disk.files.set('n1.state', 'damaged');
    await keeper.load();
    expect(await keeper.isIsolated()).toBe(true);
    expect(await keeper.keepIsolated(false)).toBeUndefined();
    expect(await keeper.isIsolated()).toBe(false);
    disk.failure = 'ENOSPC: no space left on device, write';
    expect(await keeper.keepIsolated(true)).toBe('it holds now, but not over a restart: ENOSPC: no space left on device, write');
  });
});
